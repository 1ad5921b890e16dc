package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// childDir names the folder in which the test binary, when it is run anew, appends until it is killed.
const childDir = "FORESHOCK_TEST_APPEND_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := appendForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// appendForever appends from several goroutines and says what was acknowledged.
func appendForever(dir string) error {
	j, err := OpenJournal(dir, Options{SegmentBytes: 64 << 10, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	if err := j.Damaged(); err != nil {
		return err
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				events := make([]*foreshock.Event, 1+i%3)
				for k := range events {
					events[k] = note(rand.IntN(1000))
					events[k].Actor = fmt.Sprintf("%d-%d-%d-%d", os.Getpid(), worker, i, k)
				}
				if err := j.Append(context.Background(), events...); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				var acks strings.Builder
				for _, e := range events {
					fmt.Fprintf(&acks, "%d %s\n", e.Seq, e.Actor)
				}
				_, _ = os.Stdout.WriteString(acks.String())
			}
		})
	}
	wg.Wait()
	return nil
}

// A process that appends is killed again and again: what it acknowledged is there, under the number that it said.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	acked := map[uint64]string{}
	const kills = 60
	for range kills {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir)
		var complaints strings.Builder
		child.Stderr = &complaints
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines, enough := bufio.NewScanner(out), 1+rand.IntN(60)
		for n := 0; lines.Scan(); n++ {
			number, actor, ok := strings.Cut(lines.Text(), " ")
			seq, err := strconv.ParseUint(number, 10, 64)
			if !ok || err != nil {
				continue // the last line may be cut
			}
			if before, twice := acked[seq]; twice {
				t.Fatalf("event %d was given twice: to %s and %s", seq, before, actor)
			}
			acked[seq] = actor
			if n == enough {
				_ = child.Process.Kill()
			}
		}
		_ = child.Wait()
		if strings.Contains(complaints.String(), "damaged") || child.ProcessState.ExitCode() == 1 {
			t.Fatalf("the child ended by itself:\n%s", complaints.String())
		}
	}
	j, err := OpenJournal(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	got, err := readAll(t, j, 0)
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for seq, actor := range acked {
		if seq > uint64(len(got)) || got[seq-1].Actor != actor || got[seq-1].Seq != seq {
			lost++
		}
	}
	t.Logf("%d kills, %d events acknowledged, %d found, %d segments", kills, len(acked), len(got), len(j.segments))
	if lost > 0 || len(acked) < kills {
		t.Errorf("%d of %d acknowledged events are lost", lost, len(acked))
	}
}

// Appenders at the same time: numbers without holes, each call's events next to each other, fewer syncs than calls.
func TestAppendTogether(t *testing.T) {
	m := newMemory()
	j := load(t, m, Options{SegmentBytes: 20_000})
	var mu sync.Mutex
	given := map[uint64]string{}
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for i := range 50 {
				a, b := note(i), note(i+1)
				a.Actor, b.Actor = fmt.Sprintf("%d-%d-a", worker, i), fmt.Sprintf("%d-%d-b", worker, i)
				if err := j.Append(t.Context(), a, b); err != nil {
					t.Error(err)
					return
				}
				if b.Seq != a.Seq+1 {
					t.Errorf("events of one call are %d and %d", a.Seq, b.Seq)
				}
				mu.Lock()
				given[a.Seq], given[b.Seq] = a.Actor, b.Actor
				mu.Unlock()
			}
		})
	}
	wg.Go(func() { // a reader sees whole beginnings
		for range 50 {
			got, err := readAll(t, j, 0)
			if err != nil || len(got) > 0 && got[len(got)-1].Seq != uint64(len(got)) {
				t.Errorf("%d events, %v", len(got), err)
			}
		}
	})
	wg.Wait()
	if j.Last() != 1600 || len(given) != 1600 {
		t.Fatalf("last is %d, %d given, want 1600", j.Last(), len(given))
	}
	for range 2 {
		for seq, e := range must(readAll(t, j, 0)) {
			if given[e.Seq] != e.Actor || e.Seq != uint64(seq+1) {
				t.Fatalf("event %d is %s, want %s", e.Seq, e.Actor, given[e.Seq])
			}
		}
		_ = j.Close()
		j = load(t, m, Options{})
	}
}

// Read begins where it is told, and without reading what is before.
func TestReadFrom(t *testing.T) {
	m := newMemory()
	j := load(t, m, Options{SegmentBytes: 300_000})
	const n = 6000
	for i := 1; i <= n; i += 3 {
		if err := j.Append(t.Context(), note(i), note(i+1), note(i+2)); err != nil {
			t.Fatal(err)
		}
	}
	f := func(from uint64, want int) {
		t.Helper()
		counted := &counting{memory: m}
		j.disk = counted
		got, err := readAll(t, j, from)
		if err != nil || len(got) != want {
			t.Fatalf("from %d: %d events, %v; want %d", from, len(got), err, want)
		}
		for i, e := range got {
			if e.Seq != max(from, 1)+uint64(i) || e.Note != note(int(e.Seq)).Note {
				t.Fatalf("from %d: event %d of them is number %d: %q", from, i, e.Seq, e.Note)
			}
		}
		if per := 400 * want; counted.read > 2*markEvery+per {
			t.Errorf("from %d: %d bytes were read for %d events", from, counted.read, want)
		}
	}
	f(0, n)
	f(1, n)
	f(2, n-1)
	f(n/2, n/2+1)
	f(n-1, 2)
	f(n, 1)
	f(n+1, 0)
	for range 20 {
		from := 1 + rand.IntN(n)
		f(uint64(from), n-from+1)
	}

	enough, calls := errors.New("enough"), 0
	err := j.Read(t.Context(), 10, func(*foreshock.Event) error {
		if calls++; calls == 5 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || calls != 5 {
		t.Errorf("%v after %d calls", err, calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Read(ctx, 1, func(*foreshock.Event) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("read with a cancelled context: %v", err)
	}
	if err := j.Append(ctx, note(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("append with a cancelled context: %v", err)
	}
}

// counting is a disk that counts what is read of it.
type counting struct {
	*memory
	read int
}

func (c *counting) open(name string, write bool) (file, error) {
	f, err := c.memory.open(name, write)
	return &countingFile{f, c}, err
}

type countingFile struct {
	file
	c *counting
}

func (f *countingFile) ReadAt(b []byte, at int64) (int, error) {
	f.c.read += len(b)
	return f.file.ReadAt(b, at)
}

// Every kind of event comes back as it was.
func TestEventsComeBack(t *testing.T) {
	iops := foreshock.Allocation{}
	iops.Set(foreshock.DimIOPS, 3000)
	at := time.Date(2026, 11, 1, 2, 3, 4, 567, time.UTC)
	events := []*foreshock.Event{
		{Time: at, Type: foreshock.EventDecision, Decision: &foreshock.Decision{Workload: "disk/a\nb"}},
		{Time: at, Type: foreshock.EventAction, Change: &foreshock.ActionChange{Action: foreshock.Action{ID: "a1", Workload: "disk/a", To: iops}}},
		{Time: at, Type: foreshock.EventNote, Note: "line\nbreak \x00 \xf5FJ1 </script> \u2029", Actor: "Zoë"},
		{},
	}
	j := load(t, newMemory(), Options{})
	if err := j.Append(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	got := must(readAll(t, j, 0))
	events[2].Note = strings.ToValidUTF8(events[2].Note, "\uFFFD")
	if !reflect.DeepEqual(got, events) {
		t.Errorf("got %+v, want %+v", got, events)
	}
	if err := j.Append(t.Context()); err != nil || j.Last() != 4 {
		t.Errorf("nothing appended: last is %d, %v", j.Last(), err)
	}
	if err := j.Append(t.Context(), &foreshock.Event{Note: strings.Repeat("x", maxBody)}); err == nil || j.Last() != 4 {
		t.Errorf("an event that is too large: last is %d, %v", j.Last(), err)
	}
	bad := &foreshock.Event{Anomaly: &foreshock.Anomaly{}, Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}
	if err := j.Append(t.Context(), note(1), bad); err == nil || j.Last() != 4 {
		t.Errorf("an event that JSON cannot hold: last is %d, %v", j.Last(), err)
	}
}

// A journal of a newer program is left alone, not taken for damaged.
func TestNewerVersion(t *testing.T) {
	dir := t.TempDir()
	must(0, must(OpenJournal(dir, Options{})).Close())
	path := filepath.Join(dir, journalName, segmentName(1))
	b := must(os.ReadFile(path))
	s := encodeSegmentHeader(1, chain{})
	copy(b, s)
	b[4]++
	newSum(b)
	must(0, os.WriteFile(path, b, 0o600))
	_, err := OpenJournal(dir, Options{})
	if err == nil || !strings.Contains(err.Error(), "version 2") || !strings.Contains(err.Error(), path) {
		t.Errorf("a newer journal: %v", err)
	}
	if after := must(os.ReadFile(path)); !reflect.DeepEqual(after, b) {
		t.Error("the newer journal was changed")
	}
}

// Removing the oldest keeps what is younger than seven days.
func TestRetain(t *testing.T) {
	f := func(age time.Duration, removed bool) {
		t.Helper()
		m := newMemory()
		j := load(t, m, Options{SegmentBytes: 2000, KeepBytes: 5000})
		for i := range 100 {
			e := note(i)
			e.Time = time.Now().Add(-age)
			if err := j.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			got := must(readAll(t, j, 0))
			if (got[0].Seq > 1) != removed || got[len(got)-1].Seq != 100 || len(got) != int(101-got[0].Seq) {
				t.Fatalf("age %s: %d events from %d to %d", age, len(got), got[0].Seq, got[len(got)-1].Seq)
			}
			if from := must(readAll(t, j, 100)); len(from) != 1 || from[0].Seq != 100 {
				t.Fatalf("age %s: reading from 100 gives %d events", age, len(from))
			}
			_ = j.Close()
			j = load(t, m, Options{})
		}
	}
	f(8*24*time.Hour, true)
	f(6*24*time.Hour, false)
	f(0, false)
}

func BenchmarkAppend(b *testing.B) {
	j := must(OpenJournal(b.TempDir(), Options{}))
	defer j.Close()
	for b.Loop() {
		if err := j.Append(b.Context(), note(1)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendTogether(b *testing.B) {
	j := must(OpenJournal(b.TempDir(), Options{}))
	defer j.Close()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := j.Append(context.Background(), note(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	m := newMemory()
	j := load(b, m, Options{})
	for i := range 2000 {
		events := make([]*foreshock.Event, 10)
		for k := range events {
			events[k] = note(10*i + k)
		}
		if err := j.Append(b.Context(), events...); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(j.segments[0].end)
	for b.Loop() {
		load(b, m, Options{})
	}
}

func FuzzJournal(f *testing.F) {
	m, _ := image(f)
	for _, name := range []string{segmentName(1), headName} {
		f.Add(m.names[name].now)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := newMemory()
		m.names[segmentName(1)] = &inode{now: data, durable: data}
		j, err := loadJournal(m, "journal", false, small)
		if err != nil {
			return
		}
		_ = j.Read(t.Context(), 0, func(*foreshock.Event) error { return nil })
		_ = j.Close()
	})
}

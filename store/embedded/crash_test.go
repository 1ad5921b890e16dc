package embedded

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/store"
)

// small makes segments of a few frames.
var small = Options{SegmentBytes: 700}

func note(i int) *foreshock.Event {
	return &foreshock.Event{
		Time: time.Unix(1e9+int64(i), 0).UTC(), Type: foreshock.EventNote, Actor: "test",
		Note: fmt.Sprintf("event %d \u2028 <%0*d>", i, i*37%120, i),
	}
}

func load(t testing.TB, m *memory, o Options) *Journal {
	t.Helper()
	j, err := loadJournal(m, "journal", false, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return j
}

func readAll(t testing.TB, j *Journal, from uint64) ([]*foreshock.Event, error) {
	t.Helper()
	var list []*foreshock.Event
	err := j.Read(t.Context(), from, func(e *foreshock.Event) error {
		list = append(list, e)
		return nil
	})
	return list, err
}

// history is what was appended, in order, and how much of it was acknowledged.
type history struct {
	tried, acked int
}

// work appends for some time, through rotations and a restart, until the power goes.
func (h *history) work(t testing.TB, m *memory, o Options) {
	for range 2 {
		j, err := loadJournal(m, "journal", false, o)
		if err != nil {
			return
		}
		for _, together := range []int{1, 3, 1, 1, 2, 5, 1} {
			var events []*foreshock.Event
			for range together {
				h.tried++
				events = append(events, note(h.tried))
			}
			if err := j.Append(t.Context(), events...); err != nil {
				return
			}
			h.acked = h.tried
			if got := events[together-1].Seq; got != uint64(h.acked) {
				t.Fatalf("the last of %d events is number %d", h.acked, got)
			}
		}
		if j.Close() != nil {
			return
		}
	}
}

// holds checks that the journal is sound, has all that was acknowledged, nothing that was never appended, and takes more.
func (h *history) holds(t testing.TB, m *memory, o Options) {
	t.Helper()
	for range 2 {
		j := load(t, m, o)
		if err := j.Damaged(); err != nil {
			t.Fatalf("refused after a crash: %v", err)
		}
		got, err := readAll(t, j, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) < h.acked || len(got) > h.tried {
			t.Fatalf("%d events of %d acknowledged and %d tried", len(got), h.acked, h.tried)
		}
		for i, e := range got {
			want := note(i + 1)
			want.Seq = uint64(i + 1)
			if !reflect.DeepEqual(e, want) {
				t.Fatalf("event %d is %+v, want %+v", i+1, e, want)
			}
		}
		next := note(len(got) + 1)
		if err := j.Append(t.Context(), next); err != nil || next.Seq != uint64(len(got)+1) {
			t.Fatalf("append after a crash: number %d, %v", next.Seq, err)
		}
		h.acked, h.tried = len(got)+1, len(got)+1
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The power goes at each change of the disk, and at each change of the recovery after it; what was not synced comes back in many ways: not
// at all, wholly, cut at each byte, in any of its sectors, with or without the names that were given. Nothing that was
// acknowledged is lost, and no crash is taken for damage.
func TestPowerCut(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	crashes, again := 0, 0
	ways := func(m *memory) []remains {
		list := []remains{{allNames, synced}, {allNames, cached}, {noNames, synced}, {noNames, cached}}
		longest := 0
		for _, n := range m.names {
			if k := len(n.changes); k > 0 {
				longest = max(longest, len(n.changes[k-1].data))
			}
		}
		for cut := 0; cut < longest; cut += thin {
			list = append(list, remains{allNames, torn(cut)})
		}
		for range 20 {
			list = append(list, remains{someNames(rng), sectors(rng)})
		}
		return list
	}
	for stop := 1; ; stop++ {
		m, h := newMemory(), history{}
		m.stopAt = stop
		h.work(t, m, small)
		if m.count < stop {
			t.Logf("%d changes of the disk, %d crashes, %d of them with another during recovery", stop-1, crashes, again)
			break
		}
		for i, way := range ways(m) {
			crashes++
			survivor := h
			survivor.holds(t, m.after(way), small)
			if i%40 != 0 {
				continue
			}
			for stop := 1; ; stop++ {
				twice, survivor := m.after(way), h
				twice.stopAt = stop
				if j, err := loadJournal(twice, "journal", false, small); err == nil {
					if err := j.Damaged(); err != nil {
						t.Fatalf("refused after a crash: %v", err)
					}
					_ = j.Close()
				}
				if twice.count < stop {
					break
				}
				again++
				survivor.holds(t, twice.after(remains{someNames(rng), sectors(rng)}), small)
			}
		}
	}
	if crashes < 1000 {
		t.Errorf("only %d crashes", crashes)
	}
}

// The power goes at each change of the disk while old segments are removed.
func TestPowerCutWhileRemoving(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	o := Options{SegmentBytes: 700, KeepBytes: 1500}
	removed := false
	for stop := 1; ; stop++ {
		m, h := newMemory(), history{}
		m.stopAt = stop
		h.work(t, m, o)
		if m.count < stop {
			break
		}
		for range 10 {
			j := load(t, m.after(remains{someNames(rng), sectors(rng)}), o)
			if err := j.Damaged(); err != nil {
				t.Fatalf("refused after a crash: %v", err)
			}
			got, err := readAll(t, j, 0)
			if err != nil || j.Last() < uint64(h.acked) || len(got) > 0 && got[len(got)-1].Seq != j.Last() {
				t.Fatalf("%d events up to %d of %d acknowledged, %v", len(got), j.Last(), h.acked, err)
			}
			for i, e := range got {
				removed = removed || got[0].Seq > 1
				if e.Seq != got[0].Seq+uint64(i) || e.Note != note(int(e.Seq)).Note {
					t.Fatalf("event %d after %d is %q", e.Seq, got[0].Seq, e.Note)
				}
			}
		}
	}
	if !removed {
		t.Error("nothing was ever removed")
	}
}

// image is a journal in several segments, closed, and its events.
func image(t testing.TB) (*memory, []*foreshock.Event) {
	m, h := newMemory(), history{}
	h.work(t, m, small)
	events, err := readAll(t, load(t, m, small), 0)
	if err != nil || len(events) != h.acked {
		t.Fatalf("%d events of %d, %v", len(events), h.acked, err)
	}
	return m.after(remains{allNames, cached}), events
}

// look opens a journal, and checks that it holds nothing but a beginning of the events; it answers how many, and whether damage
// was found.
func look(t testing.TB, m *memory, events []*foreshock.Event) (int, bool) {
	t.Helper()
	j, err := loadJournal(m, "journal", false, small)
	if err != nil { // another version: nothing is read
		return 0, true
	}
	damage := j.Damaged()
	got, err := readAll(t, j, 0)
	if damage != nil {
		if !errors.Is(damage, store.ErrDamaged) || !errors.Is(err, store.ErrDamaged) {
			t.Fatalf("damage is reported as %v, by read as %v", damage, err)
		}
		if err := j.Append(t.Context(), note(1)); !errors.Is(err, store.ErrDamaged) {
			t.Fatalf("append to a damaged journal: %v", err)
		}
	} else if err != nil {
		t.Fatalf("damage found only when reading: %v", err)
	}
	for i, e := range got {
		if !reflect.DeepEqual(e, events[i]) {
			t.Fatalf("event %d is %+v, want %+v", i+1, e, events[i])
		}
	}
	return len(got), damage != nil
}

// Bits of each byte of each file are flipped: never is a wrong event returned, and always is the damage found.
func TestBitFlips(t *testing.T) {
	m, events := image(t)
	flips, files := 0, 0
	for name, n := range m.names {
		files++
		for bit := 0; bit < len(n.now)*8; bit += 3 * thin {
			if name == headName && bit > headSize*8 && bit < headApart*8 {
				continue
			}
			flips++
			n.now[bit/8] ^= 1 << (bit % 8)
			got, damaged := look(t, m.copied(), events)
			n.now[bit/8] ^= 1 << (bit % 8)
			switch {
			case name != headName && !damaged:
				t.Fatalf("%s: bit %d flipped, not noticed; %d events of %d", name, bit, got, len(events))
			case name == headName && (damaged || got != len(events)):
				t.Fatalf("%s: bit %d flipped: %d events of %d, damaged %t", name, bit, got, len(events), damaged)
			}
		}
	}
	t.Logf("%d flips in %d files", flips, files)
	if flips < 10_000/thin || files < 4 {
		t.Errorf("only %d flips in %d files", flips, files)
	}
}

// Bits are flipped in a journal without a head, as after a restore from a backup: all is found but what looks as if
// the last commit had been cut by a crash.
func TestFlipsWithoutHead(t *testing.T) {
	m, events := image(t)
	delete(m.names, headName)
	rng := rand.New(rand.NewPCG(3, 3))
	names, _ := m.list()
	for range 10_000 / thin {
		n := m.names[names[rng.IntN(len(names))]]
		bit := rng.IntN(len(n.now) * 8)
		n.now[bit/8] ^= 1 << (bit % 8)
		got, damaged := look(t, m.copied(), events)
		n.now[bit/8] ^= 1 << (bit % 8)
		if !damaged && got != len(events)-1 {
			t.Fatalf("bit %d flipped, not noticed: %d events of %d", bit, got, len(events))
		}
	}
}

// Each file is cut at each byte, or removed, or replaced by an older state.
func TestEveryCut(t *testing.T) {
	m, events := image(t)
	for name, n := range m.names {
		if name == headName {
			continue
		}
		whole := n.now
		for size := 0; size < len(whole); size += thin {
			n.now = whole[:size]
			if got, damaged := look(t, m.copied(), events); !damaged {
				t.Fatalf("%s cut to %d bytes, not noticed; %d events of %d", name, size, got, len(events))
			}
		}
		n.now = whole
		delete(m.names, name)
		if got, damaged := look(t, m.copied(), events); !damaged {
			t.Fatalf("%s removed, not noticed; %d events of %d", name, got, len(events))
		}
		m.names[name] = n
	}
	if got, damaged := look(t, m.copied(), events); damaged || got != len(events) {
		t.Fatalf("whole again: %d events of %d, damaged %t", got, len(events), damaged)
	}
}

// Whoever changes an event and its checksum, or leaves a frame out, is found by the chain.
func TestTamper(t *testing.T) {
	m, events := image(t)
	tampered := 0
	for _, s := range segmentsOf(must(m.list())) {
		n := m.names[s.name]
		whole := n.now
		for at := int64(segmentHeader); at < int64(len(whole)); {
			fr, _, err := readFrame(&handle{m, n}, at, int64(len(whole)), nil)
			if err != nil {
				t.Fatal(err)
			}
			rest := whole[at+fr.size():]
			changed := fr
			changed.body = append([]byte{}, fr.body...)
			changed.body[len(changed.body)-4] ^= 1
			for _, instead := range [][]byte{changed.appendTo(nil), nil} {
				n.now = append(append(append([]byte{}, whole[:at]...), instead...), rest...)
				tampered++
				if got, damaged := look(t, m.copied(), events); !damaged {
					t.Fatalf("%s: frame at %d changed, not noticed; %d events of %d", s.name, at, got, len(events))
				}
			}
			n.now = whole
			at += fr.size()
		}
	}
	if tampered < 20 {
		t.Errorf("only %d tampered", tampered)
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// A failed sync is the end; a full disk is not.
func TestDiskErrors(t *testing.T) {
	m := newMemory()
	j := load(t, m, Options{})
	f := func(i int, want error) {
		t.Helper()
		e := note(i)
		if err := j.Append(t.Context(), e); !errors.Is(err, want) {
			t.Fatalf("append: %v, want %v", err, want)
		}
		if want != nil && e.Seq != 0 {
			t.Errorf("an event that was refused has number %d", e.Seq)
		}
	}
	f(1, nil)
	m.full = j.segments[0].end + 100
	f(2, errFull)
	f(2, errFull)
	m.full = 0
	f(2, nil)
	m.syncs = errors.New("input/output error")
	f(3, m.syncs)
	failed := m.syncs
	m.syncs = nil
	f(3, failed)
	_ = j.Close()

	j = load(t, m, Options{})
	got, err := readAll(t, j, 0)
	if err != nil || len(got) != 2 || got[1].Note != note(2).Note {
		t.Fatalf("%d events, %v", len(got), err)
	}
	f(3, nil)
}

// No room for a new segment is no end either.
func TestNoRoomToRotate(t *testing.T) {
	m := newMemory()
	j := load(t, m, small)
	for i := 1; j.segments[0].end < small.SegmentBytes; i++ {
		if err := j.Append(t.Context(), note(i)); err != nil {
			t.Fatal(err)
		}
	}
	next := int(j.Last()) + 1
	m.full = 10
	if err := j.Append(t.Context(), note(next)); !errors.Is(err, errFull) {
		t.Fatal(err)
	}
	m.full = 0
	if err := j.Append(t.Context(), note(next)); err != nil || len(j.segments) != 2 {
		t.Fatal(err)
	}
	if got, err := readAll(t, j, uint64(next)); err != nil || len(got) != 1 || got[0].Note != note(next).Note {
		t.Fatalf("%v, %v", got, err)
	}
}

package host

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// record is a sink that keeps all that it gets.
type record struct {
	mu       sync.Mutex
	ids      []foreshock.ID
	about    map[foreshock.ID]ingest.About
	readings map[foreshock.ID][]ingest.Reading
	most     int // workloads; 0 for any number
}

func (s *record) Register(id foreshock.ID, about ingest.About) (ingest.Handle, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.ids, id); i >= 0 {
		return ingest.Handle(i), nil
	}
	if s.most > 0 && len(s.ids) >= s.most {
		return 0, ingest.ErrTooMany
	}
	if s.about == nil {
		s.about, s.readings = map[foreshock.ID]ingest.About{}, map[foreshock.ID][]ingest.Reading{}
	}
	s.ids = append(s.ids, id)
	s.about[id] = about
	return ingest.Handle(len(s.ids) - 1), nil
}

func (s *record) Push(ctx context.Context, batch []ingest.Reading) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range batch {
		id := s.ids[r.Handle]
		s.readings[id] = append(s.readings[id], r)
	}
	return ctx.Err()
}

func (s *record) Slow(ingest.Operation) {}

// sum adds up the readings of one field; NaN when there are none.
func (s *record) sum(id foreshock.ID, field ingest.Field) float64 {
	total, n := 0.0, 0
	for _, r := range s.readings[id] {
		if r.Field == field {
			total += r.Value
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return total
}

func (s *record) clear() { clear(s.readings) }

// machine is a machine made of files.
type machine struct {
	t     testing.TB
	dir   string
	sink  record
	drops ingest.Drops
	log   strings.Builder
	*reader
}

func newMachine(t testing.TB, files map[string]string, change ...func(*Config)) *machine {
	t.Helper()
	m := &machine{t: t, dir: t.TempDir()}
	for _, dir := range []string{"proc", "sys", "cgroup"} {
		m.mkdir(dir)
	}
	for file, content := range files {
		m.write(file, content)
	}
	var err error
	if m.reader, err = m.source(change...).newReader(&m.sink); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) source(change ...func(*Config)) *Source {
	env := ingest.Env{Log: slog.New(slog.NewTextHandler(&m.log, nil)), Step: 10 * time.Second, Drops: &m.drops}
	cfg := Defaults(env)
	cfg.Procfs, cfg.Sysfs, cfg.Cgroup = filepath.Join(m.dir, "proc"), filepath.Join(m.dir, "sys"), filepath.Join(m.dir, "cgroup")
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg, env)
	if err != nil {
		m.t.Fatal(err)
	}
	return s
}

func (m *machine) mkdir(dir string) {
	if err := os.MkdirAll(filepath.Join(m.dir, dir), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) write(file, content string) {
	m.t.Helper()
	m.mkdir(filepath.Dir(file))
	if err := os.WriteFile(filepath.Join(m.dir, file), []byte(content), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) remove(file string) {
	if err := os.RemoveAll(filepath.Join(m.dir, file)); err != nil {
		m.t.Fatal(err)
	}
}

// step reads once and hands on what was read.
func (m *machine) step() {
	m.t.Helper()
	if err := m.sink.Push(m.t.Context(), m.read()); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) dropped(reason ingest.Drop) int64 {
	for _, d := range m.drops.List() {
		if d.Reason == reason {
			return d.Count
		}
	}
	return 0
}

// want checks the sums of one workload's readings, in the order of the fields from Ops.
func (m *machine) want(id foreshock.ID, want ...float64) {
	m.t.Helper()
	for i, w := range want {
		field := ingest.Ops + ingest.Field(i)
		got := m.sink.sum(id, field)
		if math.IsNaN(got) != math.IsNaN(w) || math.Abs(got-w) > 1e-9*math.Max(1, math.Abs(w)) {
			m.t.Errorf("%s: field %d from Ops adds up to %v, want %v", id, i, got, w)
		}
	}
}

func TestSettings(t *testing.T) {
	f := func(change func(*Config), want ...string) {
		t.Helper()
		cfg := Defaults(ingest.Env{})
		change(&cfg)
		_, err := New(cfg, ingest.Env{})
		if err == nil {
			t.Fatalf("%+v is taken", cfg)
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q does not mention %q", err, w)
			}
		}
	}
	f(func(c *Config) { c.Interval = time.Millisecond }, "interval must be from 100ms")
	f(func(c *Config) { c.Step, c.Cgroups.Max = 0, -1 }, "step must be above 0", "cgroups.max must be from 0")
	f(func(c *Config) { c.Devices.Include = "(" }, "devices.include: ")
	f(func(c *Config) { c.Cgroups.Exclude = "[" }, "cgroups.exclude: ")

	decode := func(any) error { return errors.New("line 3: unknown setting") }
	if _, err := Factory.New(decode, ingest.Env{}); err == nil {
		t.Error("a fault in the file is lost")
	}
	if s, err := Factory.New(func(any) error { return nil }, ingest.Env{Step: time.Minute}); err != nil || s.(*Source).cfg.Step != time.Minute {
		t.Errorf("an empty block gives %v, %v", s, err)
	}
}

func TestNotLinux(t *testing.T) {
	m := &machine{t: t, dir: t.TempDir()}
	err := m.source().Run(t.Context(), &m.sink)
	if err == nil || !strings.Contains(err.Error(), "set procfs and sysfs") {
		t.Errorf("without /proc: %v", err)
	}
}

func TestUntilNext(t *testing.T) {
	f := func(now string, interval time.Duration, want string) {
		t.Helper()
		at, err := time.Parse(time.TimeOnly+".000", now)
		if err != nil {
			t.Fatal(err)
		}
		if got := at.Add(ingest.UntilNext(at, interval)).Format("15:04:05.000"); got != want {
			t.Errorf("after %s comes %s, want %s", now, got, want)
		}
	}
	f("10:00:00.000", time.Second, "10:00:00.950")
	f("10:00:00.949", time.Second, "10:00:00.950")
	f("10:00:00.950", time.Second, "10:00:01.950")
	f("10:00:00.990", time.Second, "10:00:01.950")
	f("10:00:03.000", 10*time.Second, "10:00:09.900")
}

// An hour of reads: none is lost to drift, spans cover the time without gap, and what vanishes for a while stops nothing.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, map[string]string{"proc/diskstats": diskstats(100)})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		source := m.source()
		go func() { done <- source.Run(ctx, &m.sink) }()
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		m.remove("proc/diskstats")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		m.write("proc/diskstats", diskstats(700))
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		m.want("disk/sda", 600)
		covered := 0.0
		for _, r := range m.sink.readings["disk/sda"] {
			if r.Field == ingest.Ops {
				covered += float64(r.Span) / 1000
			}
		}
		if math.Abs(covered-3600) > 2 {
			t.Errorf("the readings of an hour cover %v s", covered)
		}
		if n := m.dropped(dropUnreadable); n != 600 {
			t.Errorf("%d unreadable, want 600", n)
		}
		if n := strings.Count(m.log.String(), "cannot read the block devices"); n != 1 {
			t.Errorf("said %d times, want once:\n%s", n, m.log.String())
		}
		if got := m.sink.about["disk/sda"]; got.Step != 10*time.Second || got.Source != "host" {
			t.Errorf("registered with %+v", got)
		}
	})
}

func TestTooManyWorkloads(t *testing.T) {
	m := newMachine(t, map[string]string{"proc/diskstats": diskstats(1) + "   8      16 sdb 1 0 8 1 0 0 0 0 0 1 1\n"})
	m.sink.most = 1
	m.step()
	m.step()
	if len(m.sink.ids) != 1 || m.dropped(ingest.DropTooMany) == 0 || strings.Count(m.log.String(), "too many workloads") != 1 {
		t.Errorf("workloads %v, dropped %v, log %s", m.sink.ids, m.drops.List(), m.log.String())
	}
}

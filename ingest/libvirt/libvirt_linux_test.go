package libvirt

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt/libvirttest"
	"github.com/foreshock-io/foreshock/ingest"
)

// sink keeps what was pushed, by workload.
type sink struct {
	mu     sync.Mutex
	names  []foreshock.ID
	pushed map[foreshock.ID][]ingest.Reading
	refuse bool
}

func (s *sink) Register(id foreshock.ID, _ ingest.About) (ingest.Handle, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse {
		return 0, ingest.ErrTooMany
	}
	s.names = append(s.names, id)
	return ingest.Handle(len(s.names) - 1), nil
}

func (s *sink) Push(_ context.Context, batch []ingest.Reading) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pushed == nil {
		s.pushed = map[foreshock.ID][]ingest.Reading{}
	}
	for _, r := range batch {
		s.pushed[s.names[r.Handle]] = append(s.pushed[s.names[r.Handle]], r)
	}
	return nil
}

func (s *sink) Slow(ingest.Operation) {}

// sum adds up the increments of a field, and gives the seconds that they took.
func (s *sink) sum(id foreshock.ID, f ingest.Field) (total, seconds float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.pushed[id] {
		if r.Field == f {
			total, seconds = total+r.Value, seconds+float64(r.Span)/1000
		}
	}
	return total, seconds
}

// last gives the last reading of a field, NaN where there is none.
func (s *sink) last(id foreshock.ID, f ingest.Field) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := math.NaN()
	for _, r := range s.pushed[id] {
		if r.Field == f {
			x = r.Value
		}
	}
	return x
}

func newReader(t *testing.T, d *libvirttest.Daemon, s *sink, include string) *reader {
	t.Helper()
	env := ingest.Env{Drops: &ingest.Drops{}}
	cfg := Defaults(env)
	cfg.Config, cfg.Include, cfg.Interval = d.Config, include, time.Second
	source, err := New(cfg, env)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{Source: source, sink: s, disks: map[string]*disk{}}
	t.Cleanup(r.close)
	return r
}

// A guest reads as fast as the limit on its disk lets it: the source sees how fast, how long each read takes, and the limit.
func TestGuestThatReads(t *testing.T) {
	d := libvirttest.Start(t)
	limit := `<iotune><total_iops_sec>50</total_iops_sec></iotune>`
	d.Define(t, "db1", libvirttest.Disk(d.ReaderImage(t, "a.img"), "vda", limit)+libvirttest.Disk(d.Image(t, "b.img", 1<<20), "vdb", ""), "")
	d.Run(t, "db1", false)
	s := &sink{}
	r := newReader(t, d, s, `.*/vda`)
	push := func() {
		t.Helper()
		if err := s.Push(t.Context(), r.tryRead(t.Context())); err != nil || r.away {
			t.Fatal("the daemon gave no answer")
		}
	}
	const vda = foreshock.ID("vm/db1/vda")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(250 * time.Millisecond) {
		push()
		if requests, _ := s.sum(vda, ingest.Ops); requests >= 100 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the guest does not read")
		}
	}
	if len(s.names) != 1 {
		t.Errorf("workloads: %v", s.names)
	}
	requests, seconds := s.sum(vda, ingest.Ops)
	bytes, _ := s.sum(vda, ingest.Bytes)
	spent, _ := s.sum(vda, ingest.OpSeconds)
	if size := bytes / requests; math.Abs(size-4096) > 100 {
		t.Errorf("%g bytes a request", size)
	}
	if rate := requests / seconds; rate > 75 {
		t.Errorf("%g requests a second, with a limit of 50", rate)
	}
	if spent <= 0 || spent > seconds*1.1 {
		t.Errorf("%g s were spent on requests that came one after the other, in %g s", spent, seconds)
	}
	t.Logf("%.0f requests a second of %.1f ms, %.0f B/s", requests/seconds, 1000*spent/requests, bytes/seconds)
	for dim, want := range map[foreshock.Dimension]float64{foreshock.DimIOPS: 50, foreshock.DimSize: 16 << 20, foreshock.DimThroughput: math.NaN()} {
		if got := s.last(vda, ingest.AllocatedAt+ingest.Field(dim)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%s: %g, want %g", dim, got, want)
		}
	}
	before, _ := s.sum(vda, ingest.Ops)
	d.Stop(t, "db1") // and what it counts begins again
	push()
	d.Run(t, "db1", true)
	push()
	push()
	if after, _ := s.sum(vda, ingest.Ops); after < before || after > before+50 {
		t.Errorf("%g requests, after a new start %g", before, after)
	}
}

// A daemon that is away costs a counted read, not the source.
func TestAway(t *testing.T) {
	env := ingest.Env{Drops: &ingest.Drops{}}
	cfg := Defaults(env)
	cfg.Socket = t.TempDir() + "/none"
	source, err := New(cfg, env)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{Source: source, sink: &sink{}, disks: map[string]*disk{}}
	for range 3 {
		if got := r.tryRead(t.Context()); got != nil {
			t.Errorf("readings: %v", got)
		}
	}
	if got := fmt.Sprint(env.Drops.List()); got != "[{libvirt unreadable 3}]" {
		t.Errorf("dropped: %s", got)
	}
}

func TestGrown(t *testing.T) {
	r := &reader{Source: &Source{env: ingest.Env{Drops: &ingest.Drops{}}}}
	k := &disk{}
	now := time.Unix(1000, 0)
	f := func(run int32, c counts, want string) {
		t.Helper()
		r.batch = nil
		now = now.Add(2 * time.Second)
		r.grown(k, run, c, now)
		var got string
		for _, x := range r.batch {
			got += fmt.Sprintf("%v=%g in %d ms ", x.Field, x.Value, x.Span)
		}
		if got != want {
			t.Errorf("%+v of run %d: %q, want %q", c, run, got, want)
		}
	}
	f(1, counts{10, 100, 1e9}, "")
	f(1, counts{30, 500, 3e9}, "ops=20 in 2000 ms bytes=400 in 2000 ms op_seconds=2 in 2000 ms ")
	f(1, counts{30, 500, 3e9}, "ops=0 in 2000 ms bytes=0 in 2000 ms op_seconds=0 in 2000 ms ")
	f(2, counts{40, 600, 4e9}, "") // another start of the domain
	f(2, counts{5, 600, 4e9}, "")  // another disk under the same name
	f(2, counts{6, 601, 5e9}, "ops=1 in 2000 ms bytes=1 in 2000 ms op_seconds=1 in 2000 ms ")
}

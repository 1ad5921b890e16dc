package guest_test

import (
	"context"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/ingest/host"
)

// ledger is a sink that adds up increments, and keeps the last of what is allocated.
type ledger struct {
	mu   sync.Mutex
	ids  []foreshock.ID
	seen map[entry]sum
}

type entry struct {
	id    foreshock.ID
	field ingest.Field
}

type sum struct {
	readings    int
	total, last float64
}

func (l *ledger) Register(id foreshock.ID, _ ingest.About) (ingest.Handle, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids = append(l.ids, id)
	return ingest.Handle(len(l.ids) - 1), nil
}

func (l *ledger) Push(ctx context.Context, batch []ingest.Reading) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range batch {
		e := entry{l.ids[r.Handle], r.Field}
		s := l.seen[e]
		l.seen[e] = sum{s.readings + 1, s.total + r.Value, r.Value}
	}
	return ctx.Err()
}

func (l *ledger) Slow(ingest.Operation) {}

func (l *ledger) of(id foreshock.ID, field ingest.Field) sum {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[entry{id, field}]
}

func (l *ledger) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.seen)
}

// observe lets the host source read this machine until the test ends.
func observe(t *testing.T) *ledger {
	t.Helper()
	cfg := host.Defaults(ingest.Env{})
	cfg.Interval, cfg.Step = 200*time.Millisecond, 200*time.Millisecond
	source, err := host.New(cfg, ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l, ended := &ledger{seen: map[entry]sum{}}, make(chan error, 1)
	go func() { ended <- source.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the source ended with: %v", err)
		}
	})
	return l
}

// TestInsideSource lets fio read in a limited group, and compares what the source says with what fio did and what the kernel counted.
func TestInsideSource(t *testing.T) {
	inside(t)
	const reads, limit, rate = 300, 100, 4 << 20
	group := newGroup(t)
	put(t, filepath.Join(tree, group, "io.max"), number(t, diskPath)+" rbps="+strconv.Itoa(rate)+" riops="+strconv.Itoa(limit))
	seen := observe(t)
	own, disk := foreshock.ID("cgroup/"+group), foreshock.ID("disk/"+filepath.Base(diskPath))
	above := foreshock.ID("cgroup/" + filepath.Dir(group))
	known := func() bool {
		for _, id := range []foreshock.ID{own, above, disk} {
			if seen.of(id, ingest.Ops).readings < 2 {
				return false
			}
		}
		return true
	}
	read(t, group, diskPath, 10) // what has done nothing is no workload yet
	waitFor(t, "the source knows the group and the disk", known)
	seen.clear() // nobody reads now
	waitFor(t, "the source has read twice since", known)

	before := pressure(t, group)
	took := read(t, group, diskPath, reads)
	waitFor(t, "the source has seen all reads", func() bool {
		return seen.of(own, ingest.Ops).total >= reads && seen.of(above, ingest.Ops).total >= reads && seen.of(disk, ingest.Ops).total >= reads
	})
	var waited float64
	waitFor(t, "the source has seen all waiting", func() bool {
		waited = pressure(t, group) - before
		return math.Abs(seen.of(own, ingest.WaitSeconds).total-waited) < 1e-6
	})
	for _, id := range []foreshock.ID{own, above, disk} {
		if ops, moved := seen.of(id, ingest.Ops).total, seen.of(id, ingest.Bytes).total; ops != reads || moved != reads*4096 {
			t.Errorf("%s: %g requests, %g bytes; fio made %d requests of 4096 bytes", id, ops, moved, reads)
		}
	}
	if waited <= 0 || waited > took+1 {
		t.Errorf("the group waited %g s while fio took %g s", waited, took)
	}
	for d, want := range map[foreshock.Dimension]float64{foreshock.DimIOPS: limit, foreshock.DimThroughput: rate} {
		field := ingest.AllocatedAt + ingest.Field(d)
		if got := seen.of(own, field).last; got != want {
			t.Errorf("%s of %s is allocated as %g, want %g", d, own, got, want)
		}
		if n := seen.of(above, field).readings; n != 0 {
			t.Errorf("%s has no limit, and is given one of %s", above, d)
		}
	}
	busy := seen.of(disk, ingest.OpSeconds).total
	if busy <= 0 || busy > took {
		t.Errorf("%s was busy for %g s while fio took %g s", disk, busy, took)
	}
	if n := seen.of("disk/vdc1", ingest.Ops).readings; n != 0 {
		t.Error("a partition is measured beside its disk")
	}
	t.Logf("%d reads in %.2f s: io.stat, /proc/diskstats and fio agree; io.pressure %.2f s, latency of the disk itself %.2f ms, seen by fio %.1f ms",
		reads, took, waited, 1000*busy/reads, 1000*took/reads)

	put(t, filepath.Join(tree, group, "io.max"), number(t, diskPath)+" rbps=max riops="+strconv.Itoa(2*limit))
	waitFor(t, "the source has seen the new limit", func() bool { return seen.of(own, ingest.AllocatedAt+ingest.Field(foreshock.DimIOPS)).last == 2*limit })
	seen.clear()
	waitFor(t, "the source has read again", known)
	if n := seen.of(own, ingest.AllocatedAt+ingest.Field(foreshock.DimThroughput)).readings; n != 0 {
		t.Error("the limit of throughput was taken out, and is still told")
	}
}

// pressure gives how many seconds some task of a group has waited for I/O.
func pressure(t testing.TB, group string) float64 {
	t.Helper()
	first, _, _ := strings.Cut(get(t, filepath.Join(tree, group, "io.pressure")), "\n")
	_, total, _ := strings.Cut(first, "total=")
	micros, err := strconv.ParseFloat(total, 64)
	if err != nil {
		t.Fatal(err)
	}
	return micros / 1e6
}

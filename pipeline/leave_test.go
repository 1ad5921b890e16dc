package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/storetest"
)

// leaving are the stages and the options of a pipeline that forgets after an hour. Volumes have a policy, with a target where there is an executor.
func leaving(t testing.TB, executor pipeline.Executor) (pipeline.Stages, pipeline.Options) {
	t.Helper()
	policy := decide.Default()
	policy.Name, policy.Match, policy.Forecast = "p", []string{"**"}, false
	if executor != nil {
		policy.Target = "t"
		policy.Bounds = map[foreshock.Dimension]decide.Bounds{foreshock.DimIOPS: {Min: 100}}
	}
	s := stages(t)
	s.Forecast, s.Policies, s.Executor, s.Ledger = nil, []decide.Policy{policy}, executor, act.NewLedger()
	return s, pipeline.Options{Log: slog.New(slog.DiscardHandler), Step: time.Minute, Most: 100, Forget: time.Hour, Snapshot: time.Minute}
}

// In a program with room for a hundred workloads ten thousand come and go, at random, some of them again. None is refused while there is room, those that have
// been silent for long make it, and nothing is kept of them; those that are silent for less stay.
func TestTenThousandComeAndGo(t *testing.T) {
	s, o := leaving(t, ample{})
	notes := 0
	o.Virtual, o.Event = true, func(e *foreshock.Event) {
		if strings.Contains(e.Note, "was not heard of since") {
			notes++
		}
	}
	p := pipeline.New(s, o)
	rng := rand.New(rand.NewPCG(1, 9))
	now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	type volume struct {
		h     ingest.Handle
		id    foreshock.ID
		until time.Time // it reports
		last  time.Time // the end of its last step
	}
	held := map[foreshock.ID]*volume{}
	came, back, left := 0, 0, 0
	var gone []foreshock.ID
	begin := func(id foreshock.ID) {
		h, err := p.Register(id, ingest.About{Source: "test"})
		if err != nil {
			t.Fatalf("after %d came and %d left, with %d here: %v", came, left, len(held), err)
		}
		v := held[id]
		if v == nil {
			v = &volume{id: id}
			held[id] = v
		}
		v.h, v.until = h, now.Add(time.Duration(1+rng.IntN(20))*time.Minute)
	}
	if err := p.Advance(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	for minute := 0; came < 10_000; minute++ {
		for len(held) < o.Most && rng.IntN(8) > 0 {
			if len(gone) > 100 && rng.IntN(10) == 0 {
				begin(gone[rng.IntN(len(gone))])
				back++
				continue
			}
			begin(foreshock.ID(fmt.Sprintf("host-%d/vol-%d", came/3, came)))
			came++
		}
		for _, v := range held {
			if now.Before(v.until) {
				if err := p.Push(t.Context(), []ingest.Reading{{Handle: v.h, Field: ingest.IOPS, Time: now.Add(time.Second).UnixMilli(), Value: 100}}); err != nil {
					t.Fatal(err)
				}
				v.last = now.Add(time.Minute)
			}
		}
		now = now.Add(time.Minute)
		if err := p.Advance(t.Context(), now.Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		for id, v := range held {
			if v.last.Add(time.Hour + time.Minute).After(now) { // a minute for what is on its way
				continue
			}
			if p.Holds(v.h) {
				t.Fatalf("%s is here at %s, its last step ended at %s", id, now, v.last)
			}
			delete(held, id)
			gone = append(gone, id)
			left++
		}
		if p.Known() != len(held) {
			t.Fatalf("minute %d: %d are known, %d should be", minute, p.Known(), len(held))
		}
		for _, v := range held {
			if !p.Holds(v.h) {
				t.Fatalf("%s has left at %s, its last step ended at %s", v.id, now, v.last)
			}
		}
		if n := pipeline.SizesOf(p); n.Workloads > 100 || n.Slots > 100 || n.Resources > 300 || n.Users > 300 || n.Groups > 600 || n.Members > 600 || n.News > 2000 {
			t.Fatalf("minute %d: in memory are %+v", minute, n)
		}
	}
	list, err := p.Workloads(t.Context())
	if err != nil || len(list) != len(held) || notes != left || back < 500 {
		t.Errorf("%d are listed of %d that are here, %d notes of %d that left, %d came back: %v", len(list), len(held), notes, left, back, err)
	}
	t.Logf("%d came, %d came back, %d left; in memory are %+v", came, back, left, pipeline.SizesOf(p))
}

// keeping is a store that can be away, and may give back nothing.
type keeping struct {
	*storetest.Memory
	away  atomic.Bool
	waste bool
	takes time.Duration
}

func (k *keeping) Put(ctx context.Context, list []store.Entry) error {
	time.Sleep(k.takes)
	switch {
	case k.away.Load():
		return errors.New("the store is away")
	case k.waste:
		return nil
	}
	return k.Memory.Put(ctx, list)
}

// lively runs a pipeline with goroutines, in a bubble.
func lively(t *testing.T, s pipeline.Stages, o pipeline.Options) (p *pipeline.Pipeline, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p = pipeline.New(s, o)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	return p, func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// The same live, with a store: a program that has seen ten thousand has no more in memory than one that has seen a thousand.
func TestMemoryOfThoseThatLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	synctest.Test(t, func(t *testing.T) {
		s, o := leaving(t, ample{})
		s.Profiles = &keeping{Memory: storetest.NewMemory(), waste: true}
		o.Forget, o.Owners = 20*time.Minute, 2
		p, stop := lively(t, s, o)
		defer stop()
		heap := func() uint64 {
			runtime.GC()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		var before uint64
		for round := range 200 {
			if round == 20 {
				before = heap()
			}
			var list []ingest.Handle
			for i := range 50 {
				h, err := p.Register(foreshock.ID(fmt.Sprintf("host-%d/vol-%d", round, i)), ingest.About{Source: "test"})
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, h)
			}
			for range 3 {
				time.Sleep(time.Minute)
				for _, h := range list {
					if err := p.Push(t.Context(), []ingest.Reading{{Handle: h, Field: ingest.IOPS, Time: time.Now().UnixMilli(), Value: 100}}); err != nil {
						t.Fatal(err)
					}
				}
			}
			time.Sleep(12 * time.Minute)
		}
		after := heap()
		if n := p.Known(); n > 100 || p.Counts().Forgotten < 9_900 {
			t.Errorf("%d are known, %d were forgotten", n, p.Counts().Forgotten)
		}
		t.Logf("%d KiB after 1000, %d KiB after 10000", before>>10, after>>10)
		if after > before+2<<20 {
			t.Errorf("%d bytes are in use, %d were when a tenth had come", after, before)
		}
	})
}

// A workload that left and came back goes on as after a restart: the same scores, and the same profile in the store. What is pushed with the handle from before is
// not taken, and not for another's.
func TestComesBackAsAfterARestart(t *testing.T) {
	const days, gap = 3, 5 * time.Hour
	run := func(forget time.Duration, restart bool) (scores []float64, stored []byte) {
		synctest.Test(t, func(t *testing.T) {
			profiles := &keeping{Memory: storetest.NewMemory()}
			s, o := leaving(t, ample{})
			s.Profiles, o.Forget, o.Owners = profiles, forget, 1
			o.Scored = func(step *foreshock.Step, f *foreshock.Finding) {
				if step.ID == "vol/a" {
					scores = append(scores, f.Score)
				}
			}
			p, stop := lively(t, s, o)
			play := func(from, to int, begin time.Time) ingest.Handle {
				h, err := p.Register("vol/a", ingest.About{Source: "test"})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				for i := from; i < to; i++ {
					time.Sleep(time.Until(begin.Add(time.Duration(i)*time.Minute + 2*time.Second)))
					if err := p.Push(t.Context(), readings(h, begin, i)); err != nil {
						t.Fatal(err)
					}
				}
				return h
			}
			begin := time.Now().UTC()
			h := play(0, days*1440, begin)
			if restart {
				time.Sleep(2 * time.Minute)
				stop()
				p, stop = lively(t, s, o)
			}
			time.Sleep(gap)
			if p.Known() != 0 {
				t.Error("it is still here")
			}
			if forget > 0 {
				other, err := p.Register("vol/b", ingest.About{Source: "test"})
				if err != nil || other == h || p.Holds(h) {
					t.Errorf("the place has handle %d, it had %d before: %v", other, h, err)
				}
				before := p.Counts()
				if err := p.Push(t.Context(), readings(h, time.Now(), 0)); err != nil {
					t.Error(err)
				}
				synctest.Wait()
				if dropped := p.Counts().Dropped; p.Counts().Readings != before.Readings || len(dropped) != 1 || dropped[0].Reason != ingest.DropGone {
					t.Errorf("what came with an old handle was dropped as %+v", dropped)
				}
			}
			first := days*1440 + int(gap/time.Minute) + 5
			play(first, first+600, begin)
			time.Sleep(5 * time.Minute)
			stop()
			for _, e := range profiles.Entries() {
				if e.ID == "vol/a" {
					stored = e.Value
				}
			}
		})
		return scores, stored
	}
	left, leftStored := run(2*time.Hour, false)
	restarted, restartedStored := run(0, true)
	if len(left) != days*1440+600 || !slices.Equal(left, restarted) {
		t.Errorf("the scores of %d steps differ from those of %d after a restart", len(left), len(restarted))
	}
	if len(leftStored) == 0 || !slices.Equal(leftStored, restartedStored) {
		t.Errorf("the profile in the store has %d bytes, and after a restart %d", len(leftStored), len(restartedStored))
	}
}

// While the store is away a workload stays, and goes when what it has learned is safe.
func TestStaysUntilItIsSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profiles := &keeping{Memory: storetest.NewMemory()}
		s, o := leaving(t, nil)
		s.Profiles, o.Snapshot = profiles, 24*time.Hour
		p, stop := lively(t, s, o)
		defer stop()
		h, err := p.Register("vol/a", ingest.About{Source: "test"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if err := p.Push(t.Context(), readings(h, time.Now(), 0)); err != nil {
			t.Fatal(err)
		}
		profiles.away.Store(true)
		time.Sleep(3 * time.Hour)
		if p.Known() != 1 || len(profiles.Entries()) != 0 {
			t.Error("it is gone, and what it learned is lost")
		}
		profiles.away.Store(false)
		time.Sleep(time.Minute)
		if p.Known() != 0 || len(profiles.Entries()) != 1 {
			t.Errorf("%d are known, and the store has %d", p.Known(), len(profiles.Entries()))
		}
	})
}

// When many leave in one moment, each is saved, and those that stay are meanwhile.
func TestManyLeaveAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profiles := &keeping{Memory: storetest.NewMemory(), takes: 50 * time.Millisecond}
		s, o := leaving(t, nil)
		s.Profiles, o.Most, o.Snapshot = profiles, 1000, 24*time.Hour
		p, stop := lively(t, s, o)
		defer stop()
		var list []ingest.Handle
		for i := range 500 {
			h, err := p.Register(foreshock.ID(fmt.Sprint("vol/", i)), ingest.About{Source: "test"})
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, h)
		}
		time.Sleep(time.Minute)
		begin := time.Now()
		for _, h := range list {
			if err := p.Push(t.Context(), readings(h, begin, 0)); err != nil {
				t.Fatal(err)
			}
		}
		for range 70 {
			time.Sleep(time.Minute)
			if err := p.Push(t.Context(), readings(list[0], time.Now(), 0)); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(profiles.Entries()); n != 500 || p.Known() != 1 || !p.Holds(list[0]) {
			t.Errorf("%d are saved, %d are here", n, p.Known())
		}
	})
}

// What a workload has under way is not lost by its leaving: an action that waits for a person keeps it, until that is settled.
func TestStaysWhileAnActionIsOpen(t *testing.T) {
	s, o := leaving(t, ample{})
	o.Virtual = true
	p := pipeline.New(s, o)
	now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	advance := func(d time.Duration) {
		for end := now.Add(d); now.Before(end); {
			now = now.Add(time.Minute)
			if err := p.Advance(t.Context(), now); err != nil {
				t.Fatal(err)
			}
		}
	}
	advance(time.Minute)
	var first, other ingest.Handle
	for name, h := range map[foreshock.ID]*ingest.Handle{"vol/a": &first, "vol/b": &other} {
		var err error
		if *h, err = p.Register(name, ingest.About{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		if err := p.Push(t.Context(), readings(*h, now, 0)); err != nil {
			t.Fatal(err)
		}
	}
	change := func(state foreshock.ActionState) {
		a := foreshock.Action{ID: "x", Workload: "vol/a", Policy: "p", Target: "t", Resource: "a", Evidence: now}
		s.Ledger.Apply(&foreshock.Event{Time: now, Type: foreshock.EventAction, Change: &foreshock.ActionChange{State: state, Action: a}})
	}
	size := func() int {
		return p.Before(&foreshock.Action{Policy: "p", Target: "t", Resource: "a"}, now).PolicySize
	}
	change(foreshock.Proposed)
	if size() != 2 {
		t.Errorf("the policy has %d resources, not 2", size())
	}
	advance(3 * time.Hour)
	if !p.Holds(first) || p.Holds(other) {
		t.Errorf("the one with an action that waits is here: %t; the one without: %t", p.Holds(first), p.Holds(other))
	}
	change(foreshock.Refused)
	advance(2 * time.Minute)
	if p.Holds(first) {
		t.Error("it is here still, though the action was refused")
	}
	// Somebody asks, and by then nobody counts those that left.
	h, err := p.Register("vol/c", ingest.About{Source: "test"})
	if err != nil {
		t.Fatal(err)
	}
	advance(5 * time.Minute)
	for i := range 3 {
		if err := p.Push(t.Context(), readings(h, now, i)); err != nil {
			t.Fatal(err)
		}
	}
	advance(5 * time.Minute)
	if size() != 1 {
		t.Errorf("the policy has %d resources, not 1", size())
	}
}

// A source that pushes what is old, be it for days, keeps its workload: it is heard of.
func TestOldReadingsKeepAWorkload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, o := leaving(t, nil)
		s.Profiles = storetest.NewMemory()
		p, stop := lively(t, s, o)
		defer stop()
		h, err := p.Register("vol/a", ingest.About{Source: "test"})
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now().Add(-30 * 24 * time.Hour)
		for i := range 300 {
			time.Sleep(time.Minute)
			if err := p.Push(t.Context(), readings(h, begin, i)); err != nil {
				t.Fatal(err)
			}
		}
		if !p.Holds(h) {
			t.Error("it has left, while a source told of its past")
		}
	})
}

// What one refuses for want of room says what can be done.
func TestTooManySaysWhatToDo(t *testing.T) {
	s, o := leaving(t, nil)
	o.Virtual, o.Most = true, 1
	p := pipeline.New(s, o)
	if _, err := p.Register("vol/a", ingest.About{}); err != nil {
		t.Fatal(err)
	}
	_, err := p.Register("vol/b", ingest.About{})
	if !errors.Is(err, ingest.ErrTooMany) {
		t.Fatal(err)
	}
	for _, part := range []string{"vol/b", "there are 1,", "limits.workloads", "limits.forget_after"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

// A clock that was days ahead and was put right leaves nothing behind for longer than an hour: what has read the future is learned anew, as after a restart. One
// that was wrong for a moment does no harm.
func TestClockPutBack(t *testing.T) {
	f := func(wrong time.Duration, anew bool) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			var ahead atomic.Int64
			s, o := leaving(t, nil)
			s.Profiles, o.Owners, o.Forget = storetest.NewMemory(), 1, 0
			o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			p, stop := lively(t, s, o)
			defer stop()
			minutes := func(n int) {
				for range n {
					time.Sleep(time.Minute)
					h, err := p.Register("vol/a", ingest.About{Source: "test"})
					if err != nil {
						t.Fatal(err)
					}
					if err := p.Push(t.Context(), readings(h, o.Now().Add(-2*time.Second), 0)); err != nil {
						t.Fatal(err)
					}
				}
			}
			ahead.Store(int64(48 * time.Hour))
			minutes(100)
			ahead.Store(0)
			minutes(int(wrong / time.Minute))
			if !anew {
				ahead.Store(int64(48 * time.Hour))
			}
			minutes(50)
			d, ok, err := p.Workload(t.Context(), "vol/a")
			if err != nil || !ok || d.Quality != foreshock.Fresh || (d.Steps < 100) != anew {
				t.Errorf("after %s: %d steps, %s, known %t, %v", wrong, d.Steps, d.Quality, ok, err)
			}
		})
	}
	f(70*time.Minute, true)
	f(30*time.Minute, false)
}

// An action in effect that nothing more is read of is judged before its workload leaves.
func TestJudgedBeforeItLeaves(t *testing.T) {
	s, o := leaving(t, ample{})
	var told []string
	o.Virtual, o.Event = true, func(e *foreshock.Event) {
		if e.Type == foreshock.EventEvaluation || e.Type == foreshock.EventNote {
			told = append(told, e.Type)
		}
		s.Ledger.Apply(e)
	}
	p := pipeline.New(s, o)
	now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	advance := func(minutes int) {
		for range minutes {
			now = now.Add(time.Minute)
			if err := p.Advance(t.Context(), now); err != nil {
				t.Fatal(err)
			}
		}
	}
	advance(1)
	h, err := p.Register("vol/a", ingest.About{Source: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := p.Push(t.Context(), readings(h, now, 0)); err != nil {
			t.Fatal(err)
		}
		advance(1)
	}
	a := foreshock.Action{ID: "x", Workload: "vol/a", Policy: "p", Target: "t", Resource: "a", Evidence: now}
	a.From.Set(foreshock.DimIOPS, 100)
	a.To.Set(foreshock.DimIOPS, 200)
	done := &foreshock.Event{Time: now, Type: foreshock.EventAction, Change: &foreshock.ActionChange{State: foreshock.Done, Action: a}}
	s.Ledger.Apply(done)
	p.ActionChanged(done)
	advance(300)
	if p.Known() != 0 || !slices.Equal(told, []string{foreshock.EventEvaluation, foreshock.EventNote}) {
		t.Errorf("%d are known; told was %q", p.Known(), told)
	}
}

// Workloads leave while sources register and push them and people look, and everybody is answered.
func TestLeaveWhileAsked(t *testing.T) {
	s, o := leaving(t, ample{})
	s.Profiles = storetest.NewMemory()
	o.Step, o.Forget, o.Owners, o.Most = time.Millisecond, 20*time.Millisecond, 3, 1000
	p, stop := lively(t, s, o)
	defer stop()
	done, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for source := range 3 {
		all.Go(func() {
			for n := 0; done.Err() == nil; n++ {
				id := foreshock.ID(fmt.Sprintf("host-%d/vol-%d", n%7, (source*5+n)%60))
				h, err := p.Register(id, ingest.About{Source: "test"})
				if err != nil {
					t.Error(err)
					return
				}
				if err := p.Push(done, []ingest.Reading{{Handle: h, Field: ingest.IOPS, Time: time.Now().UnixMilli(), Value: 100}}); err != nil && done.Err() == nil {
					t.Error(err)
				}
				p.Holds(h)
				time.Sleep(time.Duration(n%5) * time.Millisecond)
			}
		})
	}
	for who := range 2 {
		all.Go(func() {
			for n := 0; done.Err() == nil; n++ {
				id := foreshock.ID(fmt.Sprintf("host-%d/vol-%d", n%7, (who*3+n)%60))
				_, _, err := p.Workload(done, id)
				f, also := p.Fleet(done, pipeline.FleetQuery{Limit: 50})
				for _, row := range f.Rows {
					if row.ID == "" && also == nil {
						t.Error("a row of nothing")
					}
				}
				if err := errors.Join(err, also); err != nil && done.Err() == nil {
					t.Error(err)
				}
				p.Slow(ingest.Operation{Workload: id, Duration: time.Second})
			}
		})
	}
	late := time.After(time.Minute)
	for p.Counts().Forgotten < 200 {
		select {
		case <-late:
			t.Fatalf("%d have left in a minute", p.Counts().Forgotten)
		case <-time.After(10 * time.Millisecond):
		}
	}
	cancel()
	all.Wait()
	if dropped := p.Counts().Dropped; slices.ContainsFunc(dropped, func(c ingest.Dropped) bool { return c.Reason == ingest.DropGone }) {
		t.Errorf("readings were lost: %+v", dropped)
	}
}

// What a source pushes that had asked just before the workload left brings it back; what comes with the handle much later is not taken.
func TestWhatIsOnItsWayBringsItBack(t *testing.T) {
	f := func(after time.Duration, known int, lost int64) {
		t.Helper()
		s, o := leaving(t, ample{})
		o.Virtual = true
		p := pipeline.New(s, o)
		now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
		h, err := p.Register("vol/a", ingest.About{Source: "test"})
		if err != nil {
			t.Fatal(err)
		}
		push := func() {
			t.Helper()
			if err := p.Push(t.Context(), []ingest.Reading{{Handle: h, Field: ingest.IOPS, Time: now.UnixMilli(), Value: 100}, {Handle: h, Field: ingest.Latency, Time: now.UnixMilli(), Value: 0.001}}); err != nil {
				t.Fatal(err)
			}
		}
		pass := func(d time.Duration) {
			t.Helper()
			if now = now.Add(d); p.Advance(t.Context(), now) != nil {
				t.Fatal("the clock cannot be set")
			}
		}
		pass(time.Second)
		push()
		for range 70 {
			pass(time.Minute)
		}
		if p.Holds(h) || p.Known() != 0 {
			t.Fatal("it is still here")
		}
		pass(after)
		push()
		if c := p.Counts(); p.Known() != known || c.Dropped == nil && lost > 0 || len(c.Dropped) > 0 && c.Dropped[0].Count != lost || c.Readings != 4-lost {
			t.Errorf("after %s: %d workloads, %d readings, dropped %+v", after, p.Known(), c.Readings, c.Dropped)
		}
	}
	f(time.Second, 1, 0)
	f(time.Minute, 1, 0)
	f(time.Hour, 0, 2)
}

// Of a workload that is not here, but in the store, that is shown: after a restart, and when it has left. It is in no list by that, and takes no room.
func TestStoredIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, o := leaving(t, nil)
		s.Profiles = storetest.NewMemory()
		p, stop := lively(t, s, o)
		h, err := p.Register("vol/a", ingest.About{Source: "test"})
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		for i := range 300 {
			time.Sleep(time.Minute)
			if err := p.Push(t.Context(), readings(h, begin, i)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Minute)
		want, ok, err := p.Workload(t.Context(), "vol/a")
		if err != nil || !ok || want.Stored {
			t.Fatal(ok, err, want.Stored)
		}
		shown := func(when string) {
			t.Helper()
			if p.Known() != 0 {
				t.Errorf("%s it is here", when)
			}
			d, ok, err := p.Workload(t.Context(), "vol/a")
			if err != nil || !ok || !d.Stored || d.Steps != want.Steps || !d.Time.Equal(want.Time) || d.Stage != want.Stage || d.Source != "test" || d.Policy != "p" ||
				d.Quality != foreshock.Stale || len(d.Profile.Metrics) != len(want.Profile.Metrics) || d.Profile.Stage != want.Stage {
				t.Errorf("%s it is shown as %+v, %t, %v", when, d, ok, err)
			}
			if points, err := p.Series(t.Context(), "vol/a", time.Time{}, time.Time{}); err != nil || len(points.Points) == 0 {
				t.Errorf("%s its series has %d points: %v", when, len(points.Points), err)
			}
			if _, err := p.Week(t.Context(), "vol/a", foreshock.IOPS); err != nil {
				t.Error(err)
			}
			if _, ok, err := p.Workload(t.Context(), "vol/b"); ok || err != nil {
				t.Errorf("one that never was is known: %v", err)
			}
			if _, err := p.Series(t.Context(), "vol/b", time.Time{}, time.Time{}); !errors.Is(err, act.ErrNotFound) {
				t.Error(err)
			}
			if _, ok, err := p.Workload(t.Context(), "vol/a\x1frehearsal of iops"); ok || err != nil {
				t.Errorf("what is no workload is known: %v", err)
			}
		}
		time.Sleep(2 * time.Hour)
		shown("after it left")
		stop()
		p, stop = lively(t, s, o)
		shown("after a restart")
		stop()
	})
}

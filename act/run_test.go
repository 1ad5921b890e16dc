package act_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
)

// many is a target with any number of volumes, each call of which takes a time.
type many struct {
	took      time.Duration
	now, most atomic.Int32
	calls     atomic.Int32
	fail      atomic.Bool
	done      [64]atomic.Bool
}

func (m *many) Read(context.Context, string) (foreshock.Resource, error) {
	return foreshock.Resource{Allocated: iops(3000), Rules: map[foreshock.Dimension]foreshock.Rule{foreshock.DimIOPS: {}}}, nil
}

func (m *many) Validate(foreshock.Resource, foreshock.Action) error { return nil }

func (m *many) Apply(ctx context.Context, a foreshock.Action) error {
	m.calls.Add(1)
	n := m.now.Add(1)
	for most := m.most.Load(); n > most && !m.most.CompareAndSwap(most, n); most = m.most.Load() {
	}
	defer m.now.Add(-1)
	if m.fail.Load() {
		return act.ErrDenied
	}
	select {
	case <-time.After(m.took):
	case <-ctx.Done():
		return ctx.Err()
	}
	var i int
	if _, err := fmt.Sscan(a.Resource, &i); err == nil {
		m.done[i].Store(true)
	}
	return nil
}

func (m *many) Follow(_ context.Context, a foreshock.Action) (act.Progress, error) {
	var i int
	_, _ = fmt.Sscan(a.Resource, &i)
	if m.done[i].Load() {
		return act.Progress{Observed: a.To, Done: true}, nil
	}
	return act.Progress{Observed: a.From}, nil
}

func action(i int) foreshock.Action {
	return foreshock.Action{
		ID: fmt.Sprint("a", i), Workload: "w", Policy: "p", Target: "t", Resource: fmt.Sprint(i), From: iops(3000), To: iops(4000), Mode: foreshock.Auto,
	}
}

// fleet runs an executor over many volumes in a bubble of its own time.
func fleet(t *testing.T, change func(*act.Config), f func(t *testing.T, m *many, e *act.Executor, j *acttest.Memory, stop func() time.Duration)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := act.DefaultConfig()
		cfg.CallsPerSecond, cfg.Burst, cfg.CallTimeout = 1000, 1000, 20*time.Second
		change(&cfg)
		m, j := &many{took: time.Second}, &acttest.Memory{}
		e := act.New(act.Options{Config: cfg, Targets: map[string]act.Target{"t": m}, Ledger: act.NewLedger(), Recorder: j})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		f(t, m, e, j, func() time.Duration {
			begun := time.Now()
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			return time.Since(begun)
		})
	})
}

func submit(t *testing.T, e *act.Executor, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := e.Submit(action(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func states(e *act.Executor) map[foreshock.ActionState]int {
	n := map[foreshock.ActionState]int{}
	for _, c := range e.Ledger.Actions() {
		n[c.State]++
	}
	return n
}

// Resources are changed at the same time, no more than the setting says.
func TestParallel(t *testing.T) {
	fleet(t, func(c *act.Config) { c.Parallel = 3 }, func(t *testing.T, m *many, e *act.Executor, _ *acttest.Memory, stop func() time.Duration) {
		submit(t, e, 0, 12)
		time.Sleep(time.Minute)
		if n := states(e); n[foreshock.Done] != 12 || m.most.Load() != 3 || m.calls.Load() != 12 {
			t.Errorf("%v, %d calls, %d at once", n, m.calls.Load(), m.most.Load())
		}
		stop()
	})
}

// A target is asked no faster than the settings say, in any second.
func TestPace(t *testing.T) {
	fleet(t, func(c *act.Config) { c.CallsPerSecond, c.Burst, c.Parallel = 2, 4, 64 }, func(t *testing.T, m *many, e *act.Executor, _ *acttest.Memory, stop func() time.Duration) {
		submit(t, e, 0, 20)
		synctest.Wait()
		for second, before := 0, int32(0); second < 10; second++ {
			time.Sleep(time.Second)
			synctest.Wait()
			now := m.calls.Load()
			if most := int32(6); second == 0 && now > most || second > 0 && now-before > 3 {
				t.Errorf("second %d: %d calls after %d", second, now, before)
			}
			before = now
		}
		if m.calls.Load() != 20 {
			t.Errorf("%d calls in ten seconds", m.calls.Load())
		}
		stop()
	})
}

// A target that fails and fails is left alone for a while.
func TestBreak(t *testing.T) {
	fleet(t, func(c *act.Config) { c.BreakAfter, c.BreakFor = 3, time.Minute }, func(t *testing.T, m *many, e *act.Executor, _ *acttest.Memory, stop func() time.Duration) {
		m.fail.Store(true)
		for i := range 10 {
			submit(t, e, i, i+1)
			time.Sleep(time.Second)
		}
		if n := states(e); n[foreshock.Failed] != 3 || n[foreshock.Refused] != 7 || m.calls.Load() != 3 {
			t.Errorf("%v after %d calls", n, m.calls.Load())
		}
		m.fail.Store(false)
		time.Sleep(time.Minute)
		submit(t, e, 10, 11)
		time.Sleep(5 * time.Second)
		if n := states(e); n[foreshock.Done] != 1 {
			t.Errorf("%v after the break", n)
		}
		stop()
	})
}

// When the program stops, calls under way come back and are recorded, or are cut off and left to the next start.
func TestStop(t *testing.T) {
	f := func(took, want time.Duration, state foreshock.ActionState) {
		t.Helper()
		fleet(t, func(*act.Config) {}, func(t *testing.T, m *many, e *act.Executor, j *acttest.Memory, stop func() time.Duration) {
			m.took = took
			submit(t, e, 0, 1)
			time.Sleep(time.Millisecond)
			if waited := stop(); waited > want || waited < want-2*time.Millisecond {
				t.Errorf("a call of %s: it stopped after %s, want %s", took, waited, want)
			}
			if c, _, _ := j.Ledger().Action("a0"); c.State != state {
				t.Errorf("a call of %s: the journal says %s, want %s", took, c.State, state)
			}
		})
	}
	f(2*time.Second, 2*time.Second, foreshock.Answered)
	f(19*time.Second, 5*time.Second, foreshock.Unknown)
}

// A reload makes another executor over the same ledger: what was only submitted goes on there.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j, l := &many{}, &acttest.Memory{}, act.NewLedger()
		o := act.Options{Config: act.DefaultConfig(), Targets: map[string]act.Target{"t": m}, Ledger: l, Recorder: j}
		if err := act.New(o).Submit(action(0)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- act.New(o).Run(ctx) }()
		time.Sleep(time.Minute)
		cancel()
		<-ended
		if got := fmt.Sprint(j.States("a0")); got != "[decided intent fenced called answered observed done]" {
			t.Error(got)
		}
	})
}

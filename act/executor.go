package act

import (
	"context"
	"fmt"
	"log/slog"
	"sort"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Options are the parts of an executor.
type Options struct {
	Config   Config
	Targets  map[string]Target
	Ledger   *Ledger  // folded from the journal; the executor keeps it up to date with what it records
	Recorder Recorder // the journal
	Guards   []Guard
	// Notify is called after each change, from many goroutines, those of one action in order.
	Notify func(*foreshock.Event)
	Log    *slog.Logger
	Now    func() time.Time // nil: the time that it is
	// FailPoint is called at each boundary between two steps, with one of FailPoints. It is for tests of crashes, and nil else.
	FailPoint func(name string)
}

// Executor takes actions through their states: at most one open action per resource, different resources at the same time. It is
// safe for concurrent use.
type Executor struct {
	Options

	mu       sync.Mutex // guards the rest, and what job says
	jobs     map[string]*job
	came     int
	resumed  bool // what the ledger showed as open was taken up
	paces    map[string]*pace
	sick     string                       // why the journal took nothing when last asked, or ""
	calls    map[string]chan struct{}     // actions for which the provider is being asked; closed when it answered
	callsFor map[string]*foreshock.Action // the same
	wake     chan struct{}

	settling sync.Mutex // held while a person settles a parked action
}

// job is an action on its way.
type job struct {
	number int

	moving sync.Mutex // held by whoever moves the action; guards what follows
	action foreshock.Action
	state  foreshock.ActionState
	isNew  bool      // its first state is not recorded yet
	looked bool      // the last look was taken by this process
	called time.Time // when the provider was asked; where what it said is not known, when this process took the action up
	since  time.Time // of the state
	reads  int       // of progress

	// Guarded by Executor.mu:
	running bool
	again   bool // somebody moved it since it was taken up
	due     time.Time
}

// never is when a job is due that only a person moves; it waits for ever.
var never = time.Unix(1<<40, 0)

const forever = time.Duration(1<<63 - 1)

// New returns an executor. It does nothing before Run or Drive.
func New(o Options) *Executor {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	wrapped := map[string]Target{}
	for name, t := range o.Targets {
		wrapped[name] = withLedger(name, Guarded(t, o.Config.CallTimeout), o.Ledger)
	}
	o.Targets = wrapped
	return &Executor{
		Options: o, jobs: map[string]*job{}, paces: map[string]*pace{}, calls: map[string]chan struct{}{},
		callsFor: map[string]*foreshock.Action{}, wake: make(chan struct{}, 1),
	}
}

// Read asks a target what a resource has.
func (e *Executor) Read(ctx context.Context, target, resource string) (foreshock.Resource, error) {
	t, known := e.Targets[target]
	if !known {
		return foreshock.Resource{}, fmt.Errorf("target %s: %w", target, ErrNotFound)
	}
	r, err := t.Read(ctx, resource)
	if err != nil {
		return foreshock.Resource{}, fmt.Errorf("read %s of %s: %w", resource, target, err)
	}
	return r, nil
}

// Sick says why the journal takes nothing, or "". As long as it does not, no provider is asked.
func (e *Executor) Sick() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sick
}

// Submit hands in an action. It returns at once; what becomes of it is told by Notify. An action that is known is passed over. It is an
// error, and nothing is recorded, when the resource is held by another action (ErrConflict) or the action may not be done at all.
func (e *Executor) Submit(a foreshock.Action) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, _, known := e.Ledger.Action(a.ID); known {
		return nil
	}
	held, open := e.Ledger.Open(a.Target, a.Resource)
	_, hasTarget := e.Targets[a.Target]
	switch {
	case a.ID == "":
		return fmt.Errorf("action on %s has no ID", a.Workload)
	case a.Mode == foreshock.Observe:
		return fmt.Errorf("action %s: its mode is observe", a.ID)
	case !hasTarget:
		return fmt.Errorf("action %s: target %q: %w", a.ID, a.Target, ErrNotFound)
	case open:
		return fmt.Errorf("action %s: %w: action %s holds the resource (%s)", a.ID, ErrConflict, held.Action.ID, held.State)
	}
	j := &job{action: a, state: foreshock.Decided, isNew: true, since: e.Now()}
	if a.Mode == foreshock.Approve {
		j.state = foreshock.Proposed
	}
	// It holds the resource from here on, though the journal has nothing of it yet.
	e.Ledger.Apply(event(j.since, &foreshock.ActionChange{Action: a, State: j.state}))
	e.add(j, j.since)
	return nil
}

// add takes a job in. The caller holds mu.
func (e *Executor) add(j *job, due time.Time) {
	e.came++
	j.number, j.due = e.came, due
	e.jobs[j.action.ID] = j
	e.kick()
}

func (e *Executor) kick() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// recoverOpen takes in the actions that the journal shows as not ended. What was not called was surely not sent, and goes on from
// the beginning; what was called is never sent again.
func (e *Executor) recoverOpen() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.resumed {
		return
	}
	e.resumed = true
	now := e.Now()
	for _, found := range e.Ledger.unfinished() {
		c := &found.change
		if e.jobs[c.Action.ID] != nil {
			continue
		}
		j := &job{action: c.Action, state: c.State, called: now, isNew: !found.recorded, since: now}
		if c.State == foreshock.Answered && found.called.Before(now) {
			j.called = found.called
		}
		e.add(j, now)
		e.Log.Info("action taken up again", "action", c.Action.ID, "workload", c.Action.Workload, "state", c.State)
	}
}

// Run takes up what the ledger shows as open, and does what is submitted, until ctx ends. Calls that are under way then have a few
// seconds to come back; their outcome is recorded. An executor runs once.
func (e *Executor) Run(ctx context.Context) error {
	e.recoverOpen()
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	context.AfterFunc(ctx, func() { time.AfterFunc(drain, cancel) })

	var working sync.WaitGroup
	defer working.Wait()
	slots := make(chan struct{}, e.Config.Parallel)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		due, next, _ := e.due()
		for _, j := range due {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
			working.Go(func() {
				defer func() { <-slots; e.kick() }()
				e.work(ctx, calls, j)
			})
		}
		timer.Reset(next)
		select {
		case <-e.wake:
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// drain is how long calls may take to come back when the program stops.
const drain = 5 * time.Second

// Drive does in the caller's goroutine all that is due by Options.Now, what the ledger showed as open before included, and says when
// there is more to do; the zero time says never. It is Run for those whose time is not the real one.
func (e *Executor) Drive(ctx context.Context) time.Time {
	e.recoverOpen()
	for {
		due, next, waiting := e.due()
		switch {
		case len(due) > 0:
		case waiting:
			return e.Now().Add(next)
		default:
			return time.Time{}
		}
		for _, j := range due {
			e.work(ctx, ctx, j)
		}
	}
}

// longest is how long Run sleeps when nothing is due.
const longest = time.Hour

// due takes the jobs that are due, as they came, and says when to look again, and whether any job waits for a time.
func (e *Executor) due() (list []*job, next time.Duration, waiting bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.Now()
	next = longest
	for _, j := range e.jobs {
		switch {
		case j.running:
		case !now.Before(j.due):
			j.running, j.again = true, false
			list = append(list, j)
		case j.due.Before(never):
			next, waiting = min(next, j.due.Sub(now)), true
		}
	}
	sort.Slice(list, func(i, k int) bool { return list[i].number < list[k].number })
	return list, max(next, time.Millisecond), waiting
}

// work moves a job on until it ends or has to wait.
func (e *Executor) work(ctx, calls context.Context, j *job) {
	for {
		j.moving.Lock()
		var wait time.Duration
		if !j.state.Terminal() {
			wait = steps[j.state](e, calls, j)
		}
		over := j.state.Terminal()
		j.moving.Unlock()

		if over || wait > 0 || ctx.Err() != nil {
			e.rest(j, over, wait)
			return
		}
	}
}

func (e *Executor) rest(j *job, over bool, wait time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	j.running = false
	if over {
		delete(e.jobs, j.action.ID)
		return
	}
	switch {
	case j.again:
		j.due = e.Now()
	case wait == forever:
		j.due = never
	default:
		j.due = e.Now().Add(wait)
	}
}

func event(at time.Time, c *foreshock.ActionChange) *foreshock.Event {
	return &foreshock.Event{Time: at.UTC(), Type: foreshock.EventAction, Change: c}
}

func (e *Executor) point(name string) {
	if e.FailPoint != nil {
		e.FailPoint(name)
	}
}

package pipeline

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/profile"
	"github.com/foreshock-io/foreshock/rehearse"
)

// Pipeline takes readings (it is an [ingest.VirtualSink]) and runs the stages. Make one with New.
type Pipeline struct {
	Stages
	Options
	owners    []*owner
	tick      time.Duration
	pool      sync.Pool
	resources resources
	turns     turns
	incidents incidents
	cohorts   cohorts
	stats     stats
	work      background
	saver     saver
	keeper    keeper
	events    chan *foreshock.Event
	done      chan struct{} // closed when the owners are to stop: nothing is handed to them any more

	registering sync.Mutex                 // held while a new workload is made; guards inherited and refusedAt
	inherited   map[foreshock.ID]inherited // from the generation before; in virtual time, of those that have left

	places
	seed      maphash.Seed
	began     time.Time
	refusedAt time.Time // when it was last told that a workload was refused
}

// refusedEvery is how often it is told that there is no room for a workload.
const refusedEvery = time.Hour

// inheritedKept is how long the workloads of the generation before are waited for. Those that come later are restored from the store.
const inheritedKept = time.Hour

// New puts a pipeline together. Nothing runs until Run, or, in virtual time, until something is pushed.
func New(stages Stages, options Options) *Pipeline {
	p := &Pipeline{Stages: stages, Options: options, seed: maphash.MakeSeed()}
	if p.Owners <= 0 {
		p.Owners = runtime.GOMAXPROCS(0)
	}
	if p.Virtual {
		p.Owners = 1
	}
	if p.Drops == nil {
		p.Drops = new(ingest.Drops)
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Latches == nil {
		p.Latches = new(Latches)
	}
	p.began = p.Now()
	p.tick = min(max(p.Step/4, 100*time.Millisecond), time.Second)
	p.pool.New = func() any { return new(batch) }
	p.places.init(p.Owners)
	p.events = make(chan *foreshock.Event, 4096)
	p.done = make(chan struct{})
	p.resources.init(p)
	p.work.init(p)
	p.saver.init(p)
	p.keeper.init(p)
	for i := range p.Owners {
		p.owners = append(p.owners, &owner{Pipeline: p, index: i, inbox: make(chan message, 64)})
	}
	return p
}

// Run runs the owners and the background until ctx ends, then saves what has changed. It returns when all is saved, or when
// saving took longer than four seconds.
func (p *Pipeline) Run(ctx context.Context) error {
	var helpers, owners, writers sync.WaitGroup
	stopWriters := make(chan struct{})
	start := func(group *sync.WaitGroup, f func()) { group.Go(f) }
	start(&writers, func() { p.writeEvents(stopWriters) })
	start(&helpers, func() { p.work.run(ctx) })
	start(&helpers, func() { p.saver.run(ctx) })
	start(&helpers, func() { p.keeper.run(ctx) })
	start(&helpers, func() { p.resources.run(ctx) })
	for _, o := range p.owners {
		start(&owners, func() { o.run(ctx) })
	}
	<-ctx.Done()
	close(p.done)
	owners.Wait()
	helpers.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
	defer cancel()
	err := errors.Join(p.saveAll(last), p.keeper.writeAll(last))
	close(stopWriters)
	writers.Wait()
	return err
}

// Register gives the handle of a workload.
func (p *Pipeline) Register(id foreshock.ID, about ingest.About) (ingest.Handle, error) {
	if handle, known := p.find(id); known {
		return handle, nil
	}
	if err := id.Check(); err != nil {
		return 0, err
	}
	p.registering.Lock()
	defer p.registering.Unlock()
	handle, known := p.find(id)
	switch {
	case known:
		return handle, nil
	case p.count() >= p.Most:
		err := fmt.Errorf("workload %s: %w (there are %d, as many as are allowed)", id, ingest.ErrTooMany, p.Most)
		if now := p.Now(); p.refusedAt.IsZero() || now.Sub(p.refusedAt) >= refusedEvery {
			p.refusedAt = now
			p.Log.Warn("a workload is refused; the next hour's are counted only", "source", about.Source, "err", err)
		}
		return 0, err
	}
	if about.Step <= 0 {
		about.Step = p.Step
	}
	if !p.Virtual && p.inherited != nil && p.Now().Sub(p.began) > inheritedKept {
		p.inherited = nil
	}
	shard := p.shardOf(id)
	handle = p.take(shard)
	o := p.owners[shard]
	w := o.newWorkload(id, handle, about, o.inherited[id])
	delete(o.inherited, id) // or it would be kept for good
	w.early = p.count() < p.Forecasts
	w.groups, w.member = o.incidents.enter(w), o.cohorts.enter(w)
	o.resume(w)
	p.tell(shard, func(o *owner) { o.add(w) })
	p.enter(id, handle)
	if w.awaits {
		p.saver.asks.add(id)
	}
	if w.awaitsKept {
		p.keeper.asks.add(id)
	}
	return handle, nil
}

// shardOf is that of a workload's owner. Those that use one resource have one owner, which decides on them in their order.
func (p *Pipeline) shardOf(id foreshock.ID) int {
	key := string(id)
	if policy := p.policy(id); policy != nil && policy.Target != "" {
		key = policy.Target + "\x00" + policy.ResourceName(id)
	}
	return int(maphash.String(p.seed, key) % uint64(len(p.owners)))
}

// policy is the first that names the workload, or nil.
func (p *Pipeline) policy(id foreshock.ID) *decide.Policy {
	for i := range p.Policies {
		if p.Policies[i].Matches(id) {
			return &p.Policies[i]
		}
	}
	return nil
}

// newWorkload makes a workload that goes on from what is inherited. It is in no group yet.
func (o *owner) newWorkload(id foreshock.ID, handle ingest.Handle, about ingest.About, before inherited) *workload {
	w := &workload{
		id: id, handle: handle, about: about,
		fold:    ingest.NewFold(about.Step, about.Lateness),
		profile: profile.New(id, about.Source, about.Step),
		judgeAt: never, decideAt: never,
		awaits: o.saver.restores(), heard: o.time(),
	}
	if before.profile != nil && before.profile.Length == about.Step {
		w.profile, w.seen, w.recent, w.awaits = before.profile, before.seen, before.recent, false
	}
	o.adopt(w)
	if w.policy = o.policy(id); w.policy != nil && w.policy.Target != "" {
		w.resource = w.policy.ResourceName(id)
		o.resources.watch(w.policy.Name, w.policy.Target, w.resource, id, handle, about)
	}
	if !w.scalable() {
		w.recent = nil // what is not kept on has a gap
	}
	if w.states() {
		w.takeRehearsals(before.rehearsals)
		w.awaitsKept = o.saver.restores() && w.rehearsals == [foreshock.NumDimensions]*rehearse.Rehearsal{}
	}
	return w
}

// Push hands readings to the owners of their workloads.
func (p *Pipeline) Push(ctx context.Context, readings []ingest.Reading) error {
	if p.Virtual {
		p.owners[0].foldBatch(readings)
		return nil
	}
	n := len(p.owners)
	var few [64]*batch // so that it costs no allocation
	parts := few[:]
	if n > len(few) {
		parts = make([]*batch, n)
	}
	for i := range readings {
		shard := p.shard(readings[i].Handle)
		b := parts[shard]
		if b == nil {
			b = p.pool.Get().(*batch)
			b.readings = b.readings[:0]
			parts[shard] = b
		}
		b.readings = append(b.readings, readings[i])
	}
	for shard, b := range parts[:n] {
		if b == nil {
			continue
		}
		select {
		case p.owners[shard].inbox <- message{batch: b}:
		case <-ctx.Done():
			return ctx.Err()
		case <-p.done:
			return ErrStopping
		}
	}
	return nil
}

// ErrStopping refuses readings while the program stops; they should be sent again to the next one.
var ErrStopping = errors.New("the program is stopping")

// Advance sets the virtual clock.
func (p *Pipeline) Advance(_ context.Context, now time.Time) error {
	if !p.Virtual {
		return fmt.Errorf("the clock of a live pipeline cannot be set")
	}
	p.resources.advance(now)
	p.owners[0].advance(now)
	return nil
}

// Slow keeps an operation when it is among the slowest of its workload.
func (p *Pipeline) Slow(op ingest.Operation) {
	p.ask(op.Workload, func(_ *owner, w *workload) {
		at := len(w.slow)
		for at > 0 && w.slow[at-1].Duration < op.Duration {
			at--
		}
		if at >= p.Slowest {
			return
		}
		w.slow = append(w.slow, ingest.Operation{})
		copy(w.slow[at+1:], w.slow[at:])
		w.slow[at] = op
		w.slow = w.slow[:min(len(w.slow), p.Slowest)]
	})
}

// ask runs f in the owner of a workload, some time later; unknown workloads are passed over.
func (p *Pipeline) ask(id foreshock.ID, f func(*owner, *workload)) { p.askOr(id, f, func() {}) }

// askOr runs f as ask does, or otherwise where the workload is unknown or leaves before it comes to that.
func (p *Pipeline) askOr(id foreshock.ID, f func(*owner, *workload), otherwise func()) {
	handle, known := p.find(id)
	if !known {
		otherwise()
		return
	}
	p.tell(p.shard(handle), func(o *owner) {
		if w := o.held(handle); w != nil {
			f(o, w)
			return
		}
		otherwise()
	})
}

// tell runs f in an owner: at once in virtual time.
func (p *Pipeline) tell(shard int, f func(*owner)) {
	o := p.owners[shard]
	if p.Virtual {
		f(o)
		return
	}
	select {
	case o.inbox <- message{do: f}:
	case <-p.done:
	}
}

// emit hands an event to the journal and to whoever listens. Its Time is the time of the data that caused it.
func (o *owner) emit(at time.Time, e *foreshock.Event) {
	e.Time = at
	o.Emit(e)
}

// Emit hands an event to the journal and to whoever listens, in order.
func (p *Pipeline) Emit(e *foreshock.Event) {
	if p.Virtual {
		p.deliver(e)
		return
	}
	p.events <- e
}

// writeEvents writes events to the journal, as many at once as there are, until stop is closed and none is left.
func (p *Pipeline) writeEvents(stop <-chan struct{}) {
	for {
		var list []*foreshock.Event
		select {
		case e := <-p.events:
			list = append(list, e)
		case <-stop:
		}
		for more := true; more && len(list) < 1024; {
			select {
			case e := <-p.events:
				list = append(list, e)
			default:
				more = false
			}
		}
		if len(list) == 0 {
			return
		}
		if p.Journal != nil {
			if err := p.Journal.Append(context.Background(), list...); err != nil {
				p.stats.eventsLost.add(int64(len(list)))
				p.Log.Error("the journal refuses events; no action can be taken", "events", len(list), "err", err)
			}
		}
		for _, e := range list {
			p.deliver(e)
		}
	}
}

func (p *Pipeline) deliver(e *foreshock.Event) {
	p.stats.events.add(1)
	if p.Ledger != nil {
		p.Ledger.Apply(e)
	}
	if p.Event != nil {
		p.Event(e)
	}
}

// stats are the pipeline's own counters.
type stats struct {
	readings, steps, events, eventsLost counter
	saved, saveErrors, damaged          counter
	jobs, jobsRefused                   counter
	forgotten                           counter
}

type counter struct{ n atomic.Int64 }

func (c *counter) add(n int64) { c.n.Add(n) }
func (c *counter) load() int64 { return c.n.Load() }

// inherited is what a workload takes over from the pipeline before.
type inherited struct {
	profile    *foreshock.Profile
	seen       *seen
	recent     *recent
	rehearsals [foreshock.NumDimensions]*rehearse.Rehearsal
}

// Inherit takes over the profiles and rehearsals of a pipeline that has stopped, the last steps, and what it kept for charts. Call it before Run.
func (p *Pipeline) Inherit(from *Pipeline) {
	p.inherited = map[foreshock.ID]inherited{}
	for _, o := range from.owners {
		for _, w := range o.order {
			if w.profile.Steps > 0 {
				p.inherited[w.id] = inherited{w.profile, w.seen, w.recent, w.rehearsals}
			}
		}
	}
}

// Alive says whether every owner answers before ctx ends.
func (p *Pipeline) Alive(ctx context.Context) error {
	answers := make(chan struct{}, len(p.owners))
	for i := range p.owners {
		p.tell(i, func(*owner) { answers <- struct{}{} })
	}
	for range p.owners {
		select {
		case <-answers:
		case <-p.done:
			return ErrStopping
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

package otlp

import (
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/foreshock-io/foreshock/ingest"
)

// maxParts is how many spans of one trace wait for its operations.
const maxParts = 1000

// pending holds operations until their components have had time to come, and spans until their operation has: either
// may come first, and in different requests. It is safe for concurrent use.
type pending struct {
	wait time.Duration
	most int

	mu     sync.Mutex
	traces map[pcommon.TraceID]*trace
	order  []*trace // by when they are due
	size   int      // operations and parts
}

// trace is what has come of one trace.
type trace struct {
	id         pcommon.TraceID
	due        time.Time
	operations []*operation
	parts      []part
}

// operation is an operation that waits for its components.
type operation struct {
	trace pcommon.TraceID
	span  pcommon.SpanID
	op    ingest.Operation
}

// part is a span with a parent.
type part struct {
	trace        pcommon.TraceID
	parent, span pcommon.SpanID
	component    ingest.Component
}

func newPending(cfg Traces) *pending {
	return &pending{wait: cfg.Wait, most: cfg.MaxSpans, traces: map[pcommon.TraceID]*trace{}}
}

// enter takes an operation, or answers false when it has it already. Above the bound it is taken without waiting
// for components.
func (p *pending) enter(now time.Time, op *operation) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.traces[op.trace]
	if t != nil && slices.ContainsFunc(t.operations, func(o *operation) bool { return o.span == op.span }) {
		return false
	}
	if t = p.room(t, op.trace, now); t != nil && len(t.operations) < maxParts {
		t.operations = append(t.operations, op)
		p.size++
	}
	return true
}

// room gives the trace, made if need be, or nil above the bound.
func (p *pending) room(t *trace, id pcommon.TraceID, now time.Time) *trace {
	if p.size >= p.most {
		return nil
	}
	if t == nil {
		t = &trace{id: id, due: now.Add(p.wait)}
		p.traces[id] = t
		p.order = append(p.order, t)
	}
	return t
}

// forget takes operations out again.
func (p *pending) forget(list []*operation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, op := range list {
		if t := p.traces[op.trace]; t != nil {
			before := len(t.operations)
			t.operations = slices.DeleteFunc(t.operations, func(o *operation) bool { return o == op })
			p.size -= before - len(t.operations)
		}
	}
}

// add takes spans, and gives how many found no room. A span that has come already is passed over.
func (p *pending) add(now time.Time, parts []part) (refused int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range parts {
		t := p.traces[x.trace]
		if t != nil && slices.ContainsFunc(t.parts, func(y part) bool { return y.span == x.span }) {
			continue
		}
		if t = p.room(t, x.trace, now); t == nil || len(t.parts) >= maxParts {
			refused++
			continue
		}
		t.parts = append(t.parts, x)
		p.size++
	}
	return refused
}

// take gives the operations that have waited long enough, and drops spans whose operation did not come.
func (p *pending) take(now time.Time) []ingest.Operation {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.order) && !p.order[n].due.After(now) {
		n++
	}
	return p.first(n)
}

// takeAll gives all operations.
func (p *pending) takeAll() []ingest.Operation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.first(len(p.order))
}

func (p *pending) first(n int) (done []ingest.Operation) {
	for _, t := range p.order[:n] {
		for _, o := range t.operations {
			o.op.Components = t.components(o.span)
			done = append(done, o.op)
		}
		p.size -= len(t.operations) + len(t.parts)
		delete(p.traces, t.id)
	}
	p.order = slices.Delete(p.order, 0, n)
	return done
}

// components gives the children of a span, those of one name as one.
func (t *trace) components(of pcommon.SpanID) (list []ingest.Component) {
	for _, x := range t.parts {
		if x.parent != of {
			continue
		}
		i := slices.IndexFunc(list, func(c ingest.Component) bool { return c.Name == x.component.Name })
		if i < 0 {
			list = append(list, x.component)
			continue
		}
		list[i].Duration += x.component.Duration
	}
	return list
}

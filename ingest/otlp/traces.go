package otlp

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/foreshock-io/foreshock/ingest"
)

// Traces is the traces block of the source's settings.
type Traces struct {
	Operations []OperationRule `yaml:"operations"` // which spans are I/O operations; the first that matches a span holds. None: no span is
	Wait       time.Duration   `yaml:"wait"`       // how long spans wait for others of their trace; default 10s
	MaxSpans   int             `yaml:"max_spans"`  // that wait at once; default 100,000
}

// OperationRule selects spans that are I/O operations. Expressions must match all of their value.
type OperationRule struct {
	Name     string            `yaml:"name"`     // regular expression on the span's name; default: any
	Kind     string            `yaml:"kind"`     // internal, server, client, producer or consumer; default: any
	Match    map[string]string `yaml:"match"`    // attribute of the span or its resource to a regular expression
	Anywhere bool              `yaml:"anywhere"` // also spans that have a parent; default: only the root of a trace
	ID       string            `yaml:"id"`       // template of the workload's id; default "service/${service.name}"
	Bytes    string            `yaml:"bytes"`    // attribute with the bytes that were moved; default: none
	Sampled  float64           `yaml:"sampled"`  // share of the operations that are traced, above 0 and at most 1; default 1
}

type spanRule struct {
	name     *regexp.Regexp // nil for any
	kind     ptrace.SpanKind
	match    ingest.Matcher
	anywhere bool
	id       ingest.Template
	bytes    string
	weight   float64 // operations that one span stands for
}

var kinds = map[string]ptrace.SpanKind{
	"": ptrace.SpanKindUnspecified, "internal": ptrace.SpanKindInternal, "server": ptrace.SpanKindServer,
	"client": ptrace.SpanKindClient, "producer": ptrace.SpanKindProducer, "consumer": ptrace.SpanKindConsumer,
}

func (t Traces) compile() ([]spanRule, error) {
	var faults []error
	var rules []spanRule
	for i, o := range t.Operations {
		rule, err := o.compile()
		if err != nil {
			faults = append(faults, fmt.Errorf("traces: operations[%d]: %w", i, err))
		}
		rules = append(rules, rule)
	}
	if t.Wait < 0 || t.Wait > 10*time.Minute {
		faults = append(faults, fmt.Errorf("traces: wait is %s; it must be 0s to 10m", t.Wait))
	}
	if t.MaxSpans < 0 {
		faults = append(faults, fmt.Errorf("traces: max_spans is %d; it must not be negative", t.MaxSpans))
	}
	return rules, errors.Join(faults...)
}

func (o OperationRule) compile() (r spanRule, err error) {
	var faults []error
	fault := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	if o.Name != "" {
		if r.name, err = regexp.Compile("^(?:" + o.Name + ")$"); err != nil {
			fault(fmt.Errorf("name: %w; write a regular expression of RE2", err))
		}
	}
	var ok bool
	if r.kind, ok = kinds[o.Kind]; !ok {
		fault(fmt.Errorf("kind is %q; there is: internal, server, client, producer, consumer", o.Kind))
	}
	r.match, err = ingest.CompileMatch(o.Match)
	fault(err)
	if o.ID == "" {
		o.ID = "service/${service.name}"
	}
	r.id, err = ingest.ParseTemplate(o.ID)
	fault(err)
	if o.Sampled == 0 {
		o.Sampled = 1
	}
	if !(o.Sampled > 0 && o.Sampled <= 1) {
		fault(fmt.Errorf("sampled is %g; it must be above 0 and at most 1", o.Sampled))
	}
	r.anywhere, r.bytes, r.weight = o.Anywhere, o.Bytes, 1/o.Sampled
	return r, errors.Join(faults...)
}

func (r *spanRule) selects(s ptrace.Span, labels ingest.Labels) bool {
	return (r.anywhere || s.ParentSpanID().IsEmpty()) &&
		(r.kind == ptrace.SpanKindUnspecified || r.kind == s.Kind()) &&
		(r.name == nil || r.name.MatchString(s.Name())) &&
		r.match.Matches(labels)
}

// longest is how long a span may take, as for any latency.
const longest = 24 * time.Hour

// pushSize is how many readings are pushed at once.
const pushSize = 8192

// traces takes the spans of one request.
type traces struct {
	ctx      context.Context
	r        *Receiver
	run      *running
	now      time.Time
	resource ingest.Labels
	labels   ingest.Labels
	readings []ingest.Reading
	entered  []*operation // whose readings are not pushed yet
	parts    []part
	drops    map[ingest.Drop]int
}

func (t *traces) count() {
	for why, n := range t.drops {
		t.r.env.Drops.Add(Factory.Name, why, n)
	}
}

func (t *traces) take(all ptrace.Traces) error {
	for i := range all.ResourceSpans().Len() {
		rs := all.ResourceSpans().At(i)
		t.resource = appendAttributes(t.resource[:0], rs.Resource().Attributes())
		for j := range rs.ScopeSpans().Len() {
			spans := rs.ScopeSpans().At(j).Spans()
			for k := range spans.Len() {
				t.span(spans.At(k))
				if len(t.readings) >= pushSize {
					if err := t.push(); err != nil {
						return err
					}
				}
			}
		}
	}
	if err := t.push(); err != nil {
		return err
	}
	t.drops[ingest.DropTooMany] += t.run.pending.add(t.now, t.parts)
	return nil
}

// push hands the readings over. After an error the operations are forgotten, so that they can be sent again.
func (t *traces) push() error {
	if len(t.readings) > 0 {
		if err := t.run.sink.Push(t.ctx, t.readings); err != nil {
			t.run.pending.forget(t.entered)
			return errBusy
		}
	}
	t.readings, t.entered = t.readings[:0], t.entered[:0]
	return nil
}

func (t *traces) span(s ptrace.Span) {
	begin, end := s.StartTimestamp().AsTime(), s.EndTimestamp().AsTime()
	switch {
	case s.TraceID().IsEmpty() || s.SpanID().IsEmpty() || s.EndTimestamp() == 0:
		t.drops[ingest.DropMalformed]++
		return
	case end.After(t.now.Add(ingest.MostAhead)):
		t.drops[ingest.DropFuture]++
		return
	case end.Before(begin):
		t.drops[ingest.DropNegative]++
		return
	case end.Sub(begin) > longest:
		t.drops[ingest.DropAbsurd]++
		return
	}
	if !s.ParentSpanID().IsEmpty() {
		t.parts = append(t.parts, part{s.TraceID(), s.ParentSpanID(), s.SpanID(), ingest.Component{Name: s.Name(), Duration: end.Sub(begin)}})
	}
	if rule := t.rule(s); rule != nil {
		t.operation(s, rule)
	} else if s.ParentSpanID().IsEmpty() {
		t.drops[ingest.DropUnmapped]++
	}
}

// rule gives the rule that selects the span, with its labels in t.labels.
func (t *traces) rule(s ptrace.Span) *spanRule {
	t.labels = appendAttributes(t.labels[:0], s.Attributes())
	own := t.labels
	for _, l := range t.resource {
		if own.Get(l.Name) == "" {
			t.labels = append(t.labels, l)
		}
	}
	for i := range t.r.spans {
		if t.r.spans[i].selects(s, t.labels) {
			return &t.r.spans[i]
		}
	}
	return nil
}

func (t *traces) operation(s ptrace.Span, rule *spanRule) {
	id, err := rule.id.Expand(t.labels)
	if err != nil {
		t.drops[ingest.DropBadID]++
		return
	}
	handle, err := t.run.sink.Register(id, t.r.about())
	switch {
	case errors.Is(err, ingest.ErrTooMany):
		t.drops[ingest.DropTooMany]++
		return
	case err != nil:
		t.drops[ingest.DropBadID]++
		return
	}
	begin, end := s.StartTimestamp().AsTime(), s.EndTimestamp().AsTime()
	op := &operation{trace: s.TraceID(), span: s.SpanID(), op: ingest.Operation{
		Workload: id, Start: begin, Duration: end.Sub(begin), Trace: s.TraceID().String(),
	}}
	if !t.run.pending.enter(t.now, op) {
		t.drops[ingest.DropDuplicate]++
		return
	}
	t.entered = append(t.entered, op)
	add := func(f ingest.Field, value float64) {
		t.readings = append(t.readings, ingest.Reading{Value: value * rule.weight, Time: end.UnixMilli(), Handle: handle, Field: f})
	}
	add(ingest.Ops, 1)
	add(ingest.OpSeconds, end.Sub(begin).Seconds())
	if bytes, ok := number64(s.Attributes(), rule.bytes); ok {
		add(ingest.Bytes, bytes)
	}
}

func number64(attributes pcommon.Map, name string) (float64, bool) {
	value, ok := attributes.Get(name)
	if !ok || name == "" {
		return 0, false
	}
	switch value.Type() {
	case pcommon.ValueTypeInt:
		return float64(value.Int()), true
	case pcommon.ValueTypeDouble:
		return value.Double(), true
	}
	return 0, false
}

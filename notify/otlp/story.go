package otlp

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// story is what happened around one action so far.
type story struct {
	anomaly *foreshock.Anomaly // the one that the workload had when the action was decided; nil: none
	changes []*foreshock.Event // of the action's state, in order
}

// stories follow the actions that are not at their end. Safe for concurrent use.
type stories struct {
	most    int
	service string

	mu        sync.Mutex // guards what follows
	open      map[string]*story
	anomalies map[foreshock.ID]*foreshock.Anomaly // that last
}

func newStories(most int, service string) stories {
	return stories{most: most, service: service, open: map[string]*story{}, anomalies: map[foreshock.ID]*foreshock.Anomaly{}}
}

// take hears an event and gives the trace that it ends, or nil. Where too many are open the oldest are not known; then what begins is not followed.
func (s *stories) take(e *foreshock.Event) []trace.ReadOnlySpan {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case e.Anomaly != nil:
		if a := e.Anomaly; !a.End.IsZero() {
			delete(s.anomalies, a.Workload)
		} else if len(s.anomalies) < s.most {
			s.anomalies[a.Workload] = a
		}
	case e.Change != nil:
		return s.changed(e)
	case e.Evaluation != nil:
		if t, known := s.open[e.Evaluation.Action]; known {
			delete(s.open, e.Evaluation.Action)
			return s.tell(t, e)
		}
	}
	return nil
}

func (s *stories) changed(e *foreshock.Event) []trace.ReadOnlySpan {
	a := &e.Change.Action
	t, known := s.open[a.ID]
	if !known {
		if len(s.open) >= s.most {
			return nil
		}
		t = &story{anomaly: s.anomalies[a.Workload]}
		s.open[a.ID] = t
	}
	t.changes = append(t.changes, e)
	if state := e.Change.State; !state.Terminal() || state == foreshock.Done || state == foreshock.Parked {
		return nil // a verdict, or a person, comes
	}
	delete(s.open, a.ID)
	return s.tell(t, nil)
}

// tell makes the trace of a story. Its ID is made of the action's, so that who knows the one finds the other.
func (s *stories) tell(t *story, verdict *foreshock.Event) []trace.ReadOnlySpan {
	var made spans
	ids := generator(sha256.Sum256([]byte(t.changes[0].Change.Action.ID)))
	provider := trace.NewTracerProvider(
		trace.WithSyncer(&made), trace.WithIDGenerator(&ids), trace.WithSampler(trace.AlwaysSample()),
		trace.WithResource(resource.NewSchemaless(attribute.String("service.name", s.service))),
	)
	tracer := provider.Tracer("github.com/foreshock-io/foreshock")
	first, last := t.changes[0], t.changes[len(t.changes)-1]
	a := &last.Change.Action
	begin, end := a.Evidence, last.Time
	if t.anomaly != nil && t.anomaly.Start.Before(begin) {
		begin = t.anomaly.Start
	}
	if verdict != nil {
		end = verdict.Time
	}
	ctx, root := tracer.Start(context.Background(), "foreshock.action", api.WithTimestamp(begin), api.WithAttributes(
		attribute.String("foreshock.workload", string(a.Workload)), attribute.String("foreshock.action", a.ID), attribute.String("foreshock.policy", a.Policy),
		attribute.String("foreshock.target", a.Target), attribute.String("foreshock.resource", a.Resource), attribute.String("foreshock.severity", a.Severity.String()),
	))
	span := func(name string, from, to time.Time, attributes ...attribute.KeyValue) api.Span {
		_, sp := tracer.Start(ctx, name, api.WithTimestamp(from), api.WithAttributes(attributes...))
		sp.End(api.WithTimestamp(to))
		return sp
	}
	if !a.Before.From.IsZero() {
		span("sample", a.Before.From, a.Before.To, attribute.Int("foreshock.steps", a.Before.Steps), attribute.Float64("foreshock.saturation", a.Before.Saturation))
	}
	if t.anomaly != nil {
		span("detect", t.anomaly.Start, a.Evidence, attribute.String("foreshock.anomaly", t.anomaly.Text), attribute.Float64("foreshock.score", t.anomaly.Peak))
	}
	reasons := make([]string, len(a.Reasons))
	for i, r := range a.Reasons {
		reasons[i] = r.Text
	}
	span("decide", a.Evidence, first.Time, attribute.StringSlice("foreshock.reasons", reasons))
	t.act(ctx, tracer)
	if verdict != nil {
		v := verdict.Evaluation
		_, works := last.Change.Times(last.Time)
		span("verdict", works, verdict.Time, attribute.String("foreshock.verdict", v.Verdict.String()), attribute.String("foreshock.text", v.Text), attribute.Bool("foreshock.roll_back", v.RollBack))
	}
	root.End(api.WithTimestamp(end))
	return made
}

// act makes the span of the action itself, with an event for each state.
func (t *story) act(ctx context.Context, tracer api.Tracer) {
	first, last := t.changes[0], t.changes[len(t.changes)-1]
	_, sp := tracer.Start(ctx, "act", api.WithTimestamp(first.Time), api.WithAttributes(attribute.String("foreshock.state", last.Change.State.String())))
	for _, e := range t.changes {
		sp.AddEvent(e.Change.State.String(), api.WithTimestamp(e.Time), api.WithAttributes(attribute.String("foreshock.note", e.Change.Note)))
	}
	if last.Change.State == foreshock.Failed {
		sp.SetStatus(codes.Error, last.Change.Note)
	}
	sp.End(api.WithTimestamp(last.Time))
}

// spans are those of one trace, in the order of their ends.
type spans []trace.ReadOnlySpan

// ExportSpans implements [trace.SpanExporter].
func (s *spans) ExportSpans(_ context.Context, list []trace.ReadOnlySpan) error {
	*s = append(*s, list...)
	return nil
}

// Shutdown implements [trace.SpanExporter].
func (s *spans) Shutdown(context.Context) error { return nil }

// generator gives IDs that are the same for the same action.
type generator [sha256.Size]byte

// NewIDs implements [trace.IDGenerator].
func (g *generator) NewIDs(ctx context.Context) (id api.TraceID, span api.SpanID) {
	copy(id[:], g[:16])
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID implements [trace.IDGenerator].
func (g *generator) NewSpanID(context.Context, api.TraceID) (id api.SpanID) {
	binary.BigEndian.PutUint64(g[16:24], binary.BigEndian.Uint64(g[16:24])+1)
	copy(id[:], g[16:24])
	return id
}

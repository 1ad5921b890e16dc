package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
)

// TestResourceOfTwoPolicies: what two policies change is a resource of each of them, also when what is read of it falls silent.
func TestResourceOfTwoPolicies(t *testing.T) {
	f := &pool{t: t, ledger: act.NewLedger(), now: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), capacity: 1000}
	var policies []decide.Policy
	for _, name := range []string{"a", "b"} {
		p := decide.Default()
		p.Name, p.Match, p.Mode, p.Target, p.Resource, p.Forecast = name, []string{"pool/" + name}, foreshock.Auto, "t", "pool", false
		p.Bounds = map[foreshock.Dimension]decide.Bounds{foreshock.DimIOPS: {Min: 100, Max: 1e6, Step: 0.25}}
		policies = append(policies, p)
	}
	s := stages(t)
	s.Forecast, s.Policies, s.Executor, s.Ledger = nil, policies, f, f.ledger
	f.p = pipeline.New(s, pipeline.Options{Log: slog.New(slog.DiscardHandler), Step: diskStep, Most: 2, Virtual: true, Now: func() time.Time { return f.now }})
	var handles [2]ingest.Handle
	for i, name := range []string{"a", "b"} {
		var err error
		if handles[i], err = f.p.Register(foreshock.ID("pool/"+name), ingest.About{Source: "test", Step: diskStep}); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	for n := range 300 {
		f.now = f.now.Add(diskStep)
		for _, h := range handles {
			if h == handles[0] || n < 150 {
				_ = f.p.Push(ctx, []ingest.Reading{{Handle: h, Field: ingest.IOPS, Time: f.now.Add(-time.Second).UnixMilli(), Value: 100}})
			}
		}
		if err := f.p.Advance(ctx, f.now.Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b"} {
		if c := f.p.Before(&foreshock.Action{Policy: name, Target: "t", Resource: "pool"}, f.now); c.PolicySize != 1 || c.FleetSize != 1 {
			t.Errorf("policy %s has %d resources of %d", name, c.PolicySize, c.FleetSize)
		}
	}
}

// vanishing is an executor of resources of which some are deleted.
type vanishing struct{ gone map[string]bool }

func (vanishing) Submit(foreshock.Action) error { return nil }

func (v vanishing) Read(_ context.Context, target, resource string) (foreshock.Resource, error) {
	if v.gone[resource] {
		return foreshock.Resource{}, fmt.Errorf("read %s: %w", resource, act.ErrNotFound)
	}
	return foreshock.Resource{Target: target, Name: resource}, nil
}

// TestDeletedResources: what the provider knows no more is no part of the fleet, silent as it is, so that others may be reduced; what is only silent is.
func TestDeletedResources(t *testing.T) {
	now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	policy := decide.Default()
	policy.Name, policy.Match, policy.Mode, policy.Target, policy.Forecast = "p", []string{"vol/*"}, foreshock.Auto, "t", false
	policy.Bounds = map[foreshock.Dimension]decide.Bounds{foreshock.DimIOPS: {Min: 100}}
	v := vanishing{gone: map[string]bool{}}
	s := stages(t)
	s.Forecast, s.Policies, s.Executor, s.Ledger = nil, []decide.Policy{policy}, v, act.NewLedger()
	p := pipeline.New(s, pipeline.Options{
		Log: slog.New(slog.DiscardHandler), Step: diskStep, Most: 9, Virtual: true, Now: func() time.Time { return now },
	})
	var handles []ingest.Handle
	for _, name := range []string{"a", "b", "c", "d"} {
		h, err := p.Register(foreshock.ID("vol/"+name), ingest.About{Source: "test", Step: diskStep})
		if err != nil {
			t.Fatal(err)
		}
		handles = append(handles, h)
	}
	run := func(live int) {
		for range 30 {
			now = now.Add(diskStep)
			for _, h := range handles[:live] {
				_ = p.Push(t.Context(), []ingest.Reading{{Handle: h, Field: ingest.IOPS, Time: now.Add(-time.Second).UnixMilli(), Value: 100}})
			}
			if err := p.Advance(t.Context(), now.Add(time.Millisecond)); err != nil {
				t.Fatal(err)
			}
		}
	}
	f := func(live int, gone string, size int) {
		t.Helper()
		clear(v.gone)
		for _, name := range gone {
			v.gone[string(name)] = true
		}
		run(live)
		if c := p.Before(&foreshock.Action{Policy: "p", Target: "t", Resource: "a"}, now); c.PolicySize != size {
			t.Errorf("with %d of 4 that report and %q deleted, the policy has %d resources, not %d", live, gone, c.PolicySize, size)
		}
	}
	f(4, "", 4)
	f(2, "", 4)
	f(2, "cd", 2)
	f(4, "", 4)
	f(2, "d", 3)
}

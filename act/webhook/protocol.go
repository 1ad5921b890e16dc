package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// resource is what the service says of a resource.
type resource struct {
	Allocated foreshock.Allocation                   `json:"allocated"`
	Rules     map[foreshock.Dimension]foreshock.Rule `json:"rules"`
	Budget    struct {
		Limited       bool      `json:"limited"`
		Left          int       `json:"left"`
		Total         int       `json:"total"`
		WindowSeconds float64   `json:"window_seconds"`
		NextFree      time.Time `json:"next_free"`
	} `json:"budget"`
	Busy  bool   `json:"busy"`
	Owner string `json:"owner"`
}

// Read asks for a resource.
func (t *Target) Read(ctx context.Context, name string) (foreshock.Resource, error) {
	at := time.Now() // nothing that is said can be older
	var r resource
	err := t.read(ctx, name, &r)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return foreshock.Resource{}, fmt.Errorf("read %s: %w", name, err)
	}
	return foreshock.Resource{
		Target: t.name, Name: name, At: at, Allocated: r.Allocated, Rules: r.Rules, Busy: r.Busy, Owner: foreshock.OneLine(r.Owner),
		Budget: foreshock.Budget{
			Limited: r.Budget.Limited, Left: r.Budget.Left, Total: r.Budget.Total, NextFree: r.Budget.NextFree,
			Window: time.Duration(r.Budget.WindowSeconds * 1e9),
		},
	}, nil
}

func (t *Target) read(ctx context.Context, name string, r *resource) error {
	if name == "" || name == "." || name == ".." { // which mean something else in a path
		return fmt.Errorf("%w: a resource cannot have this name", act.ErrNotFound)
	}
	return t.get(ctx, "/resources/"+url.PathEscape(name), r)
}

// check says what of a reading cannot be.
func (r *resource) check() error {
	for _, d := range r.Allocated.Dimensions() {
		if x, _ := r.Allocated.Get(d); x < 0 {
			return fmt.Errorf("the service says that %s is %g", d, x)
		}
	}
	for _, d := range slices.Sorted(maps.Keys(r.Rules)) {
		if rule := r.Rules[d]; rule.Min < 0 || rule.Quantum < 0 || rule.Max != 0 && rule.Max < rule.Min {
			return fmt.Errorf("the service's rule for %s contradicts itself: %+v", d, rule)
		}
	}
	if b := &r.Budget; b.Left < 0 || b.Total < 0 || !(b.WindowSeconds >= 0 && b.WindowSeconds < 1e9) {
		return fmt.Errorf("the service's budget cannot be: %+v", *b)
	}
	return nil
}

// change is what is asked for.
type change struct {
	ID        string               `json:"id"`
	Workload  foreshock.ID         `json:"workload"`
	Policy    string               `json:"policy"`
	Resource  string               `json:"resource"`
	From      foreshock.Allocation `json:"from"`
	To        foreshock.Allocation `json:"to"`
	Severity  foreshock.Severity   `json:"severity"`
	Emergency bool                 `json:"emergency"`
	Undoes    string               `json:"undoes,omitempty"`
	Reasons   []foreshock.Reason   `json:"reasons"`
}

// Apply posts the change. It is sent again, with the same ID, where no answer or a passing refusal came back.
func (t *Target) Apply(ctx context.Context, action foreshock.Action) error {
	body, err := json.Marshal(change{
		ID: action.ID, Workload: action.Workload, Policy: action.Policy, Resource: action.Resource, From: action.From, To: action.To,
		Severity: action.Severity, Emergency: action.Emergency, Undoes: action.Undoes, Reasons: action.Reasons,
	})
	if err == nil {
		err = t.post(ctx, action.ID, body)
	} else {
		err = fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	if err != nil {
		return fmt.Errorf("change %s: %w", action.Resource, err)
	}
	return nil
}

// progress is what the service says of a change.
type progress struct {
	State    string               `json:"state"`
	Observed foreshock.Allocation `json:"observed"`
	Note     string               `json:"note"`
	// Of what is done: when it was, and when it works, where that is later. Absent: when that is seen.
	CompletedAt time.Time `json:"completed_at"`
	EffectiveAt time.Time `json:"effective_at"`
}

// Follow asks how far a change is. Of one that the service does not know, it reads what the resource has.
func (t *Target) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	p, err := t.follow(ctx, action)
	if err != nil {
		return act.Progress{}, fmt.Errorf("follow %s: %w", action.ID, err)
	}
	return p, nil
}

func (t *Target) follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	var said progress
	err := t.get(ctx, "/actions/"+url.PathEscape(action.ID), &said)
	if errors.Is(err, act.ErrNotFound) {
		var r resource
		if err := t.read(ctx, action.Resource, &r); err != nil {
			return act.Progress{}, err
		}
		return act.Progress{Observed: r.Allocated, Note: "the service does not know the action"}, nil
	}
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: said.Observed, Note: foreshock.OneLine(said.Note)}
	inEffect := said.Observed.Covers(action.To)
	switch said.State {
	case "done":
		p.Done, p.Since, p.Works = true, said.CompletedAt, said.EffectiveAt
	case "failed":
		p.Failed = true
	case "accepted", "under_way":
		p.UnderWay = true
	default:
		return act.Progress{}, fmt.Errorf("the service says state %q; there is: accepted, under_way, done, failed", foreshock.OneLine(said.State))
	}
	if p.Done && !inEffect || p.Failed && inEffect {
		return act.Progress{}, fmt.Errorf("the service says %s, and that there is %s: it contradicts itself", said.State, said.Observed)
	}
	return p, nil
}

package dryrun

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// Declared is a target in which a resource of any name has the same amounts, each free to go up and down. With no amounts, nothing is
// known of any resource. It refuses every change.
func Declared(amounts foreshock.Allocation) act.Target {
	return &declared{name: "dryrun", others: amounts, rules: freely()}
}

func freely() map[foreshock.Dimension]foreshock.Rule {
	rules := map[foreshock.Dimension]foreshock.Rule{}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		rules[d] = foreshock.Rule{Down: true}
	}
	return rules
}

// declared gives amounts that were written down. They were read at no time, so that Resource.At is the zero time.
type declared struct {
	act.ByRules
	name   string
	named  map[string]foreshock.Allocation
	others foreshock.Allocation
	rules  map[foreshock.Dimension]foreshock.Rule // of all dimensions
}

func declare(cfg Config, name string) (*declared, error) {
	t := &declared{name: name, named: map[string]foreshock.Allocation{}, rules: freely()}
	var faults []error
	var err error
	t.others, err = allocation("allocated", cfg.Allocated)
	faults = append(faults, err)
	for resource, amounts := range cfg.Resources {
		t.named[resource], err = allocation("resources."+resource, amounts)
		faults = append(faults, err)
	}
	for d, rule := range cfg.Rules {
		faults = append(faults, check(d, rule))
	}
	maps.Copy(t.rules, cfg.Rules)
	return t, errors.Join(faults...)
}

func allocation(where string, amounts Amounts) (a foreshock.Allocation, err error) {
	for d, x := range amounts {
		if bad(x) {
			err = errors.Join(err, fmt.Errorf("%s.%s must be a number of at least 0, not %g", where, d, x))
		}
		a.Set(d, x)
	}
	return a, err
}

func bad(x float64) bool { return !(x >= 0) || math.IsInf(x, 0) }

func check(d foreshock.Dimension, rule foreshock.Rule) error {
	switch {
	case bad(rule.Min) || bad(rule.Max) || bad(rule.Quantum):
		return fmt.Errorf("rules.%s: min, max and quantum must be numbers of at least 0", d)
	case rule.Max > 0 && rule.Max < rule.Min:
		return fmt.Errorf("rules.%s: max (%g) must be at least min (%g)", d, rule.Max, rule.Min)
	}
	return nil
}

func (t *declared) amounts(resource string) foreshock.Allocation {
	if a, named := t.named[resource]; named {
		return a
	}
	return t.others
}

// Read gives the declared amounts.
func (t *declared) Read(_ context.Context, resource string) (foreshock.Resource, error) {
	r := foreshock.Resource{Target: t.name, Name: resource, Allocated: t.amounts(resource), Rules: map[foreshock.Dimension]foreshock.Rule{}}
	for _, d := range r.Allocated.Dimensions() {
		r.Rules[d] = t.rules[d]
	}
	return r, nil
}

// Apply refuses.
func (t *declared) Apply(_ context.Context, action foreshock.Action) error { return refuse(action) }

// Follow sees the declared amounts, and nothing of any change: not even that it failed, for another target may have been asked for it.
func (t *declared) Follow(_ context.Context, action foreshock.Action) (act.Progress, error) {
	return act.Progress{Observed: t.amounts(action.Resource), Note: "dry run: the amounts are declared, not read"}, nil
}

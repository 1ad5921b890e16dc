package dryrun

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// anyOther is the declared resource that stands for all that have no name of their own.
const anyOther = "*"

// declared are resources with amounts that a configuration states.
type declared struct {
	target  string
	amounts map[string]foreshock.Allocation
	rules   map[foreshock.Dimension]foreshock.Rule
}

func declare(cfg Config, target string) (*declared, error) {
	d := &declared{target: target, amounts: map[string]foreshock.Allocation{}, rules: map[foreshock.Dimension]foreshock.Rule{}}
	var errs []error
	for dim := range foreshock.Dimension(foreshock.NumDimensions) {
		d.rules[dim] = foreshock.Rule{Down: true}
		rule, given := cfg.Rules[dim]
		if !given {
			continue
		}
		if rule.Min < 0 || rule.Quantum < 0 || rule.Max < 0 || rule.Max > 0 && rule.Max < rule.Min {
			errs = append(errs, fmt.Errorf("rules.%s: min, max and quantum must not be below 0, and max not below min", dim))
		}
		d.rules[dim] = foreshock.Rule{Min: rule.Min, Max: rule.Max, Quantum: rule.Quantum, Down: !rule.UpOnly}
	}
	for name, amounts := range cfg.Resources {
		var a foreshock.Allocation
		for dim, x := range amounts {
			if x < 0 || math.IsInf(x, 0) || math.IsNaN(x) {
				errs = append(errs, fmt.Errorf("resources.%s.%s: %g is no amount", name, dim, x))
			}
			a.Set(dim, x)
		}
		d.amounts[name] = a
	}
	return d, errors.Join(errs...)
}

func (d *declared) Read(_ context.Context, resource string) (foreshock.Resource, error) {
	a, known := d.amounts[resource]
	if !known {
		a, known = d.amounts[anyOther]
	}
	if !known {
		return foreshock.Resource{}, fmt.Errorf("%w: no amounts are declared for %q", act.ErrNotFound, resource)
	}
	r := foreshock.Resource{Target: d.target, Name: resource, At: time.Now(), Allocated: a, Rules: map[foreshock.Dimension]foreshock.Rule{}}
	for _, dim := range a.Dimensions() {
		r.Rules[dim] = d.rules[dim]
	}
	return r, nil
}

func (d *declared) Validate(now foreshock.Resource, action foreshock.Action) error {
	return act.CheckRules(now, action)
}

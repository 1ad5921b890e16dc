// Package dryrun is a target that changes nothing: it reads what is declared, or what another target reads, and refuses every change.
package dryrun

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// Config is the dryrun block of a configuration file: either declared amounts, or another target that is read through.
type Config struct {
	Allocated Amounts                                `yaml:"allocated"` // what every resource has that is not among the resources
	Resources map[string]Amounts                     `yaml:"resources"` // what single resources have, by name
	Rules     map[foreshock.Dimension]foreshock.Rule `yaml:"rules"`     // default: up and down without bounds
	Of        string                                 `yaml:"of"`        // a target that stands before this one in the file
}

// Amounts are declared amounts, in their dimensions' units.
type Amounts map[foreshock.Dimension]float64

// Factory offers this target to configuration files as "dryrun".
var Factory = act.Factory{Name: "dryrun", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	var cfg Config
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// New makes a target of the settings.
func New(cfg Config, env act.Env) (act.Target, error) {
	if cfg.Of == "" {
		return declare(cfg, env.Name)
	}
	if cfg.Allocated != nil || cfg.Resources != nil || cfg.Rules != nil {
		return nil, errors.New("of takes amounts and rules from the other target; remove allocated, resources and rules, or of")
	}
	if env.Target != nil {
		if inner, known := env.Target(cfg.Of); known {
			return Wrap(inner), nil
		}
	}
	return nil, fmt.Errorf("of: no target before this one is called %q; name one, or move it up", cfg.Of)
}

// Wrap is a target that reads, checks and follows through inner, and never asks it to change anything.
func Wrap(inner act.Target) act.Target { return wrapped{reader: inner, inner: inner} }

// reader is what of a target is passed on. Apply is not among it.
type reader interface {
	Read(ctx context.Context, resource string) (foreshock.Resource, error)
	Validate(now foreshock.Resource, action foreshock.Action) error
	Follow(ctx context.Context, action foreshock.Action) (act.Progress, error)
}

type wrapped struct {
	reader
	inner act.Target
}

// Apply refuses.
func (w wrapped) Apply(_ context.Context, action foreshock.Action) error { return refuse(action) }

// Unwrap gives the inner target, for what more it may be able to do than a Target must.
func (w wrapped) Unwrap() act.Target { return w.inner }

func refuse(action foreshock.Action) error {
	var amounts []string
	for _, d := range action.To.Dimensions() {
		x, _ := action.To.Get(d)
		amounts = append(amounts, foreshock.FormatAmount(d, x))
	}
	return fmt.Errorf("%w: dry run: %s of %s was not asked for", act.ErrRefused, strings.Join(amounts, " and "), action.Resource)
}

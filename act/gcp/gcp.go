// Package gcp changes what Google Compute Engine lets one change: Hyperdisks and the size of persistent disks while they are in use,
// the size of managed instance groups and, where a stop is allowed, the type of an instance. Their rules are kept
// before anything is sent: limits and ratios, one change of IOPS and of throughput in 4 hours each, and the share of the instance.
//
// Credentials are the application default credentials and nothing else; what the SDK says of them never gets into an error.
package gcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
	"github.com/foreshock-io/foreshock/providers/gcpsdk"
)

// Config is the gcp block of a configuration file.
type Config struct {
	Project     string `yaml:"project"`           // default: $GOOGLE_CLOUD_PROJECT
	Endpoint    string `yaml:"endpoint"`          // default: the public one
	VolumeTypes string `yaml:"volume_types_file"` // types of disks that replace the built-in ones; see the README
	// Ceilings are what instances of a type can do in all, by the type's name, for example c3-standard-22; types that are not here bound nothing.
	Ceilings map[string]Ceiling `yaml:"ceilings"`
	// MachineTypes are the types that an instance may have; without Stop, only instances that are stopped are changed.
	MachineTypes []string `yaml:"machine_types"`
	Stop         bool     `yaml:"stop_instances"` // instances are stopped and started for a change of their type
}

// Ceiling is what an instance can do with all its disks; 0: any amount.
type Ceiling struct {
	IOPS       float64 `yaml:"iops"`
	Throughput float64 `yaml:"throughput"` // bytes a second
}

// Factory offers this target to configuration files as "gcp".
var Factory = act.Factory{Name: "gcp", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	var cfg Config
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Target is a project.
type Target struct {
	name    string
	log     *slog.Logger
	now     func() time.Time
	account gcpsdk.Account
	kinds   []kind
}

// kind is what resources of one kind can do; their names begin with a prefix. The other methods are those of act.Target.
type kind interface {
	Prefix() string
	act.Target
}

// place is where a resource is, a zone or for some kinds a region, and its name there.
type place struct{ zone, name string }

// locate finds the place in the name of a resource.
func locate(prefix, resource string) (place, error) {
	zone, name, named := strings.Cut(strings.TrimPrefix(resource, prefix), "/")
	if !named || zone == "" || name == "" || strings.Contains(name, "/") {
		return place{}, fmt.Errorf("%w: names have the form %sZONE/NAME", act.ErrNotFound, prefix)
	}
	return place{zone, name}, nil
}

var _ act.Target = (*Target)(nil)

// New makes a target of the settings. It calls nobody.
func New(cfg Config, env act.Env) (*Target, error) {
	t := &Target{name: env.Name, log: env.Log, now: time.Now}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	types, err := providers.VolumeTypes("gcp", cfg.VolumeTypes)
	if err != nil {
		return nil, fmt.Errorf("volume_types_file: %w", err)
	}
	account, err := gcpsdk.Load(cfg.Project, cfg.Endpoint, gcpsdk.Compute)
	if err := errors.Join(err, cfg.check()); err != nil {
		return nil, err
	}
	t.account = account
	api, err := newClients(account)
	if err != nil {
		return nil, fmt.Errorf("the SDK's settings: %s", gcpsdk.Text(err))
	}
	t.kinds = []kind{newDisks(t, cfg, api, types), newMachines(t, cfg, api), &groups{t, api}}
	return t, nil
}

func (c Config) check() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Ceilings)) {
		if x := c.Ceilings[name]; !(x.IOPS >= 0) || !(x.Throughput >= 0) || x == (Ceiling{}) {
			errs = append(errs, fmt.Errorf("ceilings: %s: state iops, throughput or both, above 0", name))
		}
	}
	return errors.Join(errs...)
}

// of finds the kind of a resource by its name.
func (t *Target) of(resource string) (kind, error) {
	var prefixes []string
	for _, k := range t.kinds {
		if id, found := strings.CutPrefix(resource, k.Prefix()); found && id != "" {
			return k, nil
		}
		prefixes = append(prefixes, k.Prefix())
	}
	return nil, fmt.Errorf("%w: the resource %q is of no known kind; names begin with: %s", act.ErrNotFound, resource, strings.Join(prefixes, ", "))
}

// Read asks for a resource, and for what bounds it.
func (t *Target) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	k, err := t.of(resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	at := t.now() // nothing that is said can be older
	r, err := k.Read(ctx, resource)
	if err != nil {
		return foreshock.Resource{}, fmt.Errorf("read %s: %w", resource, err)
	}
	r.Target, r.Name, r.At = t.name, resource, at
	return r, nil
}

// Validate keeps the rules that were read, and those between several amounts.
func (t *Target) Validate(now foreshock.Resource, action foreshock.Action) error {
	if err := act.CheckRules(now, action); err != nil {
		return err
	}
	k, err := t.of(action.Resource)
	if err != nil {
		return fmt.Errorf("%w: %w", act.ErrRule, err)
	}
	return k.Validate(now, action)
}

// Apply asks once.
func (t *Target) Apply(ctx context.Context, action foreshock.Action) error {
	k, err := t.of(action.Resource)
	if err != nil {
		return err
	}
	if err := k.Apply(ctx, action); err != nil {
		return fmt.Errorf("change %s: %w", action.Resource, err)
	}
	return nil
}

// Follow reads how far a change is.
func (t *Target) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	k, err := t.of(action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	p, err := k.Follow(ctx, action)
	if err != nil {
		return act.Progress{}, fmt.Errorf("follow the change of %s: %w", action.Resource, err)
	}
	return p, nil
}

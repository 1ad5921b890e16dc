// Package aws changes what Amazon Web Services let one change while it is in use: the volumes of EBS, Auto Scaling
// groups, the storage of RDS and, where a stop is allowed, the type of an instance. Their rules are kept before anything is sent: limits and ratios, four changes in any 24 hours, and the share of the
// instance.
//
// Credentials come from the SDK's own chain and from nowhere else; what the SDK says of them never gets into an error.
package aws

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
	"github.com/foreshock-io/foreshock/providers/awssdk"
)

// Config is the aws block of a configuration file. Credentials, profile and endpoint are those of the SDK's own environment and files.
type Config struct {
	Region      string `yaml:"region"`            // default: the SDK's
	VolumeTypes string `yaml:"volume_types_file"` // types of volumes that replace the built-in ones; see the README
	// Convert says to which type volumes of a type are changed together with their next change.
	Convert map[string]string `yaml:"convert"`
	Ceiling string            `yaml:"ceiling"` // of the instance: baseline (default), maximum, none
	Kept    int               `yaml:"kept"`    // changes in a window that only emergencies may use; default 1
	// Instances are the types that an instance may have; without Stop, only instances that are stopped are changed.
	Instances []string `yaml:"instance_types"`
	Stop      bool     `yaml:"stop_instances"` // instances are stopped and started for a change of their type
}

// Factory offers this target to configuration files as "aws".
var Factory = act.Factory{Name: "aws", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Defaults are the settings where a file says nothing.
func Defaults() Config { return Config{Ceiling: ceilingBaseline, Kept: 1} }

// Target is an account in a region.
type Target struct {
	name  string
	log   *slog.Logger
	now   func() time.Time
	sdk   sdk.Config
	kinds []kind
}

// kind is what resources of one kind can do; their names begin with a prefix. The methods are those of act.Target.
type kind interface {
	prefix() string
	Read(ctx context.Context, name string) (foreshock.Resource, error)
	Validate(now foreshock.Resource, action foreshock.Action) error
	Apply(ctx context.Context, action foreshock.Action) error
	Follow(ctx context.Context, action foreshock.Action) (act.Progress, error)
}

var (
	_ act.Target    = (*Target)(nil)
	_ act.Recounter = (*Target)(nil)
)

// New makes a target of the settings. It calls nobody.
func New(cfg Config, env act.Env) (*Target, error) {
	t := &Target{name: env.Name, log: env.Log, now: time.Now}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	types, err := providers.VolumeTypes("ebs", cfg.VolumeTypes)
	if err != nil {
		return nil, fmt.Errorf("volume_types_file: %w", err)
	}
	databaseTypes, err := providers.VolumeTypes("rds", cfg.VolumeTypes)
	if err != nil {
		return nil, fmt.Errorf("volume_types_file: %w", err)
	}
	loaded, err := awssdk.Load(cfg.Region)
	if err := errors.Join(err, cfg.check(types)); err != nil {
		return nil, err
	}
	t.sdk = loaded
	api, instances := newEC2Calls(loaded), new(instanceTypes)
	t.kinds = []kind{newVolumes(t, cfg, api, instances, types), newMachines(t, cfg, api, instances), newGroups(t), newDatabases(t, cfg.Kept, databaseTypes)}
	return t, nil
}

func (c Config) check(types map[string]providers.VolumeType) error {
	var errs []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(!slices.Contains(ceilings, c.Ceiling), "ceiling is %q; there is: %s", c.Ceiling, strings.Join(ceilings, ", "))
	fault(c.Kept < 0, "kept must not be below 0, not %d", c.Kept)
	for _, from := range slices.Sorted(maps.Keys(c.Convert)) {
		for _, name := range []string{from, c.Convert[from]} {
			_, known := types[name]
			fault(!known, "convert: no type of volume is called %q; there is: %s", name, strings.Join(slices.Sorted(maps.Keys(types)), ", "))
		}
	}
	return errors.Join(errs...)
}

// of finds the kind of a resource by its name.
func (t *Target) of(resource string) (kind, error) {
	var prefixes []string
	for _, k := range t.kinds {
		if id, found := strings.CutPrefix(resource, k.prefix()); found && id != "" {
			return k, nil
		}
		prefixes = append(prefixes, k.prefix())
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

// Recount counts the changes that were asked for with those that the provider shows.
func (t *Target) Recount(r *foreshock.Resource, asked []time.Time) {
	if k, err := t.of(r.Name); err == nil {
		if c, ok := k.(act.Recounter); ok {
			c.Recount(r, asked)
		}
	}
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

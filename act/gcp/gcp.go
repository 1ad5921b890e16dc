// Package gcp changes what Google Compute Engine lets one change: Hyperdisks and the size of persistent disks while they are in use,
// the size of managed instance groups and, where a stop is allowed, the type of an instance. Their rules are kept
// before anything is sent: limits and ratios, one change of IOPS and of throughput in 4 hours each, and the share of the instance.
//
// Credentials are the application default credentials and nothing else; what the SDK says of them never gets into an error.
package gcp

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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
	IOPS       float64 `yaml:"iops" unit:"requests/s"`
	Throughput float64 `yaml:"throughput" unit:"bytes/s"` // bytes a second
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
	act.Kinds
	account gcpsdk.Account
}

// place is where a resource is, a zone or for some kinds a region, and its name there.
type place struct{ zone, name string }

// locate finds the place in the name of a resource.
func locate(prefix, resource string) (place, error) {
	zone, name, named := strings.Cut(strings.TrimPrefix(resource, prefix), "/")
	if !named || zone == "" || name == "" || strings.Contains(name, "/") {
		return place{}, fmt.Errorf("%w: names have the form %sPLACE/NAME, with a zone or for some kinds a region", act.ErrNotFound, prefix)
	}
	return place{zone, name}, nil
}

// New makes a target of the settings. It calls nobody.
func New(cfg Config, env act.Env) (*Target, error) {
	t := &Target{Kinds: act.Kinds{Name: env.Name, Now: time.Now}}
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
	t.List = []act.Kind{newDisks(t, cfg, api, types), newMachines(t, cfg, api), &groups{t, api}}
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

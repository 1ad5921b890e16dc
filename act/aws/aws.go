// Package aws changes what Amazon Web Services let one change while it is in use: the volumes of EBS, Auto Scaling
// groups, the storage of RDS and, where a stop is allowed, the type of an instance. Their rules are kept before anything is sent: limits and ratios, four changes in any 24 hours, and the share of the
// instance.
//
// Credentials come from the SDK's own chain and from nowhere else; what the SDK says of them never gets into an error.
package aws

import (
	"errors"
	"fmt"
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
	act.Kinds
	sdk sdk.Config
}

// New makes a target of the settings. It calls nobody.
func New(cfg Config, env act.Env) (*Target, error) {
	t := &Target{Kinds: act.Kinds{Name: env.Name, Now: time.Now}}
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
	t.List = []act.Kind{newVolumes(t, cfg, api, instances, types), newMachines(t, cfg, api, instances), newGroups(t), newDatabases(t, cfg.Kept, databaseTypes)}
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
			fault(!known, "convert: %s", foreshock.NoSuch("type of volume", name, slices.Sorted(maps.Keys(types))))
		}
	}
	return errors.Join(errs...)
}

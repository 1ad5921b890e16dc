// Package libvirt changes domains of a libvirt daemon that run: the limits on IOPS and throughput of a disk, its size, the number of virtual
// processors, and memory through the balloon.
//
// A limit is an amount that was provisioned; a disk without one has none that could be moved, and none is brought in.
package libvirt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
)

// Config is the libvirt block of a configuration file.
type Config struct {
	libvirt.Config `yaml:",inline"`
	Persist        bool `yaml:"persist"` // what is changed is changed in the domain's configuration too, where it has one; default true
}

// Factory offers this target to configuration files as "libvirt".
var Factory = act.Factory{Name: "libvirt", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	cfg := Config{Config: libvirt.Defaults(), Persist: true}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// New returns the target. A resource is a domain, by name or UUID (vcpu, memory), or one of its disks (iops, throughput, size): "db1/vda".
func New(cfg Config, env act.Env) (act.Target, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	return &target{Config: cfg, name: env.Name}, nil
}

type target struct {
	act.ByRules
	Config
	name string
}

// Conclusive: each change is one call that libvirt does under the domain's lock, and Follow waits while the lock is held.
func (t *target) Conclusive() bool { return true }

// thing is what a resource is, as it was read.
type thing interface {
	resource() foreshock.Resource // without its names
	// changes are the calls that make the amounts.
	changes(l *rpc.Libvirt, to foreshock.Allocation) ([]func() error, error)
	// pending says what was asked for and has still to come, or "".
	pending(to foreshock.Allocation) string
}

// find reads a resource.
func (t *target) find(l *rpc.Libvirt, resource string) (thing, error) {
	name, disk, isDisk := strings.Cut(resource, "/")
	d, err := t.domain(l, name)
	if err != nil {
		return nil, err
	}
	if isDisk {
		return d.disk(l, disk)
	}
	return d, nil
}

func (t *target) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	var r foreshock.Resource
	err := t.With(ctx, func(l *rpc.Libvirt) error {
		found, err := t.find(l, resource)
		if err == nil {
			r = found.resource()
		}
		return err
	})
	r.Target, r.Name, r.At = t.name, resource, time.Now()
	return r, kind(err)
}

// Apply makes one call for the limits of a disk, one for its size, one for processors and one for memory. Only of the first can be said for sure
// that nothing is in effect.
func (t *target) Apply(ctx context.Context, action foreshock.Action) error {
	asked := false
	err := t.With(ctx, func(l *rpc.Libvirt) error {
		found, err := t.find(l, action.Resource)
		if err != nil {
			return err
		}
		changes, err := found.changes(l, action.To)
		if err != nil {
			return err
		}
		for i, change := range changes {
			asked = true
			switch err := change(); {
			case err != nil && i > 0:
				return errors.New("a part of it is done, then: " + err.Error())
			case err != nil:
				return err
			}
		}
		return nil
	})
	if err != nil && !asked {
		return fmt.Errorf("%w: nothing was asked for: %w", act.ErrRefused, kind(err))
	}
	return kind(err)
}

func (t *target) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	var p act.Progress
	err := t.With(ctx, func(l *rpc.Libvirt) error {
		found, err := t.find(l, action.Resource)
		if err != nil {
			return err
		}
		r := found.resource()
		p.Observed = r.Allocated
		switch p.Done, p.Note = r.Allocated.Covers(action.To), found.pending(action.To); {
		case p.Done:
			p.Note = ""
		case p.Note != "":
			p.UnderWay = true
		case r.Busy:
			p.UnderWay, p.Note = true, "libvirt is at work on the domain"
		}
		return nil
	})
	return p, kind(err)
}

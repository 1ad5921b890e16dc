// Package vsphere changes virtual machines of a vCenter that run: the number of processors and the memory by hot-add, the size of a disk, and the limit on
// its IOPS.
//
// A limit is an amount that was provisioned; a disk without one has none that could be moved, and none is brought in.
package vsphere

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/hypervisor/vsphere"
)

// Config is the vsphere block of a configuration file.
type Config struct {
	vsphere.Config `yaml:",inline"`
}

// Factory offers this target to configuration files as "vsphere".
var Factory = act.Factory{Name: "vsphere", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	var cfg Config
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// New returns the target. A resource is a virtual machine, by inventory path or managed object ("/DC0/vm/db1", "vm-41"), or one of its disks by
// label or key: "/DC0/vm/db1#Hard disk 2".
func New(cfg Config, env act.Env) (act.Target, error) {
	client, err := vsphere.New(cfg.Config)
	if err != nil {
		return nil, err
	}
	return &target{client: client, name: env.Name}, nil
}

type target struct {
	act.ByRules
	client *vsphere.Client
	name   string
}

// Conclusive: a change is one task, and Follow waits while one is queued or runs. What was not begun by then carries the version of a
// configuration, and is refused when another change came first.
func (t *target) Conclusive() bool { return true }

// thing is what a resource is, as it was read.
type thing interface {
	resource() foreshock.Resource // without its names
	spec(to foreshock.Allocation) (types.VirtualMachineConfigSpec, error)
}

// find reads a resource.
func (t *target) find(ctx context.Context, client *vim25.Client, resource string) (*machine, thing, error) {
	path, disk, isDisk := strings.Cut(resource, "#")
	m, err := readMachine(ctx, client, path)
	if err != nil {
		return nil, nil, err
	}
	if !isDisk {
		return m, m, nil
	}
	d, err := m.disk(ctx, client, disk)
	return m, d, err
}

func (t *target) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	var r foreshock.Resource
	err := t.client.Do(ctx, func(client *vim25.Client) error {
		_, found, err := t.find(ctx, client, resource)
		if err == nil {
			r = found.resource()
		}
		return err
	})
	r.Target, r.Name, r.At = t.name, resource, time.Now()
	return r, kind(err)
}

// Apply asks for one reconfiguration with all amounts, which becomes a task, and waits for its end for as long as it may. A task that has not ended by then
// was accepted; one that ended in an error leaves what came of it to be read.
func (t *target) Apply(ctx context.Context, action foreshock.Action) error {
	asked := false
	err := t.client.Do(ctx, func(client *vim25.Client) error {
		m, found, err := t.find(ctx, client, action.Resource)
		if err != nil {
			return err
		}
		spec, err := found.spec(action.To)
		if err != nil {
			return err
		}
		spec.ChangeVersion = m.config.ChangeVersion // refused when somebody else changed it since
		asked = true
		task, err := object.NewVirtualMachine(client, m.ref).Reconfigure(ctx, spec)
		if err != nil {
			return err
		}
		if err := task.WaitEx(ctx); vsphere.Fault(err) != nil {
			return errors.New("the task failed: " + err.Error()) // as text: it is no refusal of the call
		}
		return nil
	})
	switch {
	case err != nil && !asked:
		return fmt.Errorf("%w: nothing was asked for: %w", act.ErrRefused, kind(err))
	case err != nil && soap.IsSoapFault(err):
		return fmt.Errorf("%w: %w", act.ErrRefused, kind(err)) // no task was made
	}
	return err
}

func (t *target) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	var p act.Progress
	err := t.client.Do(ctx, func(client *vim25.Client) error {
		_, found, err := t.find(ctx, client, action.Resource)
		if err != nil {
			return err
		}
		r := found.resource()
		p.Observed, p.Done = r.Allocated, r.Allocated.Covers(action.To)
		if p.UnderWay = r.Busy && !p.Done; p.UnderWay {
			p.Note = "a task of the virtual machine has not ended"
		}
		return nil
	})
	return p, kind(err)
}

// kind wraps an error as what it is for a target.
func kind(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, vsphere.ErrNoMachine) || errors.Is(err, vsphere.ErrNoDisk) || vsphere.HasFault[types.ManagedObjectNotFound](err):
		return fmt.Errorf("%w: %w", act.ErrNotFound, err)
	case vsphere.HasFault[types.NoPermission](err) || vsphere.HasFault[types.NotAuthenticated](err) || vsphere.HasFault[types.InvalidLogin](err):
		return fmt.Errorf("%w: %w", act.ErrDenied, err)
	}
	return err
}

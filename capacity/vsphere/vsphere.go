// Package vsphere is a planner that asks a vCenter what a cluster and a datastore have left, before virtual machines grow.
package vsphere

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/hypervisor/vsphere"
)

// Config is the vsphere block of a configuration file.
type Config struct {
	vsphere.Config  `yaml:",inline"`
	capacity.Shares `yaml:",inline"`
}

// Defaults are the settings where a file says nothing.
func Defaults() Config {
	return Config{Shares: capacity.DefaultShares("vsphere")}
}

// Factory offers this planner to configuration files as "vsphere".
var Factory = capacity.Factory{Name: "vsphere", New: func(decode func(any) error, env capacity.Env) (capacity.Planner, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// New makes a planner of the settings. It asks nothing yet.
func New(cfg Config, _ capacity.Env) (capacity.Planner, error) {
	client, err := vsphere.New(cfg.Config)
	faults := append(cfg.Shares.Check("this center"), err)
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	p := &planner{cfg, client}
	return capacity.Ask(cfg.Hold, p.rooms, client.Probe), nil
}

type planner struct {
	Config
	client *vsphere.Client
}

// rooms says what a request draws on. Limits on IOPS cost the center nothing that it would know of.
func (p *planner) rooms(ctx context.Context, r *capacity.Request) (rooms []capacity.Room, err error) {
	if !slices.Contains(p.Targets, r.Target) {
		return nil, nil
	}
	err = p.client.Do(ctx, func(client *vim25.Client) error {
		path, disk, _ := strings.Cut(r.Resource, "#")
		vm, err := vsphere.FindMachine(ctx, client, path)
		if err != nil {
			return err
		}
		if r.To.Has(foreshock.DimVCPU) || r.To.Has(foreshock.DimMemory) {
			if rooms, err = p.cluster(ctx, client, vm); err != nil {
				return err
			}
		}
		if !r.To.Has(foreshock.DimSize) {
			return nil
		}
		room, err := p.datastore(ctx, client, vm, disk)
		rooms = append(rooms, room)
		return err
	})
	return rooms, err
}

// cluster is what the machine's cluster has left: of its share, less what all its machines that run have.
func (p *planner) cluster(ctx context.Context, client *vim25.Client, vm *object.VirtualMachine) ([]capacity.Room, error) {
	collector := property.DefaultCollector(client)
	pool, err := vm.ResourcePool(ctx)
	if err != nil {
		return nil, err
	}
	owner, err := pool.Owner(ctx)
	if err != nil {
		return nil, err
	}
	var cluster mo.ComputeResource
	if err := collector.RetrieveOne(ctx, owner.Reference(), []string{"name", "summary", "host"}, &cluster); err != nil {
		return nil, err
	}
	summary := cluster.Summary.GetComputeResourceSummary()
	vcpus, memory := p.VCPUs*float64(summary.NumCpuCores), p.Memory*float64(summary.EffectiveMemory)*(1<<20)
	var hosts []mo.HostSystem
	if err := collector.Retrieve(ctx, cluster.Host, []string{"vm"}, &hosts); err != nil {
		return nil, err
	}
	var refs []types.ManagedObjectReference
	for _, h := range hosts {
		refs = append(refs, h.Vm...)
	}
	var machines []mo.VirtualMachine
	if err := collector.Retrieve(ctx, refs, []string{"summary.config.numCpu", "summary.config.memorySizeMB", "runtime.powerState"}, &machines); err != nil {
		return nil, err
	}
	for i := range machines {
		if m := &machines[i]; m.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
			vcpus -= float64(m.Summary.Config.NumCpu)
			memory -= float64(m.Summary.Config.MemorySizeMB) * (1 << 20)
		}
	}
	return []capacity.Room{
		{Name: "processors of cluster " + cluster.Name, Dimension: foreshock.DimVCPU, Free: vcpus, Quantum: 1},
		{Name: "memory of cluster " + cluster.Name, Dimension: foreshock.DimMemory, Free: memory, Quantum: 1 << 20},
	}, nil
}

// datastore is what the datastore has left in which a disk lies: of its share, less what is provisioned; and no more than is really free.
func (p *planner) datastore(ctx context.Context, client *vim25.Client, vm *object.VirtualMachine, name string) (capacity.Room, error) {
	devices, err := vm.Device(ctx)
	if err != nil {
		return capacity.Room{}, err
	}
	found, err := vsphere.FindDisk(devices, name)
	if err != nil {
		return capacity.Room{}, err
	}
	backing, isFile := found.Backing.(types.BaseVirtualDeviceFileBackingInfo)
	if !isFile || backing.GetVirtualDeviceFileBackingInfo().Datastore == nil {
		return capacity.Room{}, fmt.Errorf("disk %q lies on no datastore", name)
	}
	var store mo.Datastore
	if err := property.DefaultCollector(client).RetrieveOne(ctx, *backing.GetVirtualDeviceFileBackingInfo().Datastore, []string{"summary"}, &store); err != nil {
		return capacity.Room{}, err
	}
	s := &store.Summary
	provisioned := float64(s.Capacity-s.FreeSpace) + float64(s.Uncommitted)
	return capacity.Room{
		Name: "datastore " + s.Name, Dimension: foreshock.DimSize, Free: min(p.Storage*float64(s.Capacity)-provisioned, float64(s.FreeSpace)), Quantum: 1 << 20,
	}, nil
}

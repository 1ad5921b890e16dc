package azure

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"

	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

// The settings of ceiling.
const (
	ceilingVM   = "vm"
	ceilingNone = "none"
)

var ceilings = []string{ceilingVM, ceilingNone}

// share is what is left for a disk of what its machines can do, once their other disks have what they were given. Infinite: not bounded.
type share struct {
	iops, throughput float64 // throughput in bytes/s
}

var unbounded = share{iops: math.Inf(1), throughput: math.Inf(1)}

// most is a limit within a share; what there is already stays allowed.
func (share) most(limit, share, have float64) float64 {
	return max(min(limit, math.Floor(share)), have)
}

// share asks for the machines to which a disk is attached; the least share is the disk's.
func (x *disks) share(ctx context.Context, d disk) (share, error) {
	least := unbounded
	if x.cfg.Ceiling == ceilingNone {
		return least, nil
	}
	for _, id := range d.machines {
		s, err := x.shareOf(ctx, d, id)
		if err != nil {
			return least, fmt.Errorf("the machine that has the disk: %w", err)
		}
		least.iops, least.throughput = min(least.iops, s.iops), min(least.throughput, s.throughput)
	}
	return least, nil
}

// attached is a disk at a machine.
type attached struct {
	id     string
	cached bool
}

// shareOf is the share at one machine: of what it can do with a cache or without one, as the disk is attached.
func (x *disks) shareOf(ctx context.Context, d disk, id string) (share, error) {
	group, name, err := azuresdk.Parts(id)
	if err != nil {
		return unbounded, err
	}
	out, err := x.api.machine(ctx, group, name, nil)
	if err != nil {
		return unbounded, sayable(err)
	}
	known, err := x.sizes.get(ctx, azuresdk.Value(out.Location), sizeName(out.VirtualMachine))
	if err != nil {
		return unbounded, err
	}
	all := disksOf(out.VirtualMachine)
	mine := attached{id: d.id}
	for _, a := range all {
		if strings.EqualFold(a.id, d.id) {
			mine = a
		}
	}
	s := known.uncached
	if mine.cached {
		s = known.cached
	}
	if s == unbounded || s == (share{}) {
		return unbounded, nil
	}
	for _, a := range all {
		if strings.EqualFold(a.id, d.id) || a.cached != mine.cached {
			continue
		}
		group, name, err := azuresdk.Parts(a.id)
		if err != nil {
			return s, err
		}
		other, err := x.get(ctx, group, name)
		if err != nil {
			return s, err
		}
		s.iops, s.throughput = s.iops-other.iops, s.throughput-other.throughput*1e6
	}
	return s, nil
}

func sizeName(m armcompute.VirtualMachine) string {
	if m.Properties == nil || m.Properties.HardwareProfile == nil {
		return ""
	}
	return string(azuresdk.Value(m.Properties.HardwareProfile.VMSize))
}

// disksOf lists the managed disks of a machine.
func disksOf(m armcompute.VirtualMachine) (list []attached) {
	add := func(managed *armcompute.ManagedDiskParameters, caching *armcompute.CachingTypes) {
		if managed != nil && managed.ID != nil {
			list = append(list, attached{*managed.ID, caching != nil && *caching != armcompute.CachingTypesNone})
		}
	}
	if m.Properties == nil || m.Properties.StorageProfile == nil {
		return nil
	}
	if os := m.Properties.StorageProfile.OSDisk; os != nil {
		add(os.ManagedDisk, os.Caching)
	}
	for _, data := range m.Properties.StorageProfile.DataDisks {
		add(data.ManagedDisk, data.Caching)
	}
	return list
}

package vsphere

import (
	"context"
	"fmt"
	"math"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/hypervisor/vsphere"
)

// leastLimit is the least that the vSphere client takes as a limit on IOPS.
const leastLimit = 16

// disk is a disk of a machine that runs.
type disk struct {
	*machine
	disk    *types.VirtualDisk
	grows   bool // it has no snapshot, and is no device of the storage
	limited bool // its datastore keeps limits
}

// disk finds a disk by its label ("Hard disk 1") or its key ("2000").
func (m *machine) disk(ctx context.Context, client *vim25.Client, name string) (*disk, error) {
	found, err := vsphere.FindDisk(m.config.Hardware.Device, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.path, err)
	}
	d := &disk{machine: m, disk: found}
	return d, d.place(ctx, client)
}

// place looks at what the disk lies on.
func (d *disk) place(ctx context.Context, client *vim25.Client) error {
	backing, isFile := d.disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !isFile { // a raw device, or a sparse file of old
		return nil
	}
	d.grows = backing.Parent == nil
	if backing.Datastore == nil {
		return nil
	}
	var store mo.Datastore
	if err := property.DefaultCollector(client).RetrieveOne(ctx, *backing.Datastore, []string{"summary.type"}, &store); err != nil {
		return err
	}
	d.limited = store.Summary.Type != string(types.HostFileSystemVolumeFileSystemTypeVsan) && store.Summary.Type != string(types.HostFileSystemVolumeFileSystemTypeNFS41)
	return nil
}

func (d *disk) resource() foreshock.Resource {
	r := foreshock.Resource{Busy: d.busy, Owner: d.owner(), Rules: map[foreshock.Dimension]foreshock.Rule{}}
	r.Allocated.Set(foreshock.DimSize, float64(d.disk.CapacityInKB)*1024)
	if d.grows {
		r.Rules[foreshock.DimSize] = foreshock.Rule{Min: mib, Quantum: mib}
	}
	if d.limited {
		r.Rules[foreshock.DimIOPS] = foreshock.Rule{Min: leastLimit, Max: math.MaxInt32, Quantum: 1, Down: true}
	}
	if io := d.disk.StorageIOAllocation; io != nil && io.Limit != nil && *io.Limit > 0 {
		r.Allocated.Set(foreshock.DimIOPS, float64(*io.Limit))
	}
	return r
}

// spec states the disk with its new size and limit. What is unset of the allocation is left alone by vSphere.
func (d *disk) spec(to foreshock.Allocation) (types.VirtualMachineConfigSpec, error) {
	changed := *d.disk
	now := d.resource()
	for _, dim := range to.Dimensions() {
		x, _ := to.Get(dim)
		has, known := now.Allocated.Get(dim)
		if _, ours := now.Rules[dim]; !ours || !known {
			return types.VirtualMachineConfigSpec{}, fmt.Errorf("%s of disk %d of %s has no amount that could be moved", dim, d.disk.Key, d.path)
		}
		switch {
		case dim == foreshock.DimIOPS:
			limit := int64(x)
			changed.StorageIOAllocation = &types.StorageIOAllocationInfo{Limit: &limit}
		case x < has:
			return types.VirtualMachineConfigSpec{}, fmt.Errorf("a disk is never shrunk (from %s to %s)", foreshock.FormatBytes(has), foreshock.FormatBytes(x))
		default:
			changed.CapacityInKB, changed.CapacityInBytes = int64(x/1024), int64(x)
		}
	}
	return types.VirtualMachineConfigSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{
		&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: &changed},
	}}, nil
}

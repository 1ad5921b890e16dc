package vsphere

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// ErrNoMachine says that the inventory has no such virtual machine.
var ErrNoMachine = errors.New("no such virtual machine")

// FindMachine finds a virtual machine by its path from the root of the inventory ("/DC0/vm/db1") or its managed object ("vm-41"), in one call or none.
func FindMachine(ctx context.Context, client *vim25.Client, name string) (*object.VirtualMachine, error) {
	if !strings.Contains(name, "/") {
		return object.NewVirtualMachine(client, types.ManagedObjectReference{Type: "VirtualMachine", Value: name}), nil
	}
	found, err := object.NewSearchIndex(client).FindByInventoryPath(ctx, name)
	if err != nil {
		return nil, err
	}
	vm, is := found.(*object.VirtualMachine)
	if !is {
		return nil, fmt.Errorf("%w: %s", ErrNoMachine, name)
	}
	return vm, nil
}

// ErrNoDisk says that a machine has no such disk.
var ErrNoDisk = errors.New("no such disk")

// FindDisk finds a disk among a machine's devices by its label ("Hard disk 1") or its key ("2000").
func FindDisk(devices object.VirtualDeviceList, name string) (*types.VirtualDisk, error) {
	for _, device := range devices.SelectByType((*types.VirtualDisk)(nil)) {
		disk, _ := device.(*types.VirtualDisk)
		label := ""
		if disk.DeviceInfo != nil {
			label = disk.DeviceInfo.GetDescription().Label
		}
		if name == label || name == strconv.Itoa(int(disk.Key)) {
			return disk, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrNoDisk, name)
}

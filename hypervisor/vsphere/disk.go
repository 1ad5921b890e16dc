package vsphere

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

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

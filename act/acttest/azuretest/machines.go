package azuretest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	compute "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8/fake"

	"github.com/foreshock-io/foreshock/act/acttest"
)

// Size is what a size of virtual machines has. Memory is in GiB; what disks can have in all without cache, and with it, is in IOPS and bytes/s.
type Size struct {
	VCPU, Memory                                float64
	IOPS, BytesPerSec, CachedIOPS, CachedPerSec float64
}

// VM is a virtual machine.
type VM struct {
	Size        string
	Deallocated bool
	Elsewhere   []string // sizes for which it would have to be deallocated first
	Spot        bool
	Set         string // the scale set it belongs to, as "group/name"
	Ephemeral   bool   // its operating system's disk is lost when it moves

	next    string
	version int
	course
}

// AddSize makes a size known.
func (c *Cloud) AddSize(name string, s Size) { c.mu.Lock(); defer c.mu.Unlock(); c.sizes[name] = s }

// AddVM puts a machine there, as "group/name".
func (c *Cloud) AddVM(name string, v VM) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v.state = "Succeeded"
	c.vms[name] = &v
}

// VM gives a copy of a machine as it is now.
func (c *Cloud) VM(name string) VM {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	return *c.vms[name]
}

// settleMachines lets what was under way be in effect, or have failed. The caller holds mu.
func (c *Cloud) settleMachines(now time.Time) {
	for _, v := range c.vms {
		if ended, failed := v.end(now); ended && !failed {
			v.Size = v.next
		}
	}
	for _, s := range c.sets {
		if _, failed := s.end(now); failed {
			s.Capacity = s.before
		}
	}
}

func (c *Cloud) machinesServer() *compute.VirtualMachinesServer {
	return &compute.VirtualMachinesServer{
		Get: gets[armcompute.VirtualMachinesClientGetOptions](c, c.vm, func(group, name string, v *VM) armcompute.VirtualMachinesClientGetResponse {
			return armcompute.VirtualMachinesClientGetResponse{VirtualMachine: c.vmModel(group, name, v)}
		}),
		BeginUpdate: begins(c, c.vm, c.updateVM, func(group, name string, v *VM) armcompute.VirtualMachinesClientUpdateResponse {
			return armcompute.VirtualMachinesClientUpdateResponse{VirtualMachine: c.vmModel(group, name, v)}
		}, http.StatusOK),
		NewListAllPager: func(*armcompute.VirtualMachinesClientListAllOptions) (resp azfake.PagerResponder[armcompute.VirtualMachinesClientListAllResponse]) {
			c.mu.Lock()
			defer c.mu.Unlock()
			for _, key := range sorted(c.vms) {
				group, name, _ := strings.Cut(key, "/")
				model := c.vmModel(group, name, c.vms[key])
				resp.AddPage(http.StatusOK, armcompute.VirtualMachinesClientListAllResponse{VirtualMachineListResult: armcompute.VirtualMachineListResult{Value: []*armcompute.VirtualMachine{&model}}}, nil)
			}
			return
		},
		NewListAvailableSizesPager: func(group, name string, _ *armcompute.VirtualMachinesClientListAvailableSizesOptions) (resp azfake.PagerResponder[armcompute.VirtualMachinesClientListAvailableSizesResponse]) {
			c.mu.Lock()
			defer c.mu.Unlock()
			v, err := c.vm(group, name)
			if err != nil {
				resp.AddError(err)
				return
			}
			var list []*armcompute.VirtualMachineSize
			for _, size := range sorted(c.sizes) {
				if v.Deallocated || !slices.Contains(v.Elsewhere, size) {
					list = append(list, &armcompute.VirtualMachineSize{Name: &size})
				}
			}
			resp.AddPage(http.StatusOK, armcompute.VirtualMachinesClientListAvailableSizesResponse{VirtualMachineSizeListResult: armcompute.VirtualMachineSizeListResult{Value: list}}, nil)
			return
		},
	}
}

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

func (c *Cloud) vm(group, name string) (*VM, error) {
	if v := c.vms[strings.ToLower(group+"/"+name)]; v != nil {
		return v, nil
	}
	return nil, &refusal{http.StatusNotFound, "ResourceNotFound", "The virtual machine was not found."}
}

// vmModel is a machine as the SDK shows it, with the disks that are attached to it. The caller holds mu.
func (c *Cloud) vmModel(group, name string, v *VM) armcompute.VirtualMachine {
	power := "PowerState/running"
	if v.Deallocated {
		power = "PowerState/deallocated"
	}
	storage := &armcompute.StorageProfile{OSDisk: &armcompute.OSDisk{}}
	if v.Ephemeral {
		storage.OSDisk.DiffDiskSettings = &armcompute.DiffDiskSettings{Option: to.Ptr(armcompute.DiffDiskOptionsLocal)}
	}
	lun := int32(0)
	for _, key := range sorted(c.disks) {
		d := c.disks[key]
		if d.VM != group+"/"+name {
			continue
		}
		caching := to.Ptr(armcompute.CachingTypes(cmp.Or(d.Caching, "None")))
		managed := &armcompute.ManagedDiskParameters{ID: id("disks", key)}
		if d.OS {
			storage.OSDisk.ManagedDisk, storage.OSDisk.Caching = managed, caching
			continue
		}
		storage.DataDisks = append(storage.DataDisks, &armcompute.DataDisk{Lun: to.Ptr(lun), ManagedDisk: managed, Caching: caching})
		lun++
	}
	p := &armcompute.VirtualMachineProperties{
		HardwareProfile: &armcompute.HardwareProfile{VMSize: to.Ptr(armcompute.VirtualMachineSizeTypes(v.Size))}, StorageProfile: storage, ProvisioningState: to.Ptr(v.state),
		InstanceView: &armcompute.VirtualMachineInstanceView{Statuses: []*armcompute.InstanceViewStatus{{Code: to.Ptr("ProvisioningState/succeeded")}, {Code: &power}}},
	}
	if v.Spot {
		p.Priority = to.Ptr(armcompute.VirtualMachinePriorityTypesSpot)
	}
	if v.Set != "" {
		p.VirtualMachineScaleSet = &armcompute.SubResource{ID: id("virtualMachineScaleSets", v.Set)}
	}
	return armcompute.VirtualMachine{
		Location: to.Ptr(Location), Name: &name, ID: id("virtualMachines", group+"/"+name), Properties: p, Etag: to.Ptr(fmt.Sprintf("%q", fmt.Sprint(v.version))),
	}
}

// updateVM keeps the rules of a change of the size. The caller holds mu.
func (c *Cloud) updateVM(v *VM, in armcompute.VirtualMachineUpdate, o *armcompute.VirtualMachinesClientBeginUpdateOptions) error {
	if o != nil && o.IfMatch != nil && *o.IfMatch != fmt.Sprintf("%q", fmt.Sprint(v.version)) {
		return &refusal{http.StatusPreconditionFailed, "PreconditionFailed", "The resource has changed."}
	}
	if v.underWay {
		return &refusal{http.StatusConflict, "OperationNotAllowed", "Another operation on this virtual machine is in progress."}
	}
	if in.Properties == nil || in.Properties.HardwareProfile == nil || in.Properties.HardwareProfile.VMSize == nil {
		return &refusal{http.StatusBadRequest, "InvalidParameter", "The request has no size."}
	}
	size := string(*in.Properties.HardwareProfile.VMSize)
	if _, known := c.sizes[size]; !known || !v.Deallocated && slices.Contains(v.Elsewhere, size) {
		return &refusal{http.StatusConflict, "OperationNotAllowed", "Unable to resize the VM: the requested size " + size + " is not available in the current hardware cluster."}
	}
	if c.Mood() == acttest.AcceptsOnly {
		return nil
	}
	v.version++
	v.next, v.course = size, c.begin()
	return nil
}

func (c *Cloud) sizesServer() *compute.ResourceSKUsServer {
	return &compute.ResourceSKUsServer{NewListPager: func(*armcompute.ResourceSKUsClientListOptions) (resp azfake.PagerResponder[armcompute.ResourceSKUsClientListResponse]) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, name := range sorted(c.sizes) {
			s, sku := c.sizes[name], &armcompute.ResourceSKU{Name: &name, ResourceType: to.Ptr("virtualMachines")}
			for what, x := range map[string]float64{
				"vCPUs": s.VCPU, "MemoryGB": s.Memory, "UncachedDiskIOPS": s.IOPS, "UncachedDiskBytesPerSecond": s.BytesPerSec,
				"CombinedTempDiskAndCachedIOPS": s.CachedIOPS, "CombinedTempDiskAndCachedReadBytesPerSecond": s.CachedPerSec,
			} {
				if x > 0 {
					sku.Capabilities = append(sku.Capabilities, &armcompute.ResourceSKUCapabilities{Name: &what, Value: to.Ptr(fmt.Sprintf("%.0f", x))})
				}
			}
			resp.AddPage(http.StatusOK, armcompute.ResourceSKUsClientListResponse{ResourceSKUsResult: armcompute.ResourceSKUsResult{Value: []*armcompute.ResourceSKU{sku}}}, nil)
		}
		resp.AddPage(http.StatusOK, armcompute.ResourceSKUsClientListResponse{}, nil) // as the last one is, now and then
		return
	}}
}

package vsphere

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/hypervisor/vsphere"
)

const mib = 1 << 20

// properties are what is read of a machine.
var properties = []string{
	"config.changeVersion", "config.hardware", "config.cpuHotAddEnabled", "config.memoryHotAddEnabled", "config.hotPlugMemoryIncrementSize",
	"config.hotPlugMemoryLimit", "config.managedBy", "runtime.powerState", "recentTask",
}

// machine is a virtual machine that runs.
type machine struct {
	ref    types.ManagedObjectReference
	path   string
	config *types.VirtualMachineConfigInfo
	busy   bool // a task is queued or runs
}

func readMachine(ctx context.Context, client *vim25.Client, path string) (*machine, error) {
	vm, err := vsphere.FindMachine(ctx, client, path)
	if err != nil {
		return nil, err
	}
	m := &machine{ref: vm.Reference(), path: path}
	var read mo.VirtualMachine
	collector := property.DefaultCollector(client)
	if err := collector.RetrieveOne(ctx, m.ref, properties, &read); err != nil {
		return nil, err
	}
	switch {
	case read.Config == nil:
		return nil, fmt.Errorf("%s has no configuration that this user may read", path)
	case read.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn:
		return nil, fmt.Errorf("%s is %s; only virtual machines that run are changed", path, read.Runtime.PowerState)
	}
	m.config = read.Config
	if len(read.RecentTask) == 0 {
		return m, nil
	}
	var tasks []mo.Task
	if err := collector.Retrieve(ctx, read.RecentTask, []string{"info.state"}, &tasks); err != nil {
		return nil, err
	}
	for _, task := range tasks {
		m.busy = m.busy || task.Info.State == types.TaskInfoStateQueued || task.Info.State == types.TaskInfoStateRunning
	}
	return m, nil
}

// owner says whose machine it is, or "".
func (m *machine) owner() string {
	if by := m.config.ManagedBy; by != nil && by.ExtensionKey != "" {
		return "the extension " + by.ExtensionKey
	}
	return ""
}

func (m *machine) resource() foreshock.Resource {
	r := foreshock.Resource{Busy: m.busy, Owner: m.owner(), Rules: map[foreshock.Dimension]foreshock.Rule{}}
	r.Allocated.Set(foreshock.DimVCPU, float64(m.config.Hardware.NumCPU))
	r.Allocated.Set(foreshock.DimMemory, float64(m.config.Hardware.MemoryMB)*mib)
	if on := m.config.CpuHotAddEnabled; on != nil && *on {
		cores := float64(max(m.cores(), 1))
		r.Rules[foreshock.DimVCPU] = foreshock.Rule{Min: cores, Quantum: cores}
	}
	if on := m.config.MemoryHotAddEnabled; on != nil && *on {
		step := float64(max(m.config.HotPlugMemoryIncrementSize, 1)) * mib
		r.Rules[foreshock.DimMemory] = foreshock.Rule{Min: step, Max: float64(m.config.HotPlugMemoryLimit) * mib, Quantum: step}
	}
	return r
}

// cores is how many make a socket: processors come by the socket.
func (m *machine) cores() int32 {
	if n := m.config.Hardware.NumCoresPerSocket; n != nil {
		return *n
	}
	return 1
}

func (m *machine) spec(to foreshock.Allocation) (types.VirtualMachineConfigSpec, error) {
	var spec types.VirtualMachineConfigSpec
	rules := m.resource().Rules
	for _, d := range to.Dimensions() {
		if _, ours := rules[d]; !ours {
			return spec, fmt.Errorf("%s of %s cannot be changed while it runs; hot-add is switched on only while it is off", d, m.path)
		}
		x, _ := to.Get(d)
		if d == foreshock.DimVCPU {
			spec.NumCPUs = int32(x)
		} else {
			spec.MemoryMB = int64(x / mib)
		}
	}
	return spec, nil
}

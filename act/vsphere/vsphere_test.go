package vsphere

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/hypervisor/vsphere/vspheretest"
)

const (
	iops   = float64(foreshock.DimIOPS)
	size   = float64(foreshock.DimSize)
	vcpu   = float64(foreshock.DimVCPU)
	memory = float64(foreshock.DimMemory)
	gib    = 1 << 30

	db1  = "DC0_C0_RP0_VM0"
	path = "/DC0/vm/" + db1
)

func amounts(pairs ...float64) (a foreshock.Allocation) {
	for i := 0; i < len(pairs); i += 2 {
		a.Set(foreshock.Dimension(pairs[i]), pairs[i+1])
	}
	return a
}

// rig is a center whose machine db1 has hot-add on, 2 processors, 4 GiB, and a disk of 10 GiB with a limit of 500 IOPS.
type rig struct {
	*vspheretest.Center
	target act.Target
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Center: vspheretest.Start(t)}
	target, err := New(Config{r.Config}, act.Env{Name: "vsphere"})
	if err != nil {
		t.Fatal(err)
	}
	r.target = target
	r.reset(t)
	return r
}

func (r *rig) reset(t *testing.T) {
	t.Helper()
	r.Reset(vspheretest.Fault{})
	yes, limit := true, int64(500)
	r.Machine(t, db1, func(vm *simulator.VirtualMachine) {
		vm.Config.CpuHotAddEnabled, vm.Config.MemoryHotAddEnabled = &yes, &yes
		vm.Config.HotPlugMemoryIncrementSize, vm.Config.HotPlugMemoryLimit = 128, 64*1024
		vm.Config.Hardware.NumCPU, vm.Config.Hardware.MemoryMB = 2, 4096
		disk := vspheretest.Disk(vm)
		disk.CapacityInKB, disk.CapacityInBytes = 10*gib/1024, 10*gib
		disk.StorageIOAllocation = &types.StorageIOAllocationInfo{Limit: &limit, Shares: &types.SharesInfo{Level: "high", Shares: 2000}}
	})
}

// all gives what there is of db1, as text.
func (r *rig) all(t *testing.T) (text string) {
	r.Machine(t, db1, func(vm *simulator.VirtualMachine) {
		disk := vspheretest.Disk(vm)
		shares := "no shares"
		if s := disk.StorageIOAllocation.Shares; s != nil {
			shares = fmt.Sprint(s.Shares)
		}
		text = fmt.Sprintf("%d CPU, %d MB, %d KB, %d IOPS, %s, %d devices", vm.Config.Hardware.NumCPU, vm.Config.Hardware.MemoryMB, disk.CapacityInKB,
			*disk.StorageIOAllocation.Limit, shares, len(vm.Config.Hardware.Device))
	})
	return text
}

func (r *rig) fault(m acttest.Mood) bool {
	f, can := map[acttest.Mood]vspheretest.Fault{
		acttest.Slow:         {Wait: 150 * time.Millisecond},
		acttest.Erring:       {Swallow: true, Status: http.StatusServiceUnavailable},
		acttest.TimingOut:    {Silent: true},
		acttest.Resetting:    {Break: true},
		acttest.FailingLater: {Spoil: true},
		acttest.Lost:         {Swallow: true, Silent: true},
		acttest.Denying:      {Swallow: true, Status: http.StatusInternalServerError, Fault: "NoPermission"},
		acttest.InConflict:   {Swallow: true, Status: http.StatusInternalServerError, Fault: "ConcurrentAccess"},
	}[m]
	r.Reset(f)
	return can
}

func TestTarget(t *testing.T) {
	r := newRig(t)
	f := func(name, resource string, to foreshock.Allocation) {
		t.Run(name, func(t *testing.T) {
			acttest.Run(t, func(t *testing.T) acttest.Subject {
				r.reset(t)
				return acttest.Subject{Target: r.target, Resource: resource, Missing: "/DC0/vm/none", To: to, Calls: r.Calls, Fault: func(m acttest.Mood) bool {
					return (m != acttest.FailingLater || strings.Contains(resource, "#")) && r.fault(m)
				}}
			})
		})
	}
	f("machine", path, amounts(vcpu, 4, memory, 8*gib))
	f("disk", path+"#204", amounts(iops, 1000, size, 20*gib))
}

func TestApply(t *testing.T) {
	r := newRig(t)
	f := func(resource string, to foreshock.Allocation, want string) {
		t.Helper()
		r.reset(t)
		a := foreshock.Action{Resource: resource, To: to}
		if err := r.target.Apply(t.Context(), a); err != nil {
			t.Errorf("%s to %s: %v", resource, to, err)
		}
		if got := r.all(t); got != want {
			t.Errorf("%s to %s: %s, want %s", resource, to, got, want)
		}
		if p, err := r.target.Follow(t.Context(), a); err != nil || !p.Done {
			t.Errorf("%s to %s: read back as %+v, %v", resource, to, p, err)
		}
	}
	f(path, amounts(vcpu, 3), "3 CPU, 4096 MB, 10485760 KB, 500 IOPS, 2000, 13 devices")
	f(path, amounts(vcpu, 3, memory, 5*gib), "3 CPU, 5120 MB, 10485760 KB, 500 IOPS, 2000, 13 devices")
	f(path+"#204", amounts(size, 11*gib), "2 CPU, 4096 MB, 11534336 KB, 500 IOPS, 2000, 13 devices")
}

func TestRead(t *testing.T) {
	r := newRig(t)
	f := func(resource string, change func(*simulator.VirtualMachine), owner string, want ...foreshock.Dimension) {
		t.Helper()
		r.reset(t)
		if change != nil {
			r.Machine(t, db1, change)
		}
		got, err := r.target.Read(t.Context(), resource)
		var ruled []foreshock.Dimension
		for d := range foreshock.Dimension(foreshock.NumDimensions) {
			if _, is := got.Rules[d]; is {
				ruled = append(ruled, d)
			}
		}
		if err != nil || got.Owner != owner || fmt.Sprint(ruled) != fmt.Sprint(want) {
			t.Errorf("%s: %+v, %v", resource, got, err)
		}
	}
	disk := path + "#204"
	f(path, nil, "", foreshock.DimVCPU, foreshock.DimMemory)
	no, cores := false, int32(2)
	f(path, func(vm *simulator.VirtualMachine) { vm.Config.CpuHotAddEnabled = &no }, "", foreshock.DimMemory)
	f(path, func(vm *simulator.VirtualMachine) { vm.Config.MemoryHotAddEnabled = nil }, "", foreshock.DimVCPU)
	f(disk, nil, "", foreshock.DimIOPS, foreshock.DimSize)
	f(disk, func(vm *simulator.VirtualMachine) {
		backing := *vspheretest.Disk(vm).Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		backing.Parent = &types.VirtualDiskFlatVer2BackingInfo{}
		vspheretest.Disk(vm).Backing = &backing
	}, "", foreshock.DimIOPS)
	f(disk, func(vm *simulator.VirtualMachine) {
		vspheretest.Disk(vm).Backing = &types.VirtualDiskRawDiskMappingVer1BackingInfo{}
	}, "")
	f(path, func(vm *simulator.VirtualMachine) {
		vm.Config.ManagedBy = &types.ManagedByInfo{ExtensionKey: "com.example"}
	}, "the extension com.example", foreshock.DimVCPU, foreshock.DimMemory)

	r.reset(t)
	r.Machine(t, db1, func(vm *simulator.VirtualMachine) { vm.Config.Hardware.NumCoresPerSocket = &cores })
	now, err := r.target.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []foreshock.Allocation{amounts(vcpu, 3), amounts(memory, 4.1*gib), amounts(memory, 65*gib), amounts(memory, 2*gib)} {
		if err := r.target.Validate(now, foreshock.Action{To: to}); !errors.Is(err, act.ErrRule) {
			t.Errorf("%s: %v", to, err)
		}
	}
	fails := func(resource string, want error, text string) {
		t.Helper()
		if _, err := r.target.Read(t.Context(), resource); err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want %v: %s", resource, err, want, text)
		}
	}
	fails("/DC0/vm/none", act.ErrNotFound, "none")
	fails(path+"#7", act.ErrNotFound, `no such disk: "7"`)
	r.Machine(t, db1, func(vm *simulator.VirtualMachine) { vm.Runtime.PowerState = types.VirtualMachinePowerStatePoweredOff })
	fails(path, nil, "poweredOff")
	if err := r.target.Apply(t.Context(), foreshock.Action{Resource: path, To: amounts(vcpu, 4)}); !errors.Is(err, act.ErrRefused) || r.Calls() > 0 {
		t.Errorf("a machine that is off: %v after %d calls", err, r.Calls())
	}
}

// Only of what was surely not done it is said that it is not.
func TestErrors(t *testing.T) {
	r := newRig(t)
	f := func(fault vspheretest.Fault, sure bool, want error) {
		t.Helper()
		r.reset(t)
		r.Reset(fault)
		err := r.target.Apply(t.Context(), foreshock.Action{Resource: path + "#204", To: amounts(iops, 1000)})
		surely := errors.Is(err, act.ErrRefused) || errors.Is(err, act.ErrDenied) || errors.Is(err, act.ErrNotFound)
		if err == nil || surely != sure || want != nil && !errors.Is(err, want) {
			t.Errorf("%+v: %v", fault, err)
		}
	}
	const ill = http.StatusInternalServerError
	f(vspheretest.Fault{Break: true}, false, nil)
	f(vspheretest.Fault{Status: ill}, false, nil)
	f(vspheretest.Fault{Spoil: true}, false, nil)
	f(vspheretest.Fault{Swallow: true, Status: ill, Fault: "NoPermission"}, true, act.ErrDenied)
	f(vspheretest.Fault{Swallow: true, Status: ill, Fault: "ManagedObjectNotFound"}, true, act.ErrNotFound)
	f(vspheretest.Fault{Swallow: true, Status: ill, Fault: "TaskInProgress"}, true, act.ErrRefused)
	f(vspheretest.Fault{Swallow: true, Status: ill, Fault: "NotAuthenticated"}, true, act.ErrDenied)
	r.reset(t) // after that, the session is opened again
	if err := r.target.Apply(t.Context(), foreshock.Action{Resource: path, To: amounts(vcpu, 4)}); err != nil {
		t.Error(err)
	}
}

func TestSample(t *testing.T) {
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Factory.New(file.Targets[0].Block.Decode, act.Env{}); err != nil || file.Targets[0].Kind != Factory.Name {
		t.Error(err)
	}
}

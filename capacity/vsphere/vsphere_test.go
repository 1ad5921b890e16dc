package vsphere

import (
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/capacitytest"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/hypervisor/vsphere/vspheretest"
)

const gib = 1 << 30

func amount(d foreshock.Dimension, x float64) (a foreshock.Allocation) {
	a.Set(d, x)
	return a
}

// Two machines of one cluster that run, with 2 processors and 4 GiB each, whose disks lie on one datastore of 100 GiB, of which 90 are provisioned.
func TestPlanner(t *testing.T) {
	c := vspheretest.Start(t)
	for _, name := range []string{"DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1"} {
		c.Machine(t, name, func(vm *simulator.VirtualMachine) {
			vm.Summary.Config.NumCpu, vm.Summary.Config.MemorySizeMB = 2, 4096
		})
	}
	cfg := Defaults()
	for _, found := range c.Model.Map().All("ClusterComputeResource") {
		cluster, _ := found.(*simulator.ClusterComputeResource)
		summary := cluster.Summary.GetComputeResourceSummary()
		cfg.VCPUs, cfg.Memory = 5/float64(summary.NumCpuCores), 11*1024/float64(summary.EffectiveMemory)
	}
	for _, found := range c.Model.Map().All("Datastore") {
		store, _ := found.(*simulator.Datastore)
		store.Summary.Capacity, store.Summary.FreeSpace, store.Summary.Uncommitted = 100*gib, 60*gib, 50*gib
	}
	cfg.Config = c.Config
	p, err := New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	f := func(id, resource string, d foreshock.Dimension, from, to, want float64, why string) {
		t.Helper()
		r := capacity.Request{ID: id, Workload: foreshock.ID(resource), Target: "vsphere", Resource: "/DC0/vm/" + resource, From: amount(d, from), To: amount(d, to)}
		g, err := p.Reserve(t.Context(), now, r)
		if got, _ := g.Granted.Get(d); err != nil || got != want || !strings.Contains(g.Reason, why) {
			t.Errorf("%s: %s to %g: %s (%s), %v", resource, d, to, g.Granted, g.Reason, err)
		}
	}
	const vcpu, memory, size = foreshock.DimVCPU, foreshock.DimMemory, foreshock.DimSize
	f("a", "DC0_C0_RP0_VM0", vcpu, 2, 3, 3, "")
	f("b", "DC0_C0_RP0_VM1", vcpu, 2, 3, 2, "processors of cluster DC0_C0 has 0 vCPU left")
	f("c", "DC0_C0_RP0_VM0", memory, 4*gib, 6*gib, 6*gib, "")
	f("d", "DC0_C0_RP0_VM1", memory, 4*gib, 6*gib, 5*gib, "memory of cluster DC0_C0 has")
	f("e", "DC0_C0_RP0_VM0#204", size, 10*gib, 17*gib, 17*gib, "")
	f("f", "DC0_C0_RP0_VM1#204", size, 10*gib, 17*gib, 13*gib, "datastore LocalDS_0 has 3 GiB left")
	f("g", "DC0_C0_RP0_VM1#204", foreshock.DimIOPS, 100, 1e6, 1e6, "") // a limit costs nothing
	if err := p.Release(t.Context(), now, "a"); err != nil {
		t.Error(err)
	}
	f("h", "DC0_C0_RP0_VM1", vcpu, 2, 3, 3, "")
	for _, resource := range []string{"/DC0/vm/none", "/DC0/vm/DC0_C0_RP0_VM0#7"} {
		r := capacity.Request{ID: "x", Target: "vsphere", Resource: resource, From: amount(size, 1), To: amount(size, 2)}
		if _, err := p.Reserve(t.Context(), now, r); err == nil {
			t.Errorf("%s is granted", resource)
		}
	}
	of := func(resource string) capacity.Request {
		return capacity.Request{Workload: foreshock.ID(resource), Target: "vsphere", Resource: "/DC0/vm/" + resource, From: amount(vcpu, 2)}
	}
	cfg.VCPUs = cfg.VCPUs * 7 / 5
	capacitytest.Run(t, func(t *testing.T) capacitytest.Subject {
		p, err := New(cfg, capacity.Env{})
		if err != nil {
			t.Fatal(err)
		}
		return capacitytest.Subject{Planner: p, First: of("DC0_C0_RP0_VM0"), Second: of("DC0_C0_RP0_VM1"), Dimension: vcpu, Room: 3, Unit: 1, Why: "processors of cluster DC0_C0 has"}
	})
}

func TestSample(t *testing.T) {
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Factory.New(file.Capacity[0].Block.Decode, capacity.Env{}); err != nil {
		t.Error(err)
	}
}

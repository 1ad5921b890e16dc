package libvirt

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/capacitytest"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt/libvirttest"
)

const mib = 1 << 20

func amount(d foreshock.Dimension, x float64) (a foreshock.Allocation) {
	a.Set(d, x)
	return a
}

// Two domains that run, of a processor and 256 MiB each, on one host; their disks of 64 MiB lie in one pool.
func TestPlanner(t *testing.T) {
	d := libvirttest.Start(t)
	for _, name := range []string{"db1", "db2"} {
		d.Define(t, name, libvirttest.Disk(d.Image(t, name+".img", 64*mib), "vda", ""), "")
		d.Run(t, name, true)
	}
	var cpus, memory, storage float64
	d.Do(t, func(l *rpc.Libvirt) error {
		folder := filepath.Dir(d.Console("db1"))
		pool, err := l.StoragePoolCreateXML(fmt.Sprintf("<pool type='dir'><name>images</name><target><path>%s</path></target></pool>", folder), 0)
		if err != nil {
			return err
		}
		_, total, _, _, err := l.StoragePoolGetInfo(pool)
		if err != nil {
			return err
		}
		_, kib, n, _, _, _, _, _, err := l.NodeGetInfo()
		cpus, memory, storage = float64(n), float64(kib)*1024, float64(total)
		return err
	})
	// What else is in the folder counts as well; it is a few KiB.
	cfg := Defaults()
	cfg.Config, cfg.VCPUs, cfg.Memory, cfg.Storage = d.Config, 3/cpus, (512+100)*mib/memory, (128+50)*mib/storage
	p, err := New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	f := func(id, resource string, d foreshock.Dimension, from, to, least, most float64, why string) {
		t.Helper()
		r := capacity.Request{ID: id, Workload: foreshock.ID(resource), Target: "libvirt", Resource: resource, From: amount(d, from), To: amount(d, to)}
		g, err := p.Reserve(t.Context(), now, r)
		if got, _ := g.Granted.Get(d); err != nil || got < least || got > most || !strings.Contains(g.Reason, why) {
			t.Errorf("%s: %s to %g: %s (%s), %v", resource, d, to, g.Granted, g.Reason, err)
		}
	}
	const vcpu, size = foreshock.DimVCPU, foreshock.DimSize
	f("a", "db1", vcpu, 1, 2, 2, 2, "")
	f("b", "db2", vcpu, 1, 2, 1, 1, "the host's processors has 0 vCPU left")
	f("c", "db1", foreshock.DimMemory, 256*mib, 512*mib, 355*mib, 356*mib, "the host's memory has")
	f("d", "db2", foreshock.DimMemory, 256*mib, 512*mib, 256*mib, 257*mib, "the host's memory has")
	f("e", "db1/vda", size, 64*mib, 96*mib, 96*mib, 96*mib, "")
	f("f", "db2/vda", size, 64*mib, 96*mib, 65*mib, 82*mib, "pool images has")
	f("g", "db2/vda", foreshock.DimIOPS, 100, 1e6, 1e6, 1e6, "") // a limit costs nothing
	if err := p.Release(t.Context(), now, "a"); err != nil {
		t.Error(err)
	}
	f("h", "db2", vcpu, 1, 2, 2, 2, "")
	for _, resource := range []string{"none", "none/vda", "db1/vdz"} {
		r := capacity.Request{ID: "x", Target: "libvirt", Resource: resource, From: amount(size, 1), To: amount(size, 2)}
		if _, err := p.Reserve(t.Context(), now, r); err == nil {
			t.Errorf("%s is granted", resource)
		}
	}
	other := capacity.Request{ID: "y", Target: "other", Resource: "z", From: amount(vcpu, 1), To: amount(vcpu, 100)}
	if g, err := p.Reserve(t.Context(), now, other); err != nil || g.Granted != other.To {
		t.Errorf("another target's: %+v, %v", g, err)
	}
	of := func(resource string) capacity.Request {
		return capacity.Request{Workload: foreshock.ID(resource), Target: "libvirt", Resource: "" + resource, From: amount(vcpu, 1)}
	}
	cfg.VCPUs = 5 / cpus
	capacitytest.Run(t, func(t *testing.T) capacitytest.Subject {
		p, err := New(cfg, capacity.Env{})
		if err != nil {
			t.Fatal(err)
		}
		return capacitytest.Subject{Planner: p, First: of("db1"), Second: of("db2"), Dimension: vcpu, Room: 3, Unit: 1, Why: "the host's processors has"}
	})
}

package azure

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/act/acttest/azuretest"
)

func count(n float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimReplicas, n)
	return a
}

// power is vCPU and GiB of memory; what is negative is not stated.
func power(vcpu, memory float64) (a foreshock.Allocation) {
	for d, x := range map[foreshock.Dimension]float64{foreshock.DimVCPU: vcpu, foreshock.DimMemory: memory * gib} {
		if x >= 0 {
			a.Set(d, x)
		}
	}
	return a
}

// change takes an action on a resource to its end.
func (r *rig) change(t *testing.T, resource string, to foreshock.Allocation) {
	t.Helper()
	now := must[foreshock.Resource](t)(r.Read(t.Context(), resource))
	a := foreshock.Action{ID: resource, Resource: resource, From: now.Allocated, To: to}
	if err := errors.Join(r.Validate(now, a), r.Apply(t.Context(), a)); err != nil {
		t.Fatal(err)
	}
	for {
		p := must[act.Progress](t)(r.Follow(t.Context(), a))
		if p.Done {
			return
		}
		if !p.UnderWay {
			t.Fatalf("%+v", p)
		}
		time.Sleep(r.cloud.Updating / 4)
	}
}

func newSet(t *testing.T, s azuretest.ScaleSet) *rig {
	t.Helper()
	r := newRig(t, Defaults(), azuretest.Disk{})
	r.cloud.AddScaleSet("prod/web", s)
	return r
}

func TestScaleSetsPassTheKit(t *testing.T) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		r := newSet(t, azuretest.ScaleSet{Capacity: 2, Single: true})
		return acttest.Subject{Target: r.Target, Resource: "vmss/prod/web", Missing: "vmss/prod/none", To: count(4), CallTimeout: azureTakes, Calls: r.calls, Fault: r.fault}
	})
}

// Within what a scale set may have, in place of what was seen only.
func TestScaleSets(t *testing.T) {
	f := func(s azuretest.ScaleSet, most float64, owner string) {
		t.Helper()
		r := newSet(t, s)
		r.cloud.Autoscale("prod/other", true)
		r.cloud.Autoscale("prod/web", owner == "the autoscale setting by-cpu")
		now, err := r.Read(t.Context(), "vmss/prod/web")
		if err != nil || now.Rules[foreshock.DimReplicas].Max != most || now.Owner != owner {
			t.Errorf("%+v: %+v, %v", s, now, err)
		}
	}
	f(azuretest.ScaleSet{Capacity: 2, Single: true}, 100, "")
	f(azuretest.ScaleSet{Capacity: 2}, 1000, "")
	f(azuretest.ScaleSet{Capacity: 2, Flexible: true}, 1000, "the autoscale setting by-cpu")
	f(azuretest.ScaleSet{Capacity: 2, Tags: map[string]string{"aks-managed-poolName": "a"}}, 1000, "Azure Kubernetes Service")

	r := newSet(t, azuretest.ScaleSet{Capacity: 2})
	a := foreshock.Action{Resource: "vmss/prod/web", From: count(2), To: count(3)}
	if err := r.Apply(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if c := r.cloud.Calls()[0]; c.IfMatch != `"0"` || !strings.Contains(c.Body, `"capacity":3`) {
		t.Errorf("%+v", c)
	}
	if err := r.Apply(t.Context(), a); !errors.Is(err, act.ErrRefused) || r.calls() != 1 {
		t.Errorf("a stale change: %v, %d calls", err, r.calls())
	}
	r.cloud.ChangeScaleSet("prod/web", func(s *azuretest.ScaleSet) { s.Capacity = 5 })
	x := &sets{target: r.Target, api: must[calls](t)(newCalls(r.account))}
	s := must[foreshock.Resource](t)(x.Read(t.Context(), "vmss/prod/web"))
	if s.Allocated != count(5) {
		t.Errorf("%+v", s)
	}
}

// newMachine is one of two vCPU, with sizes that it may have.
func newMachine(t *testing.T, stop bool, v azuretest.VM) *rig {
	t.Helper()
	cfg := Defaults()
	cfg.Sizes, cfg.Stop = []string{"standard_d2s_v5", "Standard_D4s_v5", "Standard_D8s_v5"}, stop
	r := newRig(t, cfg, azuretest.Disk{})
	v.Size = "Standard_D2s_v5"
	r.cloud.AddVM("prod/db", v)
	r.cloud.AddSize("Standard_D2s_v5", azuretest.Size{VCPU: 2, Memory: 8})
	r.cloud.AddSize("Standard_D4s_v5", azuretest.Size{VCPU: 4, Memory: 16})
	r.cloud.AddSize("Standard_D8s_v5", azuretest.Size{VCPU: 8, Memory: 32})
	r.cloud.AddSize("Standard_D16s_v5", azuretest.Size{VCPU: 16, Memory: 64})
	return r
}

func TestMachinesPassTheKit(t *testing.T) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		r := newMachine(t, true, azuretest.VM{})
		return acttest.Subject{Target: r.Target, Resource: "vm/prod/db", Missing: "vm/prod/none", To: power(4, 16), CallTimeout: azureTakes, Calls: r.calls, Fault: r.fault}
	})
}

// The smallest size that is allowed and has at least what was asked for; nothing where a restart is not allowed, or who would be hurt by it owns the machine.
func TestMachines(t *testing.T) {
	f := func(stop bool, v azuretest.VM, to foreshock.Allocation, want string) {
		t.Helper()
		r := newMachine(t, stop, v)
		now := must[foreshock.Resource](t)(r.Read(t.Context(), "vm/prod/db"))
		if now.Allocated != power(2, 8) {
			t.Fatalf("%+v", now)
		}
		a := foreshock.Action{Resource: "vm/prod/db", From: now.Allocated, To: to}
		err := r.Apply(t.Context(), a)
		if got := strings.Join(bodies(r), " "); got != want || (err == nil) != (want != "") || err != nil && !act.Sure(err) {
			t.Errorf("to %s: %q, %v; want %q", to, got, err, want)
		}
	}
	size := func(name string) string { return `{"properties":{"hardwareProfile":{"vmSize":"` + name + `"}}}` }
	f(true, azuretest.VM{}, power(4, 16), size("Standard_D4s_v5"))
	f(true, azuretest.VM{}, power(3, -1), size("Standard_D4s_v5"))
	f(true, azuretest.VM{}, power(-1, 17), size("Standard_D8s_v5"))
	f(true, azuretest.VM{}, power(9, -1), "") // such a size is not one of vm_sizes
	f(true, azuretest.VM{}, power(2, -1), "") // it is the smallest for that
	f(true, azuretest.VM{Elsewhere: []string{"Standard_D4s_v5"}}, power(4, -1), size("Standard_D8s_v5"))
	f(false, azuretest.VM{}, power(4, -1), "")
	f(false, azuretest.VM{Deallocated: true, Elsewhere: []string{"Standard_D4s_v5"}}, power(4, -1), size("Standard_D4s_v5"))
	f(true, azuretest.VM{Spot: true}, power(4, -1), "")
	f(true, azuretest.VM{Set: "prod/web"}, power(4, -1), "")
	f(true, azuretest.VM{Ephemeral: true}, power(4, -1), "")

	r := newMachine(t, false, azuretest.VM{})
	if now := must[foreshock.Resource](t)(r.Read(t.Context(), "vm/prod/db")); len(now.Rules) != 0 {
		t.Errorf("one that may not be restarted has rules: %+v", now)
	}
	r = newMachine(t, true, azuretest.VM{})
	r.change(t, "vm/prod/db", power(8, -1))
	if v := r.cloud.VM("prod/db"); v.Size != "Standard_D8s_v5" || r.cloud.Calls()[0].IfMatch != `"0"` {
		t.Errorf("%+v, %+v", v, r.cloud.Calls())
	}
}

func bodies(r *rig) (list []string) {
	for _, c := range r.cloud.Calls() {
		list = append(list, c.Body)
	}
	return list
}

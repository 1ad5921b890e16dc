package gcp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/act/acttest/gcptest"
)

const vm = "europe-west4-a/db"

// power is vCPU and GiB of memory; what is negative is not stated.
func power(vcpu, memory float64) (a foreshock.Allocation) {
	for d, x := range map[foreshock.Dimension]float64{foreshock.DimVCPU: vcpu, foreshock.DimMemory: memory * gib} {
		if x >= 0 {
			a.Set(d, x)
		}
	}
	return a
}

// newMachine is an instance of two vCPU, in a target in which no stop takes long.
func newMachine(t *testing.T, stop bool, i gcptest.Instance) (*rig, *machines) {
	t.Helper()
	engine := gcptest.New(nil)
	engine.Delay = 10 * time.Millisecond
	for name, cpus := range map[string]int{"n4-standard-2": 2, "n4-standard-4": 4, "n4-standard-8": 8} {
		engine.AddMachineType(name, gcptest.MachineType{CPUs: cpus, Memory: cpus * 4096})
	}
	i.Type = "n4-standard-2"
	engine.AddInstance(vm, i)
	engine.Role = role(t, "foreshock instances")
	r := newRig(t, Config{MachineTypes: []string{"n4-standard-2", "n4-standard-4", "n4-standard-8"}, Stop: stop}, engine)
	for _, k := range r.List {
		if m, ok := k.(*machines); ok {
			m.leastTime, m.every = 0, 5*time.Millisecond
			return r, m
		}
	}
	t.Fatal("no instances")
	return nil, nil
}

// sequence is what was asked for.
func (r *rig) sequence() string {
	var list []string
	for _, c := range r.faults.Calls() {
		path, _, _ := strings.Cut(c.Path, "?")
		verb := path[strings.LastIndex(path, "/")+1:]
		if _, kind, typed := strings.Cut(c.Body, "machineTypes/"); typed {
			verb += " " + strings.TrimRight(kind, `"} `)
		}
		list = append(list, verb)
	}
	return strings.Join(slices.Compact(list), ", ") // it is tried to start until the type is changed
}

func TestMachinesPassTheKit(t *testing.T) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		r, _ := newMachine(t, true, gcptest.Instance{})
		r.faults.Only("/setMachineType")
		return r.subject("vm/"+vm, "vm/europe-west4-a/none", power(4, 16), nil)
	})
}

func TestMachines(t *testing.T) {
	f := func(stop bool, i gcptest.Instance, to foreshock.Allocation, want string, change func(*machines) context.Context) {
		t.Helper()
		r, m := newMachine(t, stop, i)
		now, err := r.Read(t.Context(), "vm/"+vm)
		if err != nil || now.Allocated != power(2, 8) {
			t.Fatalf("%+v, %v", now, err)
		}
		ctx := t.Context()
		if change != nil {
			ctx = change(m)
		}
		err = r.Apply(ctx, foreshock.Action{ID: "a", Resource: "vm/" + vm, From: now.Allocated, To: to})
		if got := r.sequence(); got != want || (err == nil) != (want != "") || err != nil && !act.Sure(err) {
			t.Errorf("to %s: %q, %v; want %q", to, got, err, want)
		}
	}
	var none gcptest.Instance
	off := gcptest.Instance{State: "TERMINATED"}
	f(true, none, power(4, 16), "stop, setMachineType n4-standard-4, start", nil)
	f(true, none, power(3, -1), "stop, setMachineType n4-standard-4, start", nil) // the smallest that has at least as much
	f(true, none, power(-1, 17), "stop, setMachineType n4-standard-8, start", nil)
	f(true, none, power(9, -1), "", nil)
	f(true, none, power(2, -1), "", nil) // it is the smallest for that
	f(false, none, power(4, -1), "", nil)
	f(false, off, power(4, -1), "setMachineType n4-standard-4", nil) // it is stopped already
	f(true, gcptest.Instance{State: "STOPPING"}, power(4, -1), "", nil)
	f(true, gcptest.Instance{Spot: true}, power(4, -1), "", nil)
	f(true, none, power(4, -1), "", func(m *machines) context.Context { // there is too little time for a stop
		m.leastTime = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		t.Cleanup(cancel)
		return ctx
	})

	// A change that is refused leaves the instance running, as it was.
	r, _ := newMachine(t, true, none)
	r.engine.Role = slices.DeleteFunc(r.engine.Role, func(right string) bool { return right == "compute.instances.setMachineType" })
	err := r.Apply(t.Context(), foreshock.Action{ID: "a", Resource: "vm/" + vm, From: power(2, 8), To: power(4, 16)})
	if got := r.sequence(); !errors.Is(err, act.ErrDenied) || !strings.HasPrefix(got, "stop, setMachineType n4-standard-4, start") {
		t.Errorf("%v, %s", err, got)
	}
	// One that may not be stopped has no rules.
	r, _ = newMachine(t, false, none)
	if now, err := r.Read(t.Context(), "vm/"+vm); err != nil || len(now.Rules) != 0 {
		t.Errorf("%+v, %v", now, err)
	}
	// The role is enough for a change as a whole, and no right of it is too much.
	r, _ = newMachine(t, true, none)
	if _, err := r.Follow(t.Context(), foreshock.Action{ID: "b", Resource: "vm/" + vm, To: power(8, -1)}); err != nil {
		t.Error(err)
	}
	if err := r.Apply(t.Context(), foreshock.Action{ID: "a", Resource: "vm/" + vm, From: power(2, 8), To: power(4, 16)}); err != nil {
		t.Error(err)
	}
	if used := r.engine.Used(); !slices.Equal(used, r.engine.Role) {
		t.Errorf("used are %v, the README has %v", used, r.engine.Role)
	}
}

// Who would be hurt by a stop owns the instance.
func TestOwnersOfInstances(t *testing.T) {
	f := func(i gcptest.Instance, want string) {
		t.Helper()
		r, _ := newMachine(t, true, i)
		if now, err := r.Read(t.Context(), "vm/"+vm); err != nil || now.Owner != want {
			t.Errorf("%q, %v; want %q", now.Owner, err, want)
		}
	}
	f(gcptest.Instance{}, "")
	f(gcptest.Instance{Group: "web"}, "the managed instance group web")
	f(gcptest.Instance{Spot: true}, "the spot market, which may end it,")
	f(gcptest.Instance{LocalSSD: true}, "its local SSD, which would be lost with a stop,")
}

// A program that died in the middle of a change leaves an instance of which the next one says what is the matter.
func TestFollowMachine(t *testing.T) {
	f := func(kind, state string, done, underWay bool, note string) {
		t.Helper()
		r, _ := newMachine(t, true, gcptest.Instance{})
		r.engine.AddInstance(vm, gcptest.Instance{Type: kind, State: state})
		p, err := r.Follow(t.Context(), foreshock.Action{ID: "a", Resource: "vm/" + vm, To: power(4, -1)})
		if err != nil || p.Done != done || p.UnderWay != underWay || p.Note != note {
			t.Errorf("%s, %s: %+v, %v", kind, state, p, err)
		}
	}
	f("n4-standard-2", "RUNNING", false, false, "")
	f("n4-standard-2", "STOPPING", false, true, "its type is n4-standard-2 still, and it is STOPPING: if it stays so, start it")
	f("n4-standard-4", "TERMINATED", false, true, "its type is n4-standard-4, and it is TERMINATED")
	f("n4-standard-4", "STAGING", false, true, "its type is n4-standard-4, and it is STAGING")
	f("n4-standard-4", "RUNNING", true, false, "")
}

package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/act/acttest/awstest"
)

// power is vCPU and GiB of memory; what is negative is not stated.
func power(vcpu, memory float64) (a foreshock.Allocation) {
	for d, x := range map[foreshock.Dimension]float64{foreshock.DimVCPU: vcpu, foreshock.DimMemory: memory * gib} {
		if x >= 0 {
			a.Set(d, x)
		}
	}
	return a
}

// newMachine starts an instance of two vCPU, in a target in which no stop takes long.
func newMachine(t *testing.T, moto *awstest.Server, stop bool, changes ...string) (*motoRig, *machines, string) {
	t.Helper()
	cfg := Defaults()
	cfg.Instances, cfg.Stop = []string{"m5.large", "m5.xlarge", "m5.2xlarge"}, stop
	r := newMotoRigOf(t, moto, cfg, changes...)
	var m *machines
	for _, k := range r.List {
		if found, ok := k.(*machines); ok {
			m = found
			m.leastTime, m.every = 0, 5*time.Millisecond
		}
	}
	out := must[*ec2.RunInstancesOutput](t)(ec2.NewFromConfig(r.sdk).RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: sdk.String("ami-12c6146b"), InstanceType: types.InstanceTypeM5Large, MinCount: sdk.Int32(1), MaxCount: sdk.Int32(1),
	}))
	return r, m, *out.Instances[0].InstanceId
}

func testMotoMachines(t *testing.T, moto *awstest.Server) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		r, _, id := newMachine(t, moto, true, "ModifyInstanceAttribute")
		return acttest.Subject{Target: r.Target, Resource: id, Missing: "i-0000000000000dead", To: power(4, 16), CallTimeout: motoTakes, Calls: r.calls, Fault: r.fault}
	})
	sequence := func(r *motoRig) string {
		var list []string
		for _, form := range r.faults.Calls() {
			list = append(list, strings.TrimSpace(form.Get("Action")+" "+form.Get("InstanceType.Value")))
		}
		return strings.Join(list, ", ")
	}
	all := []string{"StopInstances", "ModifyInstanceAttribute", "StartInstances"}
	f := func(stop bool, to foreshock.Allocation, want string, change func(*motoRig, *machines, string) context.Context) {
		t.Helper()
		r, m, id := newMachine(t, moto, stop, all...)
		now, err := r.Read(t.Context(), id)
		if err != nil || now.Allocated != power(2, 8) {
			t.Fatalf("%+v, %v", now, err)
		}
		ctx := t.Context()
		if change != nil {
			ctx = change(r, m, id)
		}
		err = r.Apply(ctx, foreshock.Action{Resource: id, From: now.Allocated, To: to})
		if got := sequence(r); got != want || (err == nil) != (want != "") || err != nil && !act.Sure(err) {
			t.Errorf("to %s: %q, %v; want %q", to, got, err, want)
		}
	}
	f(true, power(4, 16), "StopInstances, ModifyInstanceAttribute m5.xlarge, StartInstances", nil)
	f(true, power(3, -1), "StopInstances, ModifyInstanceAttribute m5.xlarge, StartInstances", nil) // the smallest that has at least as much
	f(true, power(-1, 17), "StopInstances, ModifyInstanceAttribute m5.2xlarge, StartInstances", nil)
	f(true, power(9, -1), "", nil)
	f(true, power(2, -1), "", nil) // it is the smallest for that
	f(false, power(4, -1), "", nil)
	f(false, power(4, -1), "ModifyInstanceAttribute m5.xlarge", func(r *motoRig, _ *machines, id string) context.Context { // it is stopped already
		direct := r.sdk.Copy() // past Faults, which count
		direct.BaseEndpoint = &moto.URL
		must[*ec2.StopInstancesOutput](t)(ec2.NewFromConfig(direct).StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{id}}))
		return t.Context()
	})
	f(true, power(4, -1), "", func(_ *motoRig, m *machines, _ string) context.Context { // there is too little time for a stop
		m.leastTime = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		t.Cleanup(cancel)
		return ctx
	})

	// A change that is refused leaves the instance running, as it was.
	r, _, id := newMachine(t, moto, true, "ModifyInstanceAttribute")
	r.faults.SetMood(acttest.Denying)
	err := r.Apply(t.Context(), foreshock.Action{Resource: id, From: power(2, 8), To: power(4, 16)})
	p, err2 := r.Follow(t.Context(), foreshock.Action{Resource: id, To: power(4, 16)})
	now, err3 := r.Read(t.Context(), id)
	if !errors.Is(err, act.ErrDenied) || err2 != nil || err3 != nil || p.Done || p.UnderWay || now.Busy || now.Allocated != power(2, 8) {
		t.Errorf("%v; %+v, %v; %+v, %v", err, p, err2, now, err3)
	}
	// One that may not be stopped has no rules.
	r, _, id = newMachine(t, moto, false)
	if now, err := r.Read(t.Context(), id); err != nil || len(now.Rules) != 0 {
		t.Errorf("%+v, %v", now, err)
	}
}

// Who would be hurt by a stop owns the instance.
func TestOwnersOfInstances(t *testing.T) {
	f := func(raw types.Instance, want string) {
		t.Helper()
		if got := ownerOf(raw); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(types.Instance{}, "")
	f(types.Instance{Tags: []types.Tag{{Key: sdk.String("aws:autoscaling:groupName"), Value: sdk.String("web")}}}, "the Auto Scaling group web")
	f(types.Instance{InstanceLifecycle: types.InstanceLifecycleTypeSpot}, "the spot market, which may end it,")
	f(types.Instance{RootDeviceType: types.DeviceTypeInstanceStore}, "its instance store, which would be lost with a stop,")
	f(types.Instance{Operator: &types.OperatorResponse{Managed: sdk.Bool(true), Principal: sdk.String("eks.amazonaws.com")}}, "the operator eks.amazonaws.com")
}

// A program that died in the middle of a change leaves an instance of which the next one says what is the matter.
func TestFollowMachine(t *testing.T) {
	state, kind := "", ""
	server := httptest.NewServer(answers(func(form) string {
		return fmt.Sprintf("<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><instanceType>%s</instanceType><instanceState><name>%s</name></instanceState></item></instancesSet></item></reservationSet></DescribeInstancesResponse>", kind, state)
	}))
	t.Cleanup(server.Close)
	credentials(t, server.URL)
	cfg := Defaults()
	cfg.Instances, cfg.Stop = []string{"m5.large", "m5.xlarge"}, true
	target := must[*Target](t)(New(cfg, act.Env{}))
	for _, k := range target.List {
		if m, ok := k.(*machines); ok {
			for name, vcpu := range map[string]int32{"m5.large": 2, "m5.xlarge": 4} {
				m.instances.known.Put(name, types.InstanceTypeInfo{VCpuInfo: &types.VCpuInfo{DefaultVCpus: sdk.Int32(vcpu)}})
			}
		}
	}
	f := func(k, s string, done, underWay bool, note string) {
		t.Helper()
		kind, state = k, s
		p, err := target.Follow(t.Context(), foreshock.Action{Resource: "i-1", To: power(4, -1)})
		if err != nil || p.Done != done || p.UnderWay != underWay || p.Note != note {
			t.Errorf("%s, %s: %+v, %v", k, s, p, err)
		}
	}
	f("m5.large", "running", false, false, "")
	f("m5.large", "stopping", false, true, "its type is m5.large still, and it is stopping: if it stays so, start it")
	f("m5.xlarge", "stopped", false, true, "its type is m5.xlarge, and it is stopped")
	f("m5.xlarge", "pending", false, true, "its type is m5.xlarge, and it is pending")
	f("m5.xlarge", "running", true, false, "")
}

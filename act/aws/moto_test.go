package aws

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/act/acttest/awstest"
)

// changes are the calls that change something.
var changes = []string{"ModifyVolume", "SetDesiredCapacity", "ModifyDBInstance", "ModifyInstanceAttribute"}

// motoTakes is more than moto takes for an answer on a busy machine.
const motoTakes = time.Second

// motoRig is a target whose services are moto's, through Faults.
type motoRig struct {
	*Target
	faults *awstest.Faults
}

func newMotoRig(t *testing.T, moto *awstest.Server) *motoRig {
	t.Helper()
	return newMotoRigOf(t, moto, Defaults(), changes...)
}

func newMotoRigOf(t *testing.T, moto *awstest.Server, cfg Config, changes ...string) *motoRig {
	t.Helper()
	r := &motoRig{faults: awstest.NewFaults(moto, changes...)}
	server := httptest.NewServer(r.faults)
	t.Cleanup(func() { r.faults.Close(); server.Close() })
	credentials(t, server.URL)
	var err error
	if r.Target, err = New(cfg, act.Env{Name: "cloud"}); err != nil {
		t.Fatal(err)
	}
	return r
}

// fault sets a mood that Faults can do by itself.
func (r *motoRig) fault(m acttest.Mood) bool {
	r.faults.SetMood(m)
	return m != acttest.FailingLater && m != acttest.AcceptsOnly
}

func (r *motoRig) calls() int { return len(r.faults.Calls()) }

// must is for what only prepares a test.
func must[T any](t *testing.T) func(x T, err error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func TestMoto(t *testing.T) {
	moto := awstest.Moto(t)
	t.Run("volumes", func(t *testing.T) { testMotoVolumes(t, moto) })
	t.Run("groups", func(t *testing.T) { testMotoGroups(t, moto) })
	t.Run("owned groups", func(t *testing.T) { testMotoOwnedGroups(t, moto) })
	t.Run("machines", func(t *testing.T) { testMotoMachines(t, moto) })
	t.Run("databases", func(t *testing.T) { testMotoDatabases(t, moto) })
}

func testMotoVolumes(t *testing.T, moto *awstest.Server) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		r := newMotoRig(t, moto)
		v := must[*ec2.CreateVolumeOutput](t)(ec2.NewFromConfig(r.sdk).CreateVolume(t.Context(), &ec2.CreateVolumeInput{
			AvailabilityZone: sdk.String("eu-west-1a"), VolumeType: ec2types.VolumeTypeGp3, Size: sdk.Int32(100), Iops: sdk.Int32(3000), Throughput: sdk.Int32(125),
		}))
		return acttest.Subject{
			Target: r.Target, Resource: *v.VolumeId, Missing: "vol-0000000000000dead", To: amounts(4600, 300, -1),
			CallTimeout: motoTakes, Calls: r.calls, Fault: r.fault,
		}
	})
}

func count(n float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimReplicas, n)
	return a
}

// newGroup makes a group of two instances, at most six.
func newGroup(t *testing.T, r *motoRig, c *autoscaling.Client) string {
	t.Helper()
	name := strings.NewReplacer("/", "-", " ", "-", "_", "-").Replace(t.Name())
	must[*autoscaling.CreateLaunchConfigurationOutput](t)(c.CreateLaunchConfiguration(t.Context(), &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: &name, ImageId: sdk.String("ami-12c6146b"), InstanceType: sdk.String("t3.micro"),
	}))
	must[*autoscaling.CreateAutoScalingGroupOutput](t)(c.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, LaunchConfigurationName: &name, MinSize: sdk.Int32(1), MaxSize: sdk.Int32(6), DesiredCapacity: sdk.Int32(2),
		AvailabilityZones: []string{"eu-west-1a"}, DefaultCooldown: sdk.Int32(60),
	}))
	return name
}

func testMotoGroups(t *testing.T, moto *awstest.Server) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		r := newMotoRig(t, moto)
		name := newGroup(t, r, autoscaling.NewFromConfig(r.sdk))
		return acttest.Subject{Target: r.Target, Resource: "asg/" + name, Missing: "asg/none", To: count(4), CallTimeout: motoTakes, Calls: r.calls, Fault: r.fault}
	})
}

// A group that a scaling policy or somebody else sets is left alone; new instances work after the group's warm-up.
func testMotoOwnedGroups(t *testing.T, moto *awstest.Server) {
	r := newMotoRig(t, moto)
	c := autoscaling.NewFromConfig(r.sdk)
	name := newGroup(t, r, c)
	owner := func(want string) {
		t.Helper()
		now, err := r.Read(t.Context(), "asg/"+name)
		if err != nil || now.Owner != want {
			t.Errorf("%+v, %v; want the owner %q", now, err, want)
		}
	}
	owner("")
	begin := time.Now()
	a := foreshock.Action{ID: "a", Resource: "asg/" + name, From: count(2), To: count(3)}
	if err := r.Apply(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	p, err := r.Follow(t.Context(), a)
	if err != nil || !p.Done || p.Works.Before(begin.Add(time.Minute)) || p.Works.After(time.Now().Add(time.Minute)) {
		t.Errorf("%+v, %v", p, err)
	}
	if form := r.faults.Calls()[0]; form.Get("HonorCooldown") != "false" || form.Get("DesiredCapacity") != "3" {
		t.Errorf("sent %v", form)
	}
	if err := r.Apply(t.Context(), a); !errors.Is(err, act.ErrRefused) || r.calls() != 1 {
		t.Errorf("a stale change: %v, %d calls", err, r.calls())
	}
	must[*autoscaling.PutScalingPolicyOutput](t)(c.PutScalingPolicy(t.Context(), &autoscaling.PutScalingPolicyInput{
		AutoScalingGroupName: &name, PolicyName: sdk.String("cpu"), PolicyType: sdk.String("TargetTrackingScaling"),
		TargetTrackingConfiguration: &types.TargetTrackingConfiguration{
			TargetValue: sdk.Float64(50), PredefinedMetricSpecification: &types.PredefinedMetricSpecification{PredefinedMetricType: types.MetricTypeASGAverageCPUUtilization},
		},
	}))
	owner("the scaling policy cpu (TargetTrackingScaling)")
	must[*autoscaling.SuspendProcessesOutput](t)(c.SuspendProcesses(t.Context(), &autoscaling.SuspendProcessesInput{
		AutoScalingGroupName: &name, ScalingProcesses: []string{"Launch"},
	}))
	owner("whoever suspended the process Launch")
}

func TestWarmUp(t *testing.T) {
	f := func(warmUpSeconds, cooldown *int32, want time.Duration) {
		t.Helper()
		if got := warmUp(types.AutoScalingGroup{DefaultInstanceWarmup: warmUpSeconds, DefaultCooldown: cooldown}); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	f(nil, nil, 5*time.Minute)
	f(nil, sdk.Int32(60), time.Minute)
	f(sdk.Int32(0), sdk.Int32(60), 0)
	f(sdk.Int32(90), sdk.Int32(60), 90*time.Second)
	f(sdk.Int32(-1), sdk.Int32(60), time.Minute)
}

func testMotoDatabases(t *testing.T, moto *awstest.Server) {
	n := 0
	make := func(t *testing.T, kind string, size, iops, throughput int32) (*motoRig, string) {
		r := newMotoRig(t, moto)
		n++
		name := fmt.Sprintf("orders-%d", n)
		in := &rds.CreateDBInstanceInput{
			DBInstanceIdentifier: &name, DBInstanceClass: sdk.String("db.m5.large"), Engine: sdk.String("postgres"), MasterUsername: sdk.String("admin"),
			MasterUserPassword: sdk.String("a-long-password"), AllocatedStorage: &size, StorageType: &kind,
		}
		if iops > 0 {
			in.Iops = &iops
		}
		if throughput > 0 {
			in.StorageThroughput = &throughput
		}
		must[*rds.CreateDBInstanceOutput](t)(rds.NewFromConfig(r.sdk).CreateDBInstance(t.Context(), in))
		return r, "rds/" + name
	}
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		r, name := make(t, "io1", 200, 3000, 0)
		return acttest.Subject{Target: r.Target, Resource: name, Missing: "rds/none", To: amounts(4600, -1, 220), CallTimeout: motoTakes, Calls: r.calls, Fault: r.fault}
	})
	f := func(kind string, size, iops, throughput int32, to foreshock.Allocation, sent string) {
		t.Helper()
		r, name := make(t, kind, size, iops, throughput)
		now, err := r.Read(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		a := foreshock.Action{ID: "a", Resource: name, From: now.Allocated, To: to}
		if err = r.Validate(now, a); err == nil {
			err = r.Apply(t.Context(), a)
		}
		got := ""
		for _, form := range r.faults.Calls() {
			got = strings.Join([]string{form.Get("StorageType"), form.Get("AllocatedStorage"), form.Get("Iops"), form.Get("StorageThroughput"), form.Get("ApplyImmediately")}, " ")
		}
		if got != sent || (err == nil) != (sent != "") || err != nil && !errors.Is(err, act.ErrRule) {
			t.Errorf("%s of %d GiB to %s: sent %q, %v; want %q", kind, size, to, got, err, sent)
		}
	}
	const same = -1
	f("io1", 200, 3000, 0, amounts(same, same, 220), "io1 220 3000  true")
	f("io1", 200, 3000, 0, amounts(same, same, 219), "") // 10 % at least
	f("io1", 205, 3000, 0, amounts(same, same, 225), "") // 225.5
	f("io1", 205, 3000, 0, amounts(same, same, 226), "io1 226 3000  true")
	f("io1", 200, 3000, 0, amounts(10000, same, same), "io1 200 10000  true")
	f("io1", 200, 3000, 0, amounts(10001, same, same), "")
	f("io1", 200, 3000, 0, amounts(same, 500, same), "")
	f("gp3", 100, 0, 0, amounts(12000, same, same), "") // from 400 GiB on
	f("gp3", 400, 12000, 500, amounts(16000, 1000, same), "gp3 400 16000 1000 true")
	f("gp3", 400, 12000, 500, amounts(16000, same, 440), "gp3 440 16000 500 true")
	f("gp3", 400, 12000, 500, amounts(same, 3001, same), "")
}

// Between what is asked for and what works, a database says how it is; storage that scales by itself is left to RDS.
func TestDatabaseStates(t *testing.T) {
	status, scales, extra := "available", "", ""
	server := httptest.NewServer(answers(func(form) string {
		return "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceIdentifier>db</DBInstanceIdentifier><DBInstanceStatus>" + status +
			"</DBInstanceStatus><AllocatedStorage>220</AllocatedStorage><StorageType>io1</StorageType><Iops>4600</Iops>" + scales + extra +
			"</DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>"
	}))
	t.Cleanup(server.Close)
	credentials(t, server.URL)
	target, err := New(Defaults(), act.Env{Name: "cloud"})
	if err != nil {
		t.Fatal(err)
	}
	f := func(busy, done, underWay bool) {
		t.Helper()
		now, err := target.Read(t.Context(), "rds/db")
		if err != nil || now.Busy != busy {
			t.Errorf("%s: %+v, %v", status, now, err)
		}
		p, err := target.Follow(t.Context(), foreshock.Action{Resource: "rds/db", To: amounts(4600, -1, 220)})
		if err != nil || p.Done != done || p.UnderWay != underWay || p.Failed {
			t.Errorf("%s: %+v, %v", status, p, err)
		}
	}
	f(false, true, false)
	for _, status = range []string{"modifying", "storage-optimization", "rebooting"} {
		f(true, false, true)
	}
	status, extra = "available", "<PendingModifiedValues><Iops>5000</Iops></PendingModifiedValues>"
	f(true, false, true)
	status, extra = "storage-full", ""
	f(false, true, false)
	scales = "<MaxAllocatedStorage>1000</MaxAllocatedStorage>"
	now, err := target.Read(t.Context(), "rds/db")
	if _, ruled := now.Rules[foreshock.DimSize]; err != nil || ruled || len(now.Rules) != 1 {
		t.Errorf("%+v, %v", now, err)
	}
	target.Recount(&now, []time.Time{time.Now(), time.Now()})
	if now.Budget.Left != 2 || !now.Budget.Limited {
		t.Errorf("%+v", now.Budget)
	}
}

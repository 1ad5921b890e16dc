package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"

	"github.com/foreshock-io/foreshock/hypervisor/vsphere/vspheretest"
)

const vsphereConfig = `
mode: auto
step: 100ms
log: {level: warn}
sources:
  - remotewrite: {rules: %[1]s, step: 100ms, lateness: 20ms}
profile: {trusted_steps: 20}
detect: {severity: {medium_steps: 1, high_steps: 1}}
capacity:
  - vsphere: {%[2]s, targets: [center], vcpus: %[3]g}
targets:
  - name: center
    vsphere: {%[2]s}
executor: {settle: 10s, follow_every: 20ms, follow_at_most: 50ms}
policies:
  - name: machines
    match: ["vol/*"]
    mode: auto
    target: center
    resource: /DC0/vm/DC0_C0_RP0_VM0
    consent: true # processors cannot be taken out again
    bounds: {vcpu: {max: 4, step: 100%%}}
    lead_time: 100ms
    cooldown: 100ms
`

// TestMachineOfVSphere is a virtual machine of a simulated vCenter from its samples to the verdict: two processors are not enough for the load, twice
// as many are wanted, the cluster has one left, and that one is plugged in and helps. When more are needed none is left: the center is not asked.
func TestMachineOfVSphere(t *testing.T) {
	t.Parallel()
	const db1, db2 = "DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1"
	center := vspheretest.Start(t)
	for _, name := range []string{db1, db2} {
		center.Machine(t, name, func(vm *simulator.VirtualMachine) {
			yes := true
			vm.Config.CpuHotAddEnabled = &yes
			vm.Config.Hardware.NumCPU, vm.Summary.Config.NumCpu = 2, 2
		})
	}
	cores := 0.0
	for _, found := range center.Model.Map().All("ClusterComputeResource") {
		if cluster, is := found.(*simulator.ClusterComputeResource); is {
			cores = float64(cluster.Summary.GetComputeResourceSummary().NumCpuCores)
		}
	}
	reach := fmt.Sprintf("url: %q, username: %q, password_file: %q, insecure: true", center.Config.URL, center.Config.Username, center.Config.PasswordFile)
	p := start(t, "-c", config(t, t.TempDir(), fmt.Sprintf(vsphereConfig, volumeRules, reach, 5/cores)))

	// reading is what the machine's service shows under a load: a processor serves 100 requests a second.
	reading := func(load float64, at time.Time) []sample {
		processors := 0.0
		center.Machine(t, db1, func(vm *simulator.VirtualMachine) { processors = float64(vm.Config.Hardware.NumCPU) })
		served, latency := load, 0.001
		if load > 100*processors {
			served, latency = 100*processors, 0.1
		}
		return []sample{{"db1", "vol_iops", at, served}, {"db1", "vol_latency_seconds", at, latency}, {"db1", "vol_queue_depth", at, served * latency}}
	}
	p.sendPast(func(n int, at time.Time) []sample { return reading(100+float64(n%5), at) })
	p.drive("judges the change", func(at time.Time) []sample { return reading(250, at) }, func() bool { return len(p.events("evaluation")) > 0 })

	const none = "no capacity was granted: processors of cluster DC0_C0 has 0 vCPU left"
	p.drive("says that nothing is left", func(at time.Time) []sample { return reading(450, at) }, func() bool { return strings.Contains(p.reasons(), none) })
	if n := center.Calls(); n != 1 {
		t.Errorf("%d reconfigurations were asked for", n)
	}
	var states []string
	for _, e := range p.events("action") {
		states = append(states, e.Change.State)
		if to := e.Change.Action.To["vcpu"]; to != 3 {
			t.Errorf("%g processors are asked for, one more than two was granted", to)
		}
	}
	if got := strings.Join(states, " "); !strings.HasSuffix(got, "called answered observed done") {
		t.Errorf("states %s", got)
	}
	const why = "4 vCPU of vcpu is wanted, 3 vCPU was granted: processors of cluster DC0_C0 has 1 vCPU left"
	if got := p.reasons(); !strings.Contains(got, why) {
		t.Errorf("no decision says %q:\n%s", why, got)
	}
	if verdict := p.events("evaluation")[0].Evaluation; verdict.Verdict != "helped" || verdict.Workload != "vol/db1" {
		t.Errorf("%+v", verdict)
	}
	p.stop()
}

package e2e_test

import (
	"fmt"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/act/acttest/awstest"
)

// volumeConfig watches volumes by remote write, as kind/VOLUME, and lets a target change them.
func volumeConfig(kind, target string) string {
	return strings.NewReplacer("KIND", kind, "TARGET", target).Replace(volumeText)
}

const volumeText = `
mode: auto
step: 100ms
log: {level: warn}
sources:
  - remotewrite:
      rules: [
        {metric: vol_iops, id: "KIND/${volume}", field: iops},
        {metric: vol_throughput, id: "KIND/${volume}", field: throughput_bps},
        {metric: vol_latency_seconds, id: "KIND/${volume}", field: latency_seconds},
        {metric: vol_queue_depth, id: "KIND/${volume}", field: queue_depth},
      ]
      step: 100ms
      lateness: 20ms
profile: {trusted_steps: 20}
detect: {severity: {medium_steps: 1, high_steps: 1}}
targets:
  - name: cloud
    TARGET
executor: {settle: 1s, follow_every: 20ms, follow_at_most: 50ms}
policies:
  - name: volumes
    match: ["KIND/**"]
    mode: auto
    target: cloud
    bounds: {iops: {max: 4600}, throughput: {max: 200MiB}}
    lead_time: 100ms
    cooldown: 100ms
`

// TestVolumeOfEBS is a gp3 volume under load from its samples to the verdict: 3,000 IOPS become 4,600, and the throughput goes with them in one call,
// one of the four that are allowed in 24 hours.
func TestVolumeOfEBS(t *testing.T) {
	t.Parallel()
	const volume = "vol-0a1b2c3d4e5f60718"
	ebs := awstest.NewEBS(map[string]awstest.Volume{volume: {Type: "gp3", Size: 100, IOPS: 3000, Throughput: 125, Instance: "i-1"}},
		map[string]awstest.Instance{"i-1": {Type: "m5.4xlarge", IOPS: 18750, Throughput: 593.75}})
	ebs.Modifying, ebs.Optimizing = 300*time.Millisecond, 20*time.Millisecond
	faults := awstest.NewFaults(ebs, "ModifyVolume")
	server := httptest.NewServer(faults)
	t.Cleanup(func() { faults.Close(); server.Close() })

	cmd := exec.Command(binary(t), "run", "-c", config(t, t.TempDir(), volumeConfig("ebs", "aws: {region: eu-west-1}")))
	cmd.Dir = t.TempDir()
	cmd.Env = append(environment(cmd.Dir), "AWS_ENDPOINT_URL="+server.URL, "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS_EC2_METADATA_DISABLED=true")
	p := startCommand(t, cmd)

	p.loadVolume(volume, func() float64 { has, _ := ebs.Volume(volume); return has.IOPS })

	calls := faults.Calls()
	if len(calls) != 1 {
		t.Fatalf("%d changes were asked for: %v", len(calls), calls)
	}
	if got := fmt.Sprint(calls[0]["VolumeType"], calls[0]["Size"], calls[0]["Iops"], calls[0]["Throughput"]); got != "[gp3] [100] [4600] [200]" {
		t.Errorf("asked for %s", got)
	}
	if has, began := ebs.Volume(volume); has.IOPS != 4600 || has.Throughput != 200 || began != 1 {
		t.Errorf("the volume is %+v after %d changes", has, began)
	}
	p.changedOnce("ebs/" + volume)
	var seen struct {
		Resource struct {
			Budget struct {
				Left, Total int
			}
		}
	}
	p.until("shows what is left of the budget", func() bool {
		p.ask("/workloads/ebs/"+volume, &seen)
		return seen.Resource.Budget.Left == 3 && seen.Resource.Budget.Total == 4
	})
	p.stop()
	if said := p.out.String(); strings.Contains(said, "wJalrXUtnFEMI") {
		t.Error("a credential is in the log")
	}
}

// loadVolume sends what a volume shows that serves so many IOPS: first easily, then under a load that is too much, until a change is judged.
func (p *program) loadVolume(volume string, iops func() float64) {
	p.t.Helper()
	reading := func(load float64, at time.Time) []sample { // what cannot be served waits
		served, latency := load, 0.001
		if has := iops(); load >= has {
			served, latency = 0.98*has, 0.1
		}
		return []sample{
			{volume, "vol_iops", at, served},
			{volume, "vol_throughput", at, served * 43_000},
			{volume, "vol_latency_seconds", at, latency},
			{volume, "vol_queue_depth", at, served * latency},
		}
	}
	p.sendPast(func(n int, at time.Time) []sample { return reading(1000+10*float64(n%5), at) })
	p.drive("judges the change", func(at time.Time) []sample { return reading(3600, at) }, func() bool { return len(p.events("evaluation")) > 0 })
}

// changedOnce checks that the last action went through, and helped the workload.
func (p *program) changedOnce(workload string) {
	p.t.Helper()
	var states []string
	for _, e := range p.events("action") {
		states = append(states, e.Change.State)
	}
	if got := strings.Join(states, " "); !strings.HasSuffix(got, "called answered observed done") {
		p.t.Errorf("states %s", got)
	}
	if verdict := p.events("evaluation")[0].Evaluation; verdict.Verdict != "helped" || verdict.Workload != workload {
		p.t.Errorf("%+v", verdict)
	}
}

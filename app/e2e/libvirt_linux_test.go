package e2e_test

import (
	"fmt"
	"testing"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt/libvirttest"
)

// TestDomain is the whole program on a domain that runs: a guest reads its disk without pause, somebody cuts the disk's limit, the program sees what
// that does, raises the limit, and says that it helped. A guest in software emulation is slow and held up by whatever else runs: it is watched from when it
// reads, load by itself is no anomaly, nothing can grow before the cut, and after it latency is far above what people want, however uneven it was.
func TestDomain(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute; run it without -short")
	}
	t.Parallel()
	const usual, cut = 20, 4
	d := libvirttest.Start(t)
	d.Define(t, "db1", libvirttest.Disk(d.ReaderImage(t, "a.img"), "vda", fmt.Sprintf("<iotune><total_iops_sec>%d</total_iops_sec></iotune>", usual)), "")
	d.Run(t, "db1", false)
	domain := func(do func(*rpc.Libvirt, rpc.Domain) error) {
		t.Helper()
		d.Do(t, func(l *rpc.Libvirt) error {
			found, err := l.DomainLookupByName("db1")
			if err != nil {
				return err
			}
			return do(l, found)
		})
	}
	reads := waitFor(func() (reads bool) {
		domain(func(l *rpc.Libvirt, db1 rpc.Domain) error {
			requests, _, _, _, _, err := l.DomainBlockStats(db1, "vda")
			reads = requests > usual
			return err
		})
		return reads
	})
	if !reads {
		t.Fatalf("the guest has not begun to read within %s", wait)
	}
	p := start(t, "-c", config(t, t.TempDir(), fmt.Sprintf(`
mode: auto
step: 1s
sources:
  - libvirt: {uri: "%[1]s", socket: "%[2]s", interval: 1s}
profile:
  trusted_steps: 40
detect:
  probability: 0.01
  severity: {medium_steps: 3, high: 1.5}
  metrics: {iops: {up: 0, down: 0}, throughput_bps: {up: 0, down: 0}}
targets:
  - libvirt: {uri: "%[1]s", socket: "%[2]s"}
policies:
  - name: domains
    match: ["vm/db1/vda"]
    mode: auto
    target: libvirt
    resource: db1/vda
    bounds: {iops: {min: %[3]d, max: %[4]d, quantum: 1, step: 900%%}}
    max_latency: 150ms
    lead_time: 2s
    cooldown: 5s
`, d.Config.URI, d.Config.Socket, cut, usual)))
	p.until("knows the domain's disk", func() bool {
		w, ok := p.workload("vm/db1/vda")
		return ok && w.knows("latency_seconds") && w.Stage == "trusted" && w.Severity == "none"
	})
	domain(func(l *rpc.Libvirt, db1 rpc.Domain) error {
		limit := []rpc.TypedParam{{Field: "total_iops_sec", Value: *rpc.NewTypedParamValueUllong(cut)}}
		return l.DomainSetBlockIOTune(db1, "vda", limit, uint32(rpc.DomainAffectLive|rpc.DomainAffectConfig))
	})
	limits := func(of rpc.DomainModificationImpact) (now uint64) {
		domain(func(l *rpc.Libvirt, db1 rpc.Domain) error {
			set, err := libvirt.ReadLimits(l, db1, "vda", of)
			now = set["total_iops_sec"]
			return err
		})
		return now
	}
	p.until("raises the limit", func() bool { return limits(rpc.DomainAffectLive) > cut })
	if live, kept := limits(rpc.DomainAffectLive), limits(rpc.DomainAffectConfig); live != kept || live > usual {
		t.Errorf("the limit is %d, in the domain's configuration %d", live, kept)
	}
	p.until("says that it helped", func() bool {
		for _, e := range p.events("evaluation") {
			t.Log(e.Evaluation.Text)
			if e.Evaluation.Verdict == "helped" {
				return true
			}
		}
		return false
	})
	p.stop()
}

package e2e_test

import (
	"fmt"
	"testing"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt/libvirttest"
)

// TestDomain is the whole program on a domain that runs: a guest reads its disk without pause, somebody cuts the disk's limit, the program sees what
// that does, raises the limit, and says that it helped.
func TestDomain(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes two minutes; run it without -short")
	}
	const usual, cut, most = 20, 4, 40
	d := libvirttest.Start(t)
	d.Define(t, "db1", libvirttest.Disk(d.ReaderImage(t, "a.img"), "vda", fmt.Sprintf("<iotune><total_iops_sec>%d</total_iops_sec></iotune>", usual)), "")
	d.Run(t, "db1", false)
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
targets:
  - libvirt: {uri: "%[1]s", socket: "%[2]s"}
policies:
  - name: domains
    match: ["vm/db1/vda"]
    mode: auto
    target: libvirt
    resource: db1/vda
    bounds: {iops: {min: %[3]d, max: %[4]d, quantum: 1, step: 900%%}}
    lead_time: 2s
    cooldown: 5s
`, d.Config.URI, d.Config.Socket, cut, most)))
	p.until("knows the domain's disk", func() bool { // not before the guest reads: it takes a while to boot, which counts as steps without latency
		w, ok := p.workload("vm/db1/vda")
		return ok && w.knows("latency_seconds") && w.Stage == "trusted" && w.Severity == "none"
	})
	d.Do(t, func(l *rpc.Libvirt) error {
		found, err := l.DomainLookupByName("db1")
		if err != nil {
			return err
		}
		limit := []rpc.TypedParam{{Field: "total_iops_sec", Value: *rpc.NewTypedParamValueUllong(cut)}}
		return l.DomainSetBlockIOTune(found, "vda", limit, uint32(rpc.DomainAffectLive|rpc.DomainAffectConfig))
	})
	limits := func(of rpc.DomainModificationImpact) (now uint64) {
		d.Do(t, func(l *rpc.Libvirt) error {
			found, err := l.DomainLookupByName("db1")
			if err != nil {
				return err
			}
			set, err := libvirt.ReadLimits(l, found, "vda", of)
			now = set["total_iops_sec"]
			return err
		})
		return now
	}
	p.until("raises the limit", func() bool { return limits(rpc.DomainAffectLive) > cut })
	if live, kept := limits(rpc.DomainAffectLive), limits(rpc.DomainAffectConfig); live != kept || live > most {
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

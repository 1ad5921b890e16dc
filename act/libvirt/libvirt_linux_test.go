package libvirt

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt/libvirttest"
)

const mib = 1 << 20

func amounts(pairs ...float64) (a foreshock.Allocation) {
	for i := 0; i < len(pairs); i += 2 {
		a.Set(foreshock.Dimension(pairs[i]), pairs[i+1])
	}
	return a
}

const (
	iops       = float64(foreshock.DimIOPS)
	throughput = float64(foreshock.DimThroughput)
	size       = float64(foreshock.DimSize)
	vcpu       = float64(foreshock.DimVCPU)
	memory     = float64(foreshock.DimMemory)
)

// tune are the limits of the first disk.
const tune = `<iotune><total_bytes_sec>10485760</total_bytes_sec><total_bytes_sec_max>20971520</total_bytes_sec_max>` +
	`<read_iops_sec>500</read_iops_sec><write_iops_sec>800</write_iops_sec><size_iops_sec>65536</size_iops_sec></iotune>`

// rig is a daemon with the domain db1, whose processors stand still, and a relay before it.
type rig struct {
	*libvirttest.Daemon
	relay  *libvirttest.Relay
	target act.Target
}

func newRig(t *testing.T) *rig {
	t.Helper()
	d := libvirttest.Start(t)
	disks := libvirttest.Disk(d.Image(t, "a.img", 64*mib), "vda", tune) + libvirttest.Disk(d.Image(t, "b.img", 64*mib), "vdb", "") +
		libvirttest.Disk(d.Image(t, "c.img", 64*mib), "vdc", `<iotune><total_iops_sec>100</total_iops_sec><group_name>shared</group_name></iotune>`) +
		libvirttest.Disk(d.Image(t, "d.img", 64*mib), "vdd", `<iotune><total_iops_sec>100</total_iops_sec><group_name>shared</group_name></iotune>`) +
		libvirttest.Disk(d.Image(t, "e.img", 64*mib), "vde", `<iotune><total_iops_sec>100</total_iops_sec><group_name>own</group_name></iotune>`)
	d.Define(t, "db1", disks, "")
	d.Run(t, "db1", true)
	r := &rig{Daemon: d, relay: d.Relay(t)}
	r.target = r.newTarget(t, true)
	return r
}

func (r *rig) newTarget(t *testing.T, persist bool) act.Target {
	t.Helper()
	cfg := Config{Config: r.Config, Persist: persist}
	cfg.Socket = r.relay.Socket
	target, err := New(cfg, act.Env{Name: "libvirt"})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// all gives a disk's limits and size, in effect and in the configuration, as text.
func (r *rig) all(t *testing.T, disk string) (text string) {
	t.Helper()
	r.Do(t, func(l *rpc.Libvirt) error {
		found, err := l.DomainLookupByName("db1")
		if err != nil {
			return err
		}
		for _, of := range []rpc.DomainModificationImpact{rpc.DomainAffectLive, rpc.DomainAffectConfig} {
			set, err := libvirt.ReadLimits(l, found, disk, of)
			if err != nil {
				return err
			}
			for name, x := range set {
				if x == 0 || strings.HasSuffix(name, "_length") {
					delete(set, name)
				}
			}
			text += fmt.Sprintln(set)
		}
		_, capacity, _, err := l.DomainGetBlockInfo(found, disk, 0)
		text += fmt.Sprintln(capacity)
		return err
	})
	return text
}

// reset gives vda what it has at first.
func (r *rig) reset(t *testing.T) {
	t.Helper()
	r.relay.Reset(libvirttest.Fault{})
	r.Do(t, func(l *rpc.Libvirt) error {
		found, err := l.DomainLookupByName("db1")
		if err != nil {
			return err
		}
		first := libvirt.Limits{
			"total_bytes_sec": 10 * mib, "total_bytes_sec_max": 20 * mib, "read_iops_sec": 500, "write_iops_sec": 800, "size_iops_sec": 65536, "total_iops_sec": 0,
		}
		if err := l.DomainSetBlockIOTune(found, "vda", params(first), uint32(rpc.DomainAffectLive|rpc.DomainAffectConfig)); err != nil {
			return err
		}
		return l.DomainBlockResize(found, "vda", 64*mib, rpc.DomainBlockResizeBytes)
	})
}

// fault makes the daemon behave as the kit wants.
func (r *rig) fault(m acttest.Mood) bool {
	f, can := map[acttest.Mood]libvirttest.Fault{
		acttest.Slow:        {Wait: 150 * time.Millisecond},
		acttest.Erring:      {Swallow: true, Code: rpc.ErrInternalError},
		acttest.TimingOut:   {Silent: true},
		acttest.Resetting:   {Break: true},
		acttest.Lost:        {Swallow: true},
		acttest.Denying:     {Swallow: true, Code: rpc.ErrAccessDenied},
		acttest.InConflict:  {Swallow: true, Code: rpc.ErrOperationTimeout},
		acttest.AcceptsOnly: {Swallow: true, AnswerOK: true},
	}[m]
	r.relay.Reset(f)
	return can
}

func TestTarget(t *testing.T) {
	r := newRig(t)
	f := func(name, resource string, to foreshock.Allocation, others func() string) {
		t.Run(name, func(t *testing.T) {
			acttest.Run(t, func(t *testing.T) acttest.Subject {
				r.reset(t)
				return acttest.Subject{
					Target: r.target, Resource: resource, Missing: "db1/vdz", To: to, Calls: r.relay.Calls, Fault: r.fault, Others: others,
				}
			})
		})
	}
	f("limits", "db1/vda", amounts(iops, 1000, throughput, 30*mib), func() string { return r.all(t, "vdb") })
	f("size", "db1/vda", amounts(size, 96*mib), func() string { return r.all(t, "vdb") })
	t.Run("processors", func(t *testing.T) {
		acttest.Run(t, func(t *testing.T) acttest.Subject {
			r.restart(t)
			return acttest.Subject{Target: r.target, Resource: "db1", Missing: "db2", To: amounts(vcpu, 2), Calls: r.relay.Calls, Fault: r.fault}
		})
	})
}

// restart gives db1 one processor again: what is plugged in, only a start takes out.
func (r *rig) restart(t *testing.T) {
	t.Helper()
	r.relay.Reset(libvirttest.Fault{})
	r.Stop(t, "db1")
	r.Do(t, func(l *rpc.Libvirt) error {
		found, err := l.DomainLookupByName("db1")
		if err != nil {
			return err
		}
		return l.DomainSetVcpusFlags(found, 1, uint32(rpc.DomainAffectConfig))
	})
	r.Run(t, "db1", true)
}

// What is written of a disk, and what is left alone.
func TestLimits(t *testing.T) {
	r := newRig(t)
	f := func(disk string, persist bool, to foreshock.Allocation, live, config string, bytes int64) {
		t.Helper()
		r.reset(t)
		a := foreshock.Action{Resource: "db1/" + disk, To: to}
		if err := r.newTarget(t, persist).Apply(t.Context(), a); err != nil {
			t.Errorf("%s to %s: %v", disk, to, err)
		}
		if got, want := r.all(t, disk), fmt.Sprintf("map[%s]\nmap[%s]\n%d\n", live, config, bytes); got != want {
			t.Errorf("%s to %s:\n%swant\n%s", disk, to, got, want)
		}
		if p, err := r.target.Follow(t.Context(), a); err != nil || !p.Done {
			t.Errorf("%s to %s: read back as %+v, %v", disk, to, p, err)
		}
	}
	const rest = "size_iops_sec:65536 total_bytes_sec:10485760 total_bytes_sec_max:20971520 "
	first := "read_iops_sec:500 " + rest + "write_iops_sec:800"
	higher := "read_iops_sec:1000 " + rest + "write_iops_sec:1000"
	f("vda", true, amounts(iops, 1000), higher, higher, 64*mib)
	f("vda", true, amounts(iops, 600), "read_iops_sec:600 "+rest+"write_iops_sec:800", "read_iops_sec:600 "+rest+"write_iops_sec:800", 64*mib)
	f("vda", true, amounts(iops, 100), "read_iops_sec:100 "+rest+"write_iops_sec:100", "read_iops_sec:100 "+rest+"write_iops_sec:100", 64*mib)
	f("vda", true, amounts(iops, 1e15), "read_iops_sec:1000000000000000 "+rest+"write_iops_sec:1000000000000000", "read_iops_sec:1000000000000000 "+rest+"write_iops_sec:1000000000000000", 64*mib)
	burst := "read_iops_sec:500 size_iops_sec:65536 total_bytes_sec:31457280 total_bytes_sec_max:31457280 write_iops_sec:800"
	f("vda", true, amounts(throughput, 30*mib), burst, burst, 64*mib)
	f("vda", false, amounts(iops, 1000), higher, first, 64*mib)
	f("vda", true, amounts(iops, 1000, size, 80*mib), higher, higher, 80*mib)
	f("vdb", true, amounts(size, 65*mib), "", "", 65*mib)
	f("vde", true, amounts(iops, 200), "total_iops_sec:200", "total_iops_sec:200", 64*mib)
}

func TestRead(t *testing.T) {
	r := newRig(t)
	f := func(resource, allocated, owner string, rules int) {
		t.Helper()
		got, err := r.target.Read(t.Context(), resource)
		if err != nil || got.Allocated.String() != allocated || len(got.Rules) != rules || !strings.Contains(got.Owner, owner) || owner == "" && got.Owner != "" {
			t.Errorf("%s: %s, owner %q, rules %v, %v", resource, got.Allocated, got.Owner, got.Rules, err)
		}
	}
	f("db1/vda", "iops=500 throughput=1.048576e+07 size=6.7108864e+07", "", 3)
	f("db1/vdb", "size=6.7108864e+07", "", 3)
	f("db1/vdc", "iops=100 size=6.7108864e+07", "throttle group shared, in which disk vdd", 3)
	f("db1/vde", "iops=100 size=6.7108864e+07", "", 3)
	f("db1", "vcpu=1 memory=2.68435456e+08", "", 1) // no guest reports its memory
	r.Do(t, func(l *rpc.Libvirt) error {
		found, err := l.DomainLookupByName("db1")
		if err == nil {
			set := libvirt.Limits{"total_iops_sec": 77}
			err = l.DomainSetBlockIOTune(found, "vde", params(set), uint32(rpc.DomainAffectConfig))
		}
		return err
	})
	f("db1/vde", "iops=100 size=6.7108864e+07", "other limits for vde than those in effect", 3)
	fails := func(resource string, want error, text string) {
		t.Helper()
		if _, err := r.target.Read(t.Context(), resource); err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want %v: %s", resource, err, want, text)
		}
	}
	fails("db2", act.ErrNotFound, "db2")
	fails("db2/vda", act.ErrNotFound, "db2")
	fails("db1/vdz", act.ErrNotFound, `no disk "vdz"`)
	r.Stop(t, "db1")
	fails("db1/vda", nil, "domain db1 does not run")
	if err := r.target.Apply(t.Context(), foreshock.Action{Resource: "db1/vda", To: amounts(iops, 1000)}); !errors.Is(err, act.ErrRefused) || r.relay.Calls() > 0 {
		t.Errorf("a domain that does not run: %v after %d calls", err, r.relay.Calls())
	}
}

// Processors are plugged into a domain that runs, and stay when it is started again.
func TestProcessors(t *testing.T) {
	r := newRig(t)
	var uuid string
	r.Do(t, func(l *rpc.Libvirt) error {
		found, err := l.DomainLookupByName("db1")
		uuid = fmt.Sprintf("%x", found.UUID)
		return err
	})
	for n := 2.0; n <= 4; n++ {
		a := foreshock.Action{Resource: uuid, To: amounts(vcpu, n)}
		if err := r.target.Apply(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if p, err := r.target.Follow(t.Context(), a); err != nil || !p.Done {
			t.Errorf("%g processors: %+v, %v", n, p, err)
		}
	}
	now, err := r.target.Read(t.Context(), "db1")
	if err != nil {
		t.Fatal(err)
	}
	for n, text := range map[float64]string{5: "above the most", 3: "cannot be reduced"} {
		if err := r.target.Validate(now, foreshock.Action{To: amounts(vcpu, n)}); !errors.Is(err, act.ErrRule) || !strings.Contains(err.Error(), text) {
			t.Errorf("%g processors: %v", n, err)
		}
	}
	if err := r.target.Apply(t.Context(), foreshock.Action{Resource: "db1", To: amounts(vcpu, 5)}); !errors.Is(err, act.ErrRefused) {
		t.Errorf("libvirt's own refusal: %v", err)
	}
	r.Stop(t, "db1")
	r.Run(t, "db1", true)
	if now, err = r.target.Read(t.Context(), "db1"); err != nil || !now.Allocated.Covers(amounts(vcpu, 4)) {
		t.Errorf("started again: %s, %v", now.Allocated, err)
	}
}

// Only of what was surely not done it is said that it is not.
func TestErrors(t *testing.T) {
	r := newRig(t)
	a := foreshock.Action{Resource: "db1/vda", To: amounts(iops, 1000)}
	f := func(f libvirttest.Fault, sure bool, want error) {
		t.Helper()
		r.reset(t)
		r.relay.Reset(f)
		err := r.target.Apply(t.Context(), a)
		surely := errors.Is(err, act.ErrRefused) || errors.Is(err, act.ErrDenied) || errors.Is(err, act.ErrNotFound)
		if err == nil || surely != sure || want != nil && !errors.Is(err, want) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	f(libvirttest.Fault{Break: true}, false, rpc.ErrInterrupted)
	f(libvirttest.Fault{Code: rpc.ErrInternalError}, false, nil)
	f(libvirttest.Fault{Code: rpc.ErrOperationFailed}, false, nil)
	f(libvirttest.Fault{Swallow: true, Code: rpc.ErrNoDomain}, true, act.ErrNotFound)
	f(libvirttest.Fault{Swallow: true, Code: rpc.ErrAccessDenied}, true, act.ErrDenied)
	f(libvirttest.Fault{Swallow: true, Code: rpc.ErrOperationTimeout}, true, act.ErrRefused)
	f(libvirttest.Fault{Swallow: true, Code: rpc.ErrConfigUnsupported}, true, act.ErrRefused)
	cfg := Config{Config: r.Config}
	cfg.Socket += ".none"
	nobody, err := New(cfg, act.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if err := nobody.Apply(t.Context(), a); !errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), "is the daemon running") {
		t.Errorf("no daemon: %v", err)
	}
}

// A guest that reads as fast as it may is let faster while it runs.
func TestGuestThatReads(t *testing.T) {
	d := libvirttest.Start(t)
	d.Define(t, "db1", libvirttest.Disk(d.ReaderImage(t, "a.img"), "vda", `<iotune><total_iops_sec>10</total_iops_sec></iotune>`), "")
	d.Run(t, "db1", false)
	requests := func() (n uint64) {
		d.Do(t, func(l *rpc.Libvirt) error {
			records, err := l.ConnectGetAllDomainStats(nil, uint32(rpc.DomainStatsBlock), 0)
			if err == nil {
				n, _ = libvirt.NewStats(records[0].Params).Uint("block.0.rd.reqs")
			}
			return err
		})
		return n
	}
	// rate is how many requests a second there are, over so many.
	rate := func(over uint64) float64 {
		first, began := requests(), time.Now()
		for deadline := began.Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
			if n := requests() - first; n >= over {
				return float64(n) / time.Since(began).Seconds()
			}
			if time.Now().After(deadline) {
				t.Fatalf("the guest made no %d requests in a minute", over)
			}
		}
	}
	rate(5) // it has begun
	before := rate(20)
	target, err := New(Config{Config: d.Config, Persist: true}, act.Env{})
	if err != nil {
		t.Fatal(err)
	}
	a := foreshock.Action{Resource: "db1/vda", To: amounts(iops, 5000)}
	if err := target.Apply(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	after := rate(100)
	t.Logf("%.1f requests a second with a limit of 10, %.1f with one of 5000", before, after)
	if before > 15 || after < 2*before {
		t.Errorf("%g requests a second with a limit of 10, %g with one of 5000", before, after)
	}
}

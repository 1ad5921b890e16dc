package azure

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/act/acttest/azuretest"
)

const (
	diskName = "disk/prod/data-1"
	mb       = 1e6
	v2       = "PremiumV2_LRS"
	ultra    = "UltraSSD_LRS"
	premium  = "Premium_LRS"
)

// amounts are IOPS, MB/s and GiB; what is negative is not stated.
func amounts(iops, throughput, size float64) (a foreshock.Allocation) {
	for d, x := range map[foreshock.Dimension]float64{
		foreshock.DimIOPS: iops, foreshock.DimThroughput: throughput * mb, foreshock.DimSize: size * gib,
	} {
		if x >= 0 {
			a.Set(d, x)
		}
	}
	return a
}

// rig is a target whose Azure is a stand-in, with a clock of its own.
type rig struct {
	*Target
	cloud *azuretest.Cloud
	now   time.Time
}

// newRig gives the target the rights of the README, and no more.
func newRig(t *testing.T, cfg Config, d azuretest.Disk) *rig {
	t.Helper()
	r := &rig{cloud: azuretest.New(), now: time.Now()}
	cfg.Endpoint = r.cloud.Start(t)
	r.cloud.Allow(leastRights(t)...)
	r.cloud.AddVM("prod/db", azuretest.VM{Size: "Standard_D4s_v5"})
	if d.SKU != "" {
		r.cloud.AddDisk("prod/data-1", d)
	}
	r.Target = must[*Target](t)(New(cfg, act.Env{Name: "cloud"}))
	return r
}

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

// stopped gives the rig and its stand-in a clock that only the test moves, and changes that take an hour.
func (r *rig) stopped() *rig {
	r.now = r.now.Round(0).UTC()
	clock := func() time.Time { return r.now }
	r.Now, r.cloud.Now, r.cloud.Updating = clock, clock, time.Hour
	return r
}

// fault lets the next changes go wrong.
func (r *rig) fault(m acttest.Mood) bool { r.cloud.SetMood(m); return true }

func (r *rig) calls() int { return len(r.cloud.Calls()) }

// azureTakes is more than the stand-in takes for an answer on a busy machine.
const azureTakes = 700 * time.Millisecond

func (r *rig) subject(to foreshock.Allocation) acttest.Subject {
	return acttest.Subject{
		Target: r.Target, Resource: diskName, Missing: "disk/prod/none", To: to, CallTimeout: azureTakes, Calls: r.calls, Fault: r.fault,
		Others: func() string { d, _ := r.cloud.Disk("prod/data-1"); return fmt.Sprint(d.SKU, d.VM, d.Tags) },
	}
}

func pv2(size, iops, throughput float64) azuretest.Disk {
	return azuretest.Disk{SKU: v2, Size: size, IOPS: iops, MBps: throughput, Tags: map[string]string{"app": "orders"}}
}

func TestDisksPassTheKit(t *testing.T) {
	t.Run("v2", func(t *testing.T) {
		acttest.Run(t, func(t *testing.T) acttest.Subject {
			return newRig(t, Defaults(), pv2(100, 3000, 125)).subject(amounts(4600, 300, -1))
		})
	})
	t.Run("tiers", func(t *testing.T) {
		acttest.Run(t, func(t *testing.T) acttest.Subject {
			return newRig(t, Defaults(), azuretest.Disk{SKU: premium, Size: 128}).subject(amounts(2300, 150, -1))
		})
	})
}

func action(from, to foreshock.Allocation) foreshock.Action {
	return foreshock.Action{ID: fmt.Sprint(from, to), Resource: diskName, From: from, To: to}
}

// try takes an action through what the executor does with a target, and gives what was sent.
func (r *rig) try(t *testing.T, to foreshock.Allocation, asked ...time.Time) (string, error) {
	t.Helper()
	now, err := r.Read(t.Context(), diskName)
	if err != nil {
		return "", err
	}
	r.Recount(&now, asked)
	a := action(now.Allocated, to)
	if err := r.Validate(now, a); err != nil {
		return "", err
	}
	before := r.calls()
	err = r.Apply(t.Context(), a)
	if calls := r.cloud.Calls(); len(calls) > before {
		return sent(t, calls[len(calls)-1].Body), err
	}
	return "", err
}

// sent is the body of a change as "size iops throughput tier"; what it does not state is "-".
func sent(t *testing.T, body string) string {
	t.Helper()
	var in struct{ Properties map[string]any }
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, name := range []string{"diskSizeGB", "diskIOPSReadWrite", "diskMBpsReadWrite", "tier"} {
		text := "-"
		if x, stated := in.Properties[name]; stated {
			text = fmt.Sprint(x)
		}
		parts = append(parts, text)
		delete(in.Properties, name)
	}
	if len(in.Properties) > 0 {
		t.Errorf("also sent: %v", in.Properties)
	}
	return strings.Join(parts, " ")
}

// What would break a rule is not sent; at every limit and ratio, on either side.
func TestEveryLimit(t *testing.T) {
	f := func(d azuretest.Disk, to foreshock.Allocation, want string) {
		t.Helper()
		r := newRig(t, Defaults(), d)
		got, err := r.try(t, to)
		if want == "" {
			if !errors.Is(err, act.ErrRule) || got != "" {
				t.Errorf("%+v to %s: %v, sent %q; want none", d, to, err, got)
			}
			return
		}
		if err != nil || got != want {
			t.Errorf("%+v to %s: sent %q, %v; want %q", d, to, got, err, want)
		}
	}
	const same = -1
	f(pv2(100, 3000, 125), amounts(4600, 300, same), "- 4600 300 -")
	f(pv2(100, 3000, 125), amounts(4600, same, same), "- 4600 125 -") // performance is stated in whole
	f(pv2(100, 3000, 125), amounts(same, 750, same), "- 3000 750 -")
	f(pv2(100, 3000, 125), amounts(same, 751, same), "")
	f(pv2(100, 3000, 125), amounts(same, same, 101), "101 3000 125 -")
	f(pv2(100, 3000, 125), amounts(same, same, 99), "")
	f(pv2(100, 3000, 125), amounts(same, same, 100), "") // nothing changes
	f(pv2(100, 3000, 125), amounts(3000, 125, 100), "")
	f(pv2(100, 3000, 125), amounts(50000, same, same), "- 50000 125 -")
	f(pv2(100, 3000, 125), amounts(50001, same, same), "")
	f(pv2(160, 3000, 125), amounts(80000, same, same), "- 80000 125 -")
	f(pv2(159, 3000, 125), amounts(79501, same, same), "")
	f(pv2(65536, 3000, 125), amounts(80001, same, same), "")
	f(pv2(6, 3000, 125), amounts(3001, same, same), "")
	f(pv2(8, 3000, 125), amounts(4000, same, same), "- 4000 125 -")
	f(pv2(8, 3000, 125), amounts(4001, same, same), "")
	f(pv2(100, 4600, 300), amounts(2999, same, same), "")
	f(pv2(100, 4600, 300), amounts(3000, same, same), "- 3000 300 -")
	f(pv2(100, 8000, 1000), amounts(4000, same, same), "- 4000 1000 -")
	f(pv2(100, 8000, 1000), amounts(3999, same, same), "") // 1000 MB/s need 4000 IOPS
	f(pv2(100, 8000, 1000), amounts(4000, 1001, same), "") // each allowed alone, not together
	f(pv2(100, 8000, 125), amounts(same, 2000, same), "- 8000 2000 -")
	f(pv2(100, 7999, 125), amounts(same, 2000, same), "")
	f(pv2(100, 9000, 125), amounts(same, 2001, same), "")
	f(pv2(100, 4600, 300), amounts(same, 124, same), "")
	f(pv2(65535, 3000, 125), amounts(same, same, 65536), "65536 3000 125 -")
	f(pv2(65535, 3000, 125), amounts(same, same, 65537), "")

	u := func(size, iops, throughput float64) azuretest.Disk {
		return azuretest.Disk{SKU: ultra, Size: size, IOPS: iops, MBps: throughput}
	}
	f(u(4, 100, 1), amounts(4000, same, same), "- 4000 1 -")
	f(u(4, 100, 1), amounts(4001, same, same), "")
	f(u(4, 200, 1), amounts(100, same, same), "- 100 1 -")
	f(u(4, 200, 1), amounts(99, same, same), "")
	f(u(400, 1000, 1), amounts(400000, same, same), "- 400000 1 -")
	f(u(401, 1000, 1), amounts(400001, same, same), "")
	f(u(4, 100, 1), amounts(same, 25, same), "- 100 25 -")
	f(u(4, 100, 1), amounts(same, 26, same), "")
	f(u(64, 40000, 1), amounts(same, 10000, same), "- 40000 10000 -")
	f(u(64, 50000, 1), amounts(same, 10001, same), "")
	f(u(64, 50000, 2), amounts(same, 1, same), "- 50000 1 -")
	f(u(64, 50000, 2), amounts(same, 0, same), "")
	f(u(65535, 100, 1), amounts(same, same, 65536), "65536 100 1 -")
	f(u(65535, 100, 1), amounts(same, same, 65537), "")

	p := func(size float64, tier string) azuretest.Disk {
		return azuretest.Disk{SKU: premium, Size: size, Tier: tier}
	}
	f(p(128, ""), amounts(2300, same, same), "- - - P20")
	f(p(128, ""), amounts(1101, same, same), "- - - P20") // the smallest that has at least as much
	f(p(128, ""), amounts(1100, same, same), "- - - P15")
	f(p(128, ""), amounts(same, 126, same), "- - - P20")
	f(p(128, ""), amounts(600, 200, same), "- - - P30")
	f(p(128, ""), amounts(7500, same, same), "- - - P40")
	f(p(128, ""), amounts(7501, same, same), "") // P60 is for disks of more than 4 TiB
	f(p(128, ""), amounts(500, same, same), "")  // it has that
	f(p(128, "P30"), amounts(500, 100, same), "- - - P10")
	f(p(128, "P30"), amounts(499, same, same), "") // not below that of its size
	f(p(128, "P30"), amounts(500, same, same), "") // the throughput is not said to be less
	f(p(128, "P50"), amounts(same, same, 200), "200 - - -")
	f(p(128, ""), amounts(same, same, 200), "200 - - -") // the tier goes with it
	f(p(128, ""), amounts(2300, same, 200), "200 - - P20")
	f(p(4096, ""), amounts(7501, same, same), "")
	f(p(8192, ""), amounts(18000, same, same), "- - - P70")
	f(p(8192, ""), amounts(20000, 900, same), "- - - P80")
	f(p(8192, ""), amounts(20001, same, same), "")
	f(p(4000, ""), amounts(same, same, 5000), "5000 - - -") // it is not in use
	f(azuretest.Disk{SKU: premium, Size: 4000, VM: "prod/db"}, amounts(same, same, 4096), "4096 - - -")
	f(azuretest.Disk{SKU: premium, Size: 4000, VM: "prod/db"}, amounts(same, same, 4097), "")
	f(azuretest.Disk{SKU: premium, Size: 4097, VM: "prod/db"}, amounts(same, same, 5000), "5000 - - -")
	f(azuretest.Disk{SKU: premium, Size: 32767}, amounts(same, same, 32768), "")
	f(azuretest.Disk{SKU: premium, Size: 128, VM: "prod/db", OS: true}, amounts(same, same, 129), "")
	f(azuretest.Disk{SKU: premium, Size: 128, VM: "prod/db", OS: true}, amounts(1100, same, same), "- - - P15")
	f(azuretest.Disk{SKU: premium, Size: 128, VM: "prod/db", Shares: 2}, amounts(1100, same, same), "")
	f(azuretest.Disk{SKU: premium, Size: 128, VM: "prod/db", Shares: 2}, amounts(same, same, 129), "")
	f(azuretest.Disk{SKU: premium, Size: 128, Shares: 2}, amounts(1100, same, same), "- - - P15")
	f(azuretest.Disk{SKU: "StandardSSD_LRS", Size: 128}, amounts(same, same, 129), "129 - - -")
	f(azuretest.Disk{SKU: "StandardSSD_LRS", Size: 128}, amounts(1000, same, same), "")
}

// emergency changes the disk with the change that is kept as well.
func (r *rig) emergency(t *testing.T, to foreshock.Allocation) error {
	t.Helper()
	now := must[foreshock.Resource](t)(r.Read(t.Context(), diskName))
	a := action(now.Allocated, to)
	a.Emergency = true
	if err := r.Validate(now, a); err != nil {
		return err
	}
	return r.Apply(t.Context(), a)
}

// Four changes in any 24 hours: the last is kept for emergencies, the fifth is refused before the call, and after 24 hours the first frees up. The
// creation of a Premium SSD v2 is one of them.
func TestBudget(t *testing.T) {
	r := newRig(t, Defaults(), azuretest.Disk{}).stopped()
	begin := r.now
	created := begin.Add(-time.Hour)
	r.cloud.AddDisk("prod/data-1", azuretest.Disk{SKU: v2, Size: 100, IOPS: 3000, MBps: 125, Created: created})
	left := func(want int, free time.Time) {
		t.Helper()
		now, err := r.Read(t.Context(), diskName)
		if b := now.Budget; err != nil || !b.Limited || b.Left != want || b.Total != 4 || b.Window != 24*time.Hour || !b.NextFree.Equal(free) {
			t.Errorf("%+v, %v; want %d left, the next at %s", now.Budget, err, want, free)
		}
	}
	free := created.Add(24 * time.Hour)
	left(3, free)
	for i := range 2 {
		if _, err := r.try(t, amounts(3100+100*float64(i), -1, -1)); err != nil {
			t.Fatalf("change %d: %v", i+1, err)
		}
		if now, _ := r.Read(t.Context(), diskName); !now.Busy {
			t.Errorf("change %d: the disk is not busy", i+1)
		}
		r.now = r.now.Add(2 * time.Hour)
		left(2-i, free)
	}
	if _, err := r.try(t, amounts(5000, -1, -1)); !errors.Is(err, act.ErrRule) || !strings.Contains(err.Error(), "kept for emergencies") {
		t.Errorf("the last change is used without need: %v", err)
	}
	if err := r.emergency(t, amounts(5000, -1, -1)); err != nil {
		t.Errorf("the last change in an emergency: %v", err)
	}
	r.now = r.now.Add(2 * time.Hour)
	left(0, free)
	if err := r.emergency(t, amounts(6000, -1, -1)); !errors.Is(err, act.ErrRefused) || r.calls() != 3 {
		t.Errorf("the fifth: %v after %d calls", err, r.calls())
	}
	r.now = free.Add(-time.Second)
	left(0, free)
	r.now = free
	left(1, begin.Add(24*time.Hour))
	if err := r.emergency(t, amounts(6000, -1, -1)); err != nil {
		t.Errorf("after 24 hours: %v", err)
	}
	if _, began := r.cloud.Disk("prod/data-1"); began != 4 {
		t.Errorf("%d changes began", began)
	}
}

// What others change counts where it is seen; what was asked for before the program was started counts; what is both counts once.
func TestForeignChangesCount(t *testing.T) {
	r := newRig(t, Defaults(), pv2(100, 3000, 125)).stopped()
	left := func(want int, asked ...time.Time) {
		t.Helper()
		now := must[foreshock.Resource](t)(r.Read(t.Context(), diskName))
		if r.Recount(&now, asked); now.Budget.Left != want {
			t.Errorf("%+v; want %d left", now.Budget, want)
		}
	}
	foreign := func(iops float64) { r.cloud.ChangeDisk("prod/data-1", func(d *azuretest.Disk) { d.IOPS = iops }) }
	left(4)
	foreign(3500)
	left(3)
	left(3) // it is seen once
	if _, err := r.try(t, amounts(4000, -1, -1)); err != nil {
		t.Fatal(err)
	}
	asked := r.now
	left(2)
	left(2, asked) // the same in the journal
	left(1, asked, r.now.Add(-90*time.Minute))
	r.now = r.now.Add(2 * time.Hour)
	left(2, asked)
	foreign(4100)
	left(1, asked)
	again := must[*Target](t)(New(r.config(), act.Env{Name: "cloud"})) // another process, which knows what the journal has
	again.Now = r.Now
	now := must[foreshock.Resource](t)(again.Read(t.Context(), diskName))
	if again.Recount(&now, []time.Time{asked}); now.Budget.Left != 3 {
		t.Errorf("%+v", now.Budget)
	}
	if now = must[foreshock.Resource](t)(again.Read(t.Context(), diskName)); now.Budget.Left != 3 { // and what the activity log has
		t.Errorf("%+v", now.Budget)
	}
	x, _ := r.List[0].(*disks) // past all checks: what Azure refused does not count
	is := shape{kind: v2, size: 100, iops: 4100, throughput: 125}
	if err := x.send(t.Context(), action(is.allocation(x.types[v2]), amounts(2000, -1, -1)), disk{shape: is}, shape{kind: v2, size: 100, iops: 2000, throughput: 125}); !errors.Is(err, act.ErrRefused) {
		t.Errorf("%v", err)
	}
	third := must[*Target](t)(New(r.config(), act.Env{Name: "cloud"}))
	third.Now = r.Now
	r.cloud.Allow("Microsoft.Compute/disks/read")
	if _, err := third.Read(t.Context(), diskName); !errors.Is(err, act.ErrDenied) || !strings.Contains(err.Error(), "Microsoft.Insights/eventtypes/values/read") {
		t.Errorf("%v", err)
	}
	r.cloud.Allow("Microsoft.Compute/disks/read", "Microsoft.Insights/eventtypes/values/read")
	if now = must[foreshock.Resource](t)(third.Read(t.Context(), diskName)); now.Budget.Left != 3 {
		t.Errorf("%+v", now.Budget)
	}
}

func (r *rig) config() Config {
	cfg := Defaults()
	cfg.Endpoint = r.account.Options.Cloud.Services["resourceManager"].Endpoint
	return cfg
}

// When Azure refuses a change that was thought to be allowed, it is believed; the refused change is not counted.
func TestRefusalTeaches(t *testing.T) {
	cfg := Defaults()
	cfg.ActivityLog = false
	r := newRig(t, cfg, pv2(100, 3000, 125)).stopped()
	other := must[*Target](t)(New(r.config(), act.Env{Name: "cloud"}))
	other.Now = r.Now
	mine := r.Target
	for i := range 4 { // unseen by the target
		r.Target = other
		if err := r.emergency(t, amounts(3100+float64(i), -1, -1)); err != nil {
			t.Fatal(err)
		}
		r.now = r.now.Add(2 * time.Hour)
	}
	r.Target = mine
	if _, err := r.try(t, amounts(5000, -1, -1)); !errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), "4 times in 24 hours") {
		t.Errorf("%v", err)
	}
	now := must[foreshock.Resource](t)(r.Read(t.Context(), diskName))
	if now.Budget.Left != 0 || !now.Budget.NextFree.Equal(r.now.Add(6*time.Hour)) {
		t.Errorf("%+v", now.Budget)
	}
	r.now = r.now.Add(6 * time.Hour)
	if now = must[foreshock.Resource](t)(r.Read(t.Context(), diskName)); now.Budget.Left != 4 {
		t.Errorf("the change that was refused counts: %+v", now.Budget)
	}
}

// A tier is lowered once in 12 hours, whoever lowered it, also over a restart.
func TestTierDown(t *testing.T) {
	r := newRig(t, Defaults(), azuretest.Disk{SKU: premium, Size: 128, Tier: "P40"}).stopped()
	r.cloud.Updating = time.Minute
	f := func(to foreshock.Allocation, want string, asked ...time.Time) {
		t.Helper()
		got, err := r.try(t, to, asked...)
		if got != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, act.ErrRule) {
			t.Errorf("to %s: sent %q, %v; want %q", to, got, err, want)
		}
	}
	f(amounts(5000, 200, -1), "- - - P30")
	lowered := r.now
	r.now = r.now.Add(time.Hour)
	f(amounts(2300, 150, -1), "")
	f(amounts(7500, 250, -1), "- - - P40") // up is always allowed
	raised := r.now
	r.now = lowered.Add(12*time.Hour - time.Second)
	f(amounts(2300, 150, -1), "", lowered, raised)
	r.now = lowered.Add(12 * time.Hour)
	f(amounts(2300, 150, -1), "- - - P20", lowered, raised)

	r.now = r.now.Add(time.Hour)
	again := must[*Target](t)(New(r.config(), act.Env{Name: "cloud"}))
	asked := r.now.Add(-time.Hour)
	again.Now, r.Target = r.Now, again
	f(amounts(500, 100, -1), "", asked) // that it was a reduction is not known, and may be
	r.now = r.now.Add(11 * time.Hour)
	r.cloud.ChangeDisk("prod/data-1", func(d *azuretest.Disk) { d.Tier = "P15" }) // somebody else
	now := must[foreshock.Resource](t)(r.Read(t.Context(), diskName))
	if rule := now.Rules[foreshock.DimIOPS]; rule.Min != 1100 || !rule.Down {
		t.Errorf("%+v", now.Rules)
	}
	f(amounts(500, 100, -1), "")
}

// What a machine can do bounds its disks: what its other disks have is theirs, with a cache and without one apart.
func TestCeiling(t *testing.T) {
	f := func(ceiling, caching string, wantIOPS, wantMB float64, others ...azuretest.Disk) {
		t.Helper()
		cfg := Defaults()
		cfg.Ceiling = ceiling
		d := pv2(100, 3000, 125)
		d.VM, d.Caching = "prod/db", caching
		r := newRig(t, cfg, d)
		r.cloud.AddVM("prod/db", azuretest.VM{Size: "Standard_D4s_v5"})
		r.cloud.AddSize("Standard_D2s_v5", azuretest.Size{VCPU: 2, Memory: 8})
		r.cloud.AddSize("Standard_D4s_v5", azuretest.Size{VCPU: 4, Memory: 16, IOPS: 6400, BytesPerSec: 145e6, CachedIOPS: 4000, CachedPerSec: 500e6})
		for i, o := range others {
			o.VM = "prod/db"
			r.cloud.AddDisk(fmt.Sprint("other/", i), o)
		}
		now, err := r.Read(t.Context(), diskName)
		iops, throughput := now.Rules[foreshock.DimIOPS].Max, now.Rules[foreshock.DimThroughput].Max/mb
		if err != nil || iops != wantIOPS || throughput != wantMB {
			t.Errorf("%s: %g IOPS, %g MB/s, %v; want %g, %g", ceiling, iops, throughput, err, wantIOPS, wantMB)
		}
	}
	f("vm", "", 6400, 145)
	f("vm", "", 5900, 125, azuretest.Disk{SKU: premium, Size: 128}) // what there is stays allowed
	f("vm", "", 6400, 145, azuretest.Disk{SKU: premium, Size: 128, Caching: "ReadOnly"})
	f("vm", "ReadWrite", 3500, 400, azuretest.Disk{SKU: premium, Size: 128, Caching: "ReadOnly"})
	f("none", "", 50000, 750)
}

// A change is done only when Azure is not at it any more. Performance of an Ultra Disk works up to an hour later.
func TestStates(t *testing.T) {
	f := func(d azuretest.Disk, to foreshock.Allocation, works time.Duration) {
		t.Helper()
		r := newRig(t, Defaults(), d).stopped()
		start := r.now
		now := must[foreshock.Resource](t)(r.Read(t.Context(), diskName))
		a := action(now.Allocated, to)
		if err := r.Apply(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		r.now = start.Add(30 * time.Minute)
		if p, err := r.Follow(t.Context(), a); err != nil || !p.UnderWay || p.Note != "the disk is Updating" || !p.Observed.Covers(a.From) {
			t.Errorf("%+v, %v", p, err)
		}
		r.now = start.Add(time.Hour)
		p, err := r.Follow(t.Context(), a)
		want := time.Time{}
		if works > 0 {
			want = r.now.Add(works)
		}
		if err != nil || !p.Done || !p.Works.Equal(want) || !p.Observed.Covers(to) {
			t.Errorf("%+v, %v", p, err)
		}
	}
	f(pv2(100, 3000, 125), amounts(4600, 300, -1), 0)
	f(azuretest.Disk{SKU: ultra, Size: 100, IOPS: 3000, MBps: 125}, amounts(4600, 300, -1), time.Hour)
	f(azuretest.Disk{SKU: ultra, Size: 100, IOPS: 3000, MBps: 125}, amounts(-1, -1, 200), 0)
	f(azuretest.Disk{SKU: premium, Size: 128}, amounts(1100, 125, -1), 0)
}

// Where there is no room for an Ultra Disk's performance, the operation fails after it was accepted, and says why; it has used a change.
func TestFailedOperation(t *testing.T) {
	r := newRig(t, Defaults(), azuretest.Disk{SKU: ultra, Size: 100, IOPS: 3000, MBps: 125}).stopped()
	r.cloud.SetMood(acttest.FailingLater)
	now := must[foreshock.Resource](t)(r.Read(t.Context(), diskName))
	a := action(now.Allocated, amounts(4600, -1, -1))
	if err := r.Apply(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	var p act.Progress
	for range 4 {
		r.now = r.now.Add(30 * time.Minute)
		p = must[act.Progress](t)(r.Follow(t.Context(), a))
	}
	if !p.Failed || !strings.Contains(p.Note, "AllocationFailed") {
		t.Errorf("%+v", p)
	}
	if now = must[foreshock.Resource](t)(r.Read(t.Context(), diskName)); now.Busy || now.Budget.Left != 3 {
		t.Errorf("%+v", now)
	}
}

// What changes between the last look and the call is noticed without a call.
func TestApplyLooksAgain(t *testing.T) {
	f := func(change func(*azuretest.Disk), want string) {
		t.Helper()
		r := newRig(t, Defaults(), pv2(100, 3000, 125))
		r.cloud.ChangeDisk("prod/data-1", change)
		err := r.Apply(t.Context(), action(amounts(3000, 125, 100), amounts(4600, -1, -1)))
		if !errors.Is(err, act.ErrRefused) && !errors.Is(err, act.ErrRule) || !strings.Contains(err.Error(), want) || r.calls() != 0 {
			t.Errorf("%v, %d calls; want %q", err, r.calls(), want)
		}
	}
	f(func(d *azuretest.Disk) { d.IOPS = 4000 }, "has changed since")
	f(func(d *azuretest.Disk) { d.Size = 9 }, "4500, the most for 9 GiB")
	f(func(d *azuretest.Disk) { d.SKU = "Standard_LRS" }, "has changed since")
}

// What goes wrong is told as what it is, and never with a credential.
func TestErrors(t *testing.T) {
	f := func(mood acttest.Mood, want error, text string) {
		t.Helper()
		r := newRig(t, Defaults(), pv2(100, 3000, 125))
		r.cloud.SetMood(mood)
		_, err := r.try(t, amounts(4600, -1, -1))
		if want == nil && act.Sure(err) || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", mood, err, want)
		}
		if err == nil || !strings.Contains(err.Error(), text) || leaks(err.Error()) || len(err.Error()) > 500 {
			t.Errorf("%s: %v", mood, err)
		}
		if n := r.calls(); n != 1 { // nothing is ever sent again
			t.Errorf("%s: %d calls", mood, n)
		}
	}
	f(acttest.Throttling, act.ErrThrottled, "TooManyRequests: The request is being throttled.")
	f(acttest.Denying, act.ErrDenied, "act/azure/README.md")
	f(acttest.InConflict, act.ErrRefused, "Another operation")
	f(acttest.Erring, nil, "InternalServerError")
	f(acttest.Resetting, nil, "EOF")

	r := newRig(t, Defaults(), pv2(100, 3000, 125))
	for name, want := range map[string]string{
		"disk/prod/none": "ResourceNotFound", "vol-1": "names begin with: disk/, vm/, vmss/", "disk/data-1": "disk/GROUP/NAME, in lower case", "disk/Prod/data-1": "in lower case",
	} {
		if _, err := r.Read(t.Context(), name); !errors.Is(err, act.ErrNotFound) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.cloud.Allow("Microsoft.Compute/disks/read", "Microsoft.Insights/eventtypes/values/read")
	if _, err := r.try(t, amounts(4600, -1, -1)); !errors.Is(err, act.ErrDenied) || !strings.Contains(err.Error(), "Microsoft.Compute/disks/write") || leaks(err.Error()) {
		t.Errorf("a right that was lost: %v", err)
	}

	r = newRig(t, Defaults(), pv2(100, 3000, 125))
	r.cloud.WithoutToken()
	if _, err := r.Read(t.Context(), diskName); !errors.Is(err, act.ErrDenied) || !strings.Contains(err.Error(), "gives no token") || leaks(err.Error()) {
		t.Error(err)
	}
	if err := r.Apply(t.Context(), action(amounts(3000, 125, 100), amounts(4600, -1, -1))); !act.Sure(err) || leaks(err.Error()) || r.calls() != 0 {
		t.Error(err)
	}
}

// Where nobody listens, nothing was sent.
func TestNobodyThere(t *testing.T) {
	r := newRig(t, Defaults(), pv2(100, 3000, 125))
	must[foreshock.Resource](t)(r.Read(t.Context(), diskName))
	server := httptest.NewServer(nil)
	server.Close()
	cfg := r.config()
	cfg.Endpoint = server.URL
	gone := must[*Target](t)(New(cfg, act.Env{}))
	x, _ := gone.List[0].(*disks)
	now := shape{kind: v2, size: 100, iops: 3000, throughput: 125}
	err := x.send(t.Context(), action(amounts(3000, 125, 100), amounts(4600, -1, -1)), disk{shape: now}, shape{kind: v2, size: 100, iops: 4600, throughput: 125})
	if !errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), "nothing was sent") {
		t.Error(err)
	}
}

func leaks(text string) bool {
	for _, s := range azuretest.Secrets() {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

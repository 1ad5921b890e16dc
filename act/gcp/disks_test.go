package gcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/act/acttest/gcptest"
	"github.com/foreshock-io/foreshock/config"
)

const (
	name     = "europe-west4-a/orders"
	regional = "europe-west4/orders"
	resource = "disk/" + name
	balanced = "hyperdisk-balanced"
)

// amounts are IOPS, MiB/s and GiB; what is negative is not stated.
func amounts(iops, throughput, size float64) (a foreshock.Allocation) {
	for d, x := range map[foreshock.Dimension]float64{
		foreshock.DimIOPS: iops, foreshock.DimThroughput: throughput * mib, foreshock.DimSize: size * gib,
	} {
		if x >= 0 {
			a.Set(d, x)
		}
	}
	return a
}

// rig is a target whose Compute Engine is a stand-in, with a clock of its own.
type rig struct {
	*Target
	engine *gcptest.Engine
	faults *gcptest.Faults
	now    time.Time
	url    string
	close  func()
}

func newRig(t *testing.T, cfg Config, engine *gcptest.Engine) *rig {
	t.Helper()
	r := &rig{engine: engine, faults: gcptest.NewFaults(engine), now: time.Now()}
	server := httptest.NewServer(r.faults)
	t.Cleanup(func() { r.faults.Close(); server.Close() })
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", gcptest.Credentials(t))
	cfg.Project, cfg.Endpoint = gcptest.Project, server.URL
	r.url, r.close = server.URL, server.Close
	var err error
	if r.Target, err = New(cfg, act.Env{Name: "cloud"}); err != nil {
		t.Fatal(err)
	}
	return r
}

// stopped gives the rig and its stand-in a clock that only the test moves, and operations that take a minute.
func (r *rig) stopped() *rig {
	r.now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return r.now }
	r.Target.Now, r.engine.Now, r.engine.Delay = clock, clock, time.Minute
	return r
}

func disksOf(kind string, size, iops, throughput float64) map[string]gcptest.Disk {
	return map[string]gcptest.Disk{name: {Type: kind, Size: size, IOPS: iops, Throughput: throughput, Labels: map[string]string{"app": "orders"}}}
}

func hyperdisk(t *testing.T) *rig {
	return newRig(t, Config{}, gcptest.New(disksOf(balanced, 100, 3000, 140)))
}

// subject is a rig for the kit.
func (r *rig) subject(resource, missing string, to foreshock.Allocation, others func() string) acttest.Subject {
	return acttest.Subject{
		Target: r.Target, Resource: resource, Missing: missing, To: to, Others: others,
		Calls: func() int { return len(r.faults.Calls()) },
		Fault: func(m acttest.Mood) bool {
			switch m {
			case acttest.FailingLater:
				r.engine.FailLater()
			case acttest.AcceptsOnly:
				r.engine.Ignore()
			}
			r.faults.SetMood(m)
			return true
		},
	}
}

// role is the least rights of a statement of the README.
func role(t *testing.T, title string) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "title: "+title+"\n")
	list, _, _ := strings.Cut(after, "```")
	var rights []string
	for _, line := range strings.Split(list, "\n") {
		if right, is := strings.CutPrefix(line, "- compute."); is {
			rights = append(rights, "compute."+strings.TrimSpace(right))
		}
	}
	if !found || rights == nil {
		t.Fatalf("the README has no role %q", title)
	}
	slices.Sort(rights)
	return rights
}

func TestDisksPassTheKit(t *testing.T) {
	f := func(name, kind string, size, iops, throughput float64, to foreshock.Allocation) {
		acttest.Run(t, func(t *testing.T) acttest.Subject {
			engine := gcptest.New(map[string]gcptest.Disk{name: {Type: kind, Size: size, IOPS: iops, Throughput: throughput, Labels: map[string]string{"app": "orders"}}})
			engine.Role = role(t, "foreshock disks")
			r := newRig(t, Config{}, engine)
			return r.subject("disk/"+name, "disk/europe-west4-a/none", to, func() string {
				d, _ := r.engine.Disk(name)
				return fmt.Sprint(d.Type, d.Labels)
			})
		})
	}
	f(name, balanced, 100, 3000, 140, amounts(4600, 300, -1))
	f(name, "pd-ssd", 100, 0, 0, amounts(-1, -1, 200))
	f(regional, balanced+"-high-availability", 100, 3000, 140, amounts(4600, 300, 120))
	f(regional, "pd-ssd", 200, 0, 0, amounts(-1, -1, 300))
}

// The role of the README is enough for all that can be done with disks, and no right of it is too much.
func TestRoleOfDisks(t *testing.T) {
	rights := role(t, "foreshock disks")
	engine := gcptest.New(map[string]gcptest.Disk{
		name:                    {Type: balanced, Size: 100, IOPS: 3000, Throughput: 140, Instances: []string{"europe-west4-a/vm"}},
		"europe-west4-a/second": {Type: balanced, Size: 100, IOPS: 3000, Throughput: 140, Instances: []string{"europe-west4-a/vm"}},
		regional:                {Type: "pd-ssd", Size: 200, Instances: []string{"europe-west4-a/vm"}},
	})
	engine.AddInstance("europe-west4-a/vm", gcptest.Instance{Type: "c3-standard-22", Disks: []string{name, "europe-west4-a/second", regional}})
	engine.Role = rights
	r := newRig(t, Config{Ceilings: map[string]Ceiling{"c3-standard-22": {IOPS: 120000}}}, engine).stopped()
	for i, to := range []foreshock.Allocation{amounts(4600, 300, 101), amounts(-1, -1, 102)} {
		if _, err := r.try(t, to); err != nil {
			t.Fatal(err)
		}
		r.now = r.now.Add(time.Hour)
		if p, err := r.Follow(t.Context(), foreshock.Action{ID: fmt.Sprint("a", i+1), Resource: resource, To: to}); err != nil || !p.Done {
			t.Errorf("%+v, %v", p, err)
		}
	}
	if now, err := r.Read(t.Context(), "disk/"+regional); err != nil || now.Allocated != amounts(-1, -1, 200) {
		t.Errorf("%+v, %v", now, err)
	}
	if used := engine.Used(); !slices.Equal(used, rights) {
		t.Errorf("used are %v, the README has %v", used, rights)
	}
}

// try takes an action through what the executor does with a target, and gives what was sent, without the request's ID.
func (r *rig) try(t *testing.T, to foreshock.Allocation) (string, error) {
	t.Helper()
	now, err := r.Read(t.Context(), resource)
	if err != nil {
		return "", err
	}
	before := len(r.faults.Calls())
	a := foreshock.Action{ID: fmt.Sprint("a", before+1), Resource: resource, From: now.Allocated, To: to, Evidence: r.now}
	if err := r.Validate(now, a); err != nil {
		return "", err
	}
	err = r.Apply(t.Context(), a)
	calls := r.faults.Calls()
	if len(calls) == before {
		return "", err
	}
	return said(t, calls[len(calls)-1]), err
}

// said is what a request asks for: the fields of its mask, or the size.
func said(t *testing.T, r gcptest.Request) string {
	t.Helper()
	at, err := url.Parse(r.Path)
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
		t.Fatal(err)
	}
	delete(body, "name")
	fields, text := strings.Split(at.Query().Get("updateMask"), ","), []string(nil)
	if strings.HasSuffix(at.Path, "/resize") {
		fields, text = []string{"sizeGb"}, []string{"resize"}
	}
	for _, field := range fields {
		text = append(text, fmt.Sprintf("%s=%v", field, body[field]))
		delete(body, field)
	}
	if len(body) > 0 || at.Query().Get("requestId") == "" {
		t.Errorf("%s: besides, %v", r.Path, body)
	}
	return strings.Join(text, " ")
}

// What is sent names what changes and no more; what would break a rule is not sent; at every limit and ratio, on either side.
func TestEveryLimit(t *testing.T) {
	f := func(kind string, size, iops, throughput float64, to foreshock.Allocation, want string) {
		t.Helper()
		r := newRig(t, Config{}, gcptest.New(disksOf(kind, size, iops, throughput)))
		sent, err := r.try(t, to)
		switch {
		case want == "" && (!errors.Is(err, act.ErrRule) || sent != ""):
			t.Errorf("%s to %s: %v, sent %q; want none", kind, to, err, sent)
		case want != "" && (err != nil || sent != want):
			t.Errorf("%s to %s: sent %q, %v; want %q", kind, to, sent, err, want)
		}
	}
	const same, extreme, through = -1, "hyperdisk-extreme", "hyperdisk-throughput"
	f(balanced, 100, 3000, 140, amounts(4600, 300, same), "provisionedIops=4600 provisionedThroughput=300")
	f(balanced, 100, 3000, 140, amounts(4600, 140, same), "provisionedIops=4600") // the throughput's slot is not spent
	f(balanced, 100, 3000, 140, amounts(same, 750, same), "provisionedThroughput=750")
	f(balanced, 100, 3000, 140, amounts(same, 751, same), "")
	f(balanced, 100, 3000, 140, amounts(same, 139, same), "")
	f(balanced, 100, 3000, 140, amounts(same, same, 101), "resize sizeGb=101")
	f(balanced, 100, 3000, 140, amounts(4600, same, 101), "provisionedIops=4600 sizeGb=101")
	f(balanced, 100, 3000, 140, amounts(same, same, 99), "")
	f(balanced, 100, 3000, 140, amounts(3000, 140, 100), "") // nothing changes
	f(balanced, 100, 3000, 140, amounts(2999, same, same), "")
	f(balanced, 100, 5000, 140, amounts(3000, same, same), "provisionedIops=3000")
	f(balanced, 100, 8000, 1000, amounts(4000, same, same), "provisionedIops=4000")
	f(balanced, 100, 8000, 1000, amounts(3999, same, same), "") // 1000 MiB/s need 4000 IOPS
	f(balanced, 100, 8000, 1000, amounts(4000, 1001, same), "") // each allowed alone, not together
	f(balanced, 100, 3000, 140, amounts(50000, same, same), "provisionedIops=50000 provisionedThroughput=196")
	f(balanced, 100, 3000, 140, amounts(50001, same, same), "")
	f(balanced, 100, 3000, 140, amounts(35840, same, same), "provisionedIops=35840")
	f(balanced, 100, 3000, 140, amounts(35841, same, same), "provisionedIops=35841 provisionedThroughput=141")
	f(balanced, 100, 40000, 157, amounts(same, 156, same), "") // 1/256 of the IOPS
	f(balanced, 320, 3000, 700, amounts(160000, same, same), "provisionedIops=160000")
	f(balanced, 65536, 3000, 700, amounts(160001, same, same), "")
	f(balanced, 100, 9600, 140, amounts(same, 2400, same), "provisionedThroughput=2400")
	f(balanced, 100, 9700, 140, amounts(same, 2401, same), "")
	f(balanced, 65535, 3000, 140, amounts(same, same, 65536), "resize sizeGb=65536")
	f(balanced, 65535, 3000, 140, amounts(same, same, 65537), "")
	f(balanced, 4, 2000, 140, amounts(2001, same, same), "") // small sizes have just their ratio
	f(balanced, 4, 2000, 140, amounts(1999, same, same), "")
	f(balanced, 4, 2000, 140, amounts(same, same, 5), "provisionedIops=2500 sizeGb=5")
	f(balanced, 5, 2500, 140, amounts(same, same, 6), "provisionedIops=3000 sizeGb=6")
	f(balanced, 4, 2000, 140, amounts(same, same, 100), "provisionedIops=3000 sizeGb=100")
	f(balanced, 7, 3000, 140, amounts(3500, same, same), "provisionedIops=3500")
	f(balanced, 7, 3000, 140, amounts(3501, same, same), "")
	f(extreme, 64, 128, 0, amounts(same, same, 65), "provisionedIops=130 sizeGb=65") // 2 a GiB
	f(extreme, 64, 130, 0, amounts(same, same, 65), "resize sizeGb=65")
	f(extreme, 100, 5000, 0, amounts(200, same, same), "provisionedIops=200")
	f(extreme, 100, 5000, 0, amounts(199, same, same), "")
	f(extreme, 100, 5000, 0, amounts(120000, same, same), "provisionedIops=120000")
	f(extreme, 100, 5000, 0, amounts(120001, same, same), "")
	f(extreme, 300, 5000, 0, amounts(350000, same, same), "provisionedIops=350000")
	f(extreme, 300, 5000, 0, amounts(350001, same, same), "")
	f(extreme, 300, 5000, 0, amounts(same, 500, same), "") // has no throughput to ask for
	f(extreme, 65536, 200000, 0, amounts(same, same, 65537), "")
	f(through, 2048, 0, 20, amounts(same, 180, same), "provisionedThroughput=180")
	f(through, 2048, 0, 20, amounts(same, 181, same), "")
	f(through, 2048, 0, 30, amounts(same, 20, same), "provisionedThroughput=20")
	f(through, 2048, 0, 30, amounts(same, 19, same), "")
	f(through, 2048, 0, 20, amounts(same, same, 2049), "provisionedThroughput=21 sizeGb=2049")
	f(through, 2048, 0, 21, amounts(same, same, 2049), "resize sizeGb=2049")
	f(through, 32768, 0, 400, amounts(same, 2400, same), "provisionedThroughput=2400")
	f(through, 32768, 0, 400, amounts(same, 2401, same), "")
	f(through, 32768, 0, 400, amounts(same, same, 32769), "")
	f(through, 2048, 0, 20, amounts(100, same, same), "") // has no IOPS to ask for
	for _, kind := range []string{"pd-standard", "pd-balanced", "pd-ssd"} {
		f(kind, 100, 0, 0, amounts(same, same, 101), "resize sizeGb=101")
		f(kind, 100, 0, 0, amounts(same, same, 99), "")
		f(kind, 100, 0, 0, amounts(same, same, 100), "")
		f(kind, 65535, 0, 0, amounts(same, same, 65537), "")
		f(kind, 100, 0, 0, amounts(3000, same, same), "")
		f(kind, 100, 0, 0, amounts(same, 300, same), "")
	}
	f("pd-extreme", 500, 0, 0, amounts(same, same, 501), "resize sizeGb=501")
	f(balanced, 100, 3000, 140, amounts(3000.5, same, same), "")
	f(balanced, 100, 3000, 140, amounts(same, 140.5, same), "")
}

// In 4 hours one change of the IOPS and one of the throughput, and any number of the size; no more is sent, and then it can be again.
func TestFourHours(t *testing.T) {
	r := hyperdisk(t).stopped()
	begin := r.now
	f := func(after time.Duration, to foreshock.Allocation, want string) {
		t.Helper()
		r.now = begin.Add(after)
		before := len(r.faults.Calls())
		_, err := r.try(t, to)
		if (err == nil) != (want == "") || err != nil && (!errors.Is(err, act.ErrRule) || !strings.Contains(err.Error(), want)) {
			t.Errorf("after %s to %s: %v, want %q", after, to, err, want)
		}
		if n := len(r.faults.Calls()) - before; n != 0 && want != "" || n != 1 && want == "" {
			t.Errorf("after %s to %s: %d calls", after, to, n)
		}
	}
	f(0, amounts(4600, -1, -1), "")
	f(2*time.Minute, amounts(5000, -1, -1), "iops of disk/europe-west4-a/orders cannot be changed before 2026-03-01T16:01:00Z")
	f(time.Hour, amounts(4600, 300, 120), "") // the throughput has its own, and the size any
	f(2*time.Hour, amounts(-1, 400, -1), "throughput of disk/europe-west4-a/orders cannot be changed before 2026-03-01T17:01:00Z")
	f(3*time.Hour, amounts(-1, -1, 130), "")
	f(4*time.Hour+time.Minute-1, amounts(5000, -1, -1), "cannot be changed before")
	f(4*time.Hour+time.Minute, amounts(5000, 400, -1), "throughput")
	f(4*time.Hour+time.Minute, amounts(5000, -1, -1), "")
	f(5*time.Hour+time.Minute, amounts(-1, 400, 140), "")
	if d, changes := r.engine.Disk(name); changes != 5 {
		t.Errorf("%d changes, %+v", changes, d)
	}
}

// What a growth of the size would have to raise with it, and must not, bounds it.
func TestRaisedWithTheSize(t *testing.T) {
	r := newRig(t, Config{}, gcptest.New(disksOf("hyperdisk-extreme", 64, 150, 0))).stopped()
	if _, err := r.try(t, amounts(140, -1, -1)); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(time.Hour)
	now, err := r.Read(t.Context(), resource)
	if err != nil || now.Rules[foreshock.DimSize].Max != 70*gib {
		t.Errorf("%+v, %v", now.Rules, err)
	}
	if _, err := r.try(t, amounts(-1, -1, 71)); !errors.Is(err, act.ErrRule) {
		t.Error(err)
	}
	x := r.List[0].(*disks)
	d, _ := x.seen.Get(name)
	if _, err := x.change(d, foreshock.Action{To: amounts(-1, -1, 71)}); !errors.Is(err, act.ErrRule) || !strings.Contains(err.Error(), "needs another iops, which cannot be changed before") {
		t.Error(err)
	}
	if sent, err := r.try(t, amounts(-1, -1, 70)); err != nil || sent != "resize sizeGb=70" {
		t.Errorf("%s, %v", sent, err)
	}
}

// What others change counts, as far as it can be told; what failed does not; another program of ours knows which amounts were changed.
func TestForeignChangesCount(t *testing.T) {
	r := hyperdisk(t).stopped()
	begin := r.now
	foreign := func(mask, body string) {
		t.Helper()
		w := httptest.NewRecorder()
		in := httptest.NewRequest("PATCH", "/compute/v1/projects/"+gcptest.Project+"/zones/europe-west4-a/disks/orders?updateMask="+mask, strings.NewReader(body))
		in.Header.Set("Authorization", "Bearer x")
		if r.engine.ServeHTTP(w, in); w.Code != http.StatusOK {
			t.Fatal(w.Body)
		}
	}
	free := func(target *Target, iops, throughput time.Time) {
		t.Helper()
		now, err := target.Read(t.Context(), resource)
		if err != nil || !now.Rules[foreshock.DimIOPS].NotBefore.Equal(iops) || !now.Rules[foreshock.DimThroughput].NotBefore.Equal(throughput) {
			t.Errorf("%+v, %v; want %s, %s", now.Rules, err, iops, throughput)
		}
	}
	free(r.Target, time.Time{}, time.Time{})
	foreign("provisionedIops", `{"provisionedIops": "4000"}`)
	if now, err := r.Read(t.Context(), resource); err != nil || !now.Busy {
		t.Errorf("%+v, %v", now, err)
	}
	r.now = begin.Add(5 * time.Minute)
	free(r.Target, begin.Add(4*time.Hour+time.Minute), begin.Add(4*time.Hour+time.Minute)) // which it was cannot be told
	r.now = begin.Add(10 * time.Hour)
	if _, err := r.try(t, amounts(4600, -1, -1)); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(time.Hour)
	again, err := New(Config{Project: r.account.Project, Endpoint: r.url}, act.Env{Name: "cloud"}) // another process
	if err != nil {
		t.Fatal(err)
	}
	again.Now = r.Target.Now
	free(again, begin.Add(14*time.Hour+time.Minute), begin.Add(4*time.Hour+time.Minute))
	r.now = begin.Add(20 * time.Hour)
	r.engine.FailLater()
	if _, err := r.try(t, amounts(5000, -1, -1)); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(time.Hour)
	free(r.Target, begin.Add(14*time.Hour+time.Minute), begin.Add(4*time.Hour+time.Minute))
}

// When Google refuses a change that was thought to be allowed, it is believed: for a whole window.
func TestRefusalTeaches(t *testing.T) {
	r := hyperdisk(t).stopped()
	x := r.List[0].(*disks)
	d, err := x.describe(t.Context(), place{"europe-west4-a", "orders"})
	if err != nil {
		t.Fatal(err)
	}
	to := d.Volume
	to.IOPS = 4600
	if err := x.send(t.Context(), place{"europe-west4-a", "orders"}, "a", d.Volume, to); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(time.Hour)
	to.IOPS = 5000
	if err := x.send(t.Context(), place{"europe-west4-a", "orders"}, "b", d.Volume, to); !errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), "once in 4 hours") {
		t.Error(err)
	}
	now, err := r.Read(t.Context(), resource)
	if err != nil || !now.Rules[foreshock.DimIOPS].NotBefore.Equal(r.now.Add(4*time.Hour)) || !now.Rules[foreshock.DimThroughput].NotBefore.IsZero() {
		t.Errorf("%+v, %v", now.Rules, err)
	}
}

// The instance's share: what its other disks have is theirs.
func TestCeiling(t *testing.T) {
	f := func(cfg map[string]Ceiling, wantIOPS, wantMiB float64) {
		t.Helper()
		disks := disksOf(balanced, 400, 50000, 1000)
		d := disks[name]
		d.Instances = []string{"europe-west4-a/vm"}
		disks[name] = d
		disks["europe-west4-a/second"] = gcptest.Disk{Type: balanced, Size: 100, IOPS: 20000, Throughput: 400}
		disks["europe-west4-a/boot"] = gcptest.Disk{Type: "pd-ssd", Size: 50}
		disks[regional] = gcptest.Disk{Type: balanced + "-high-availability", Size: 100, IOPS: 5000, Throughput: 200}
		engine := gcptest.New(disks)
		engine.AddInstance("europe-west4-a/vm", gcptest.Instance{Type: "c3-standard-22", Disks: []string{name, "europe-west4-a/second", "europe-west4-a/boot", regional}})
		r := newRig(t, Config{Ceilings: cfg}, engine)
		now, err := r.Read(t.Context(), resource)
		if err != nil || now.Rules[foreshock.DimIOPS].Max != wantIOPS || now.Rules[foreshock.DimThroughput].Max != wantMiB*mib {
			t.Errorf("%+v, %v; want %g, %g", now.Rules, err, wantIOPS, wantMiB)
		}
	}
	f(nil, 160000, 2400)
	f(map[string]Ceiling{"c3-standard-22": {IOPS: 120000, Throughput: 1800 * mib}}, 95000, 1200)
	f(map[string]Ceiling{"c3-standard-22": {IOPS: 120000}}, 95000, 2400)
	f(map[string]Ceiling{"c3-standard-22": {IOPS: 60000, Throughput: 1800 * mib}}, 50000, 1200) // what it has stays
	f(map[string]Ceiling{"c3-standard-44": {IOPS: 10}}, 160000, 2400)
}

// An operation is followed to its end, also when it fails.
func TestOperations(t *testing.T) {
	r := hyperdisk(t).stopped()
	start := r.now
	if _, err := r.try(t, amounts(4600, 300, -1)); err != nil {
		t.Fatal(err)
	}
	f := func(id string, after time.Duration, want act.Progress) {
		t.Helper()
		r.now = start.Add(after)
		p, err := r.Follow(t.Context(), foreshock.Action{ID: id, Resource: resource, To: amounts(4600, 300, -1)})
		if err != nil || p != want {
			t.Errorf("%s after %s: %+v, %v; want %+v", id, after, p, err, want)
		}
	}
	f("a1", 59*time.Second, act.Progress{Observed: amounts(3000, 140, 100), UnderWay: true, Note: "the operation is under way, 0 %"})
	f("a1", time.Minute, act.Progress{Observed: amounts(4600, 300, 100), Done: true, Since: start.Add(time.Minute)})
	f("a2", time.Minute, act.Progress{Observed: amounts(4600, 300, 100)}) // another one, of which nothing is to be seen
	r.engine.FailLater()
	r.now = start.Add(5 * time.Hour)
	if _, err := r.try(t, amounts(5000, -1, -1)); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(time.Hour)
	p, err := r.Follow(t.Context(), foreshock.Action{ID: "a2", Resource: resource, To: amounts(5000, -1, -1)})
	if err != nil || !p.Failed || p.Note != "the operation failed: ZONE_RESOURCE_POOL_EXHAUSTED: there was no room" {
		t.Errorf("%+v, %v", p, err)
	}
}

// What changes between the last look and the call is noticed without a call.
func TestApplyLooksAgain(t *testing.T) {
	f := func(change func(*gcptest.Disk), want string) {
		t.Helper()
		r := hyperdisk(t)
		r.engine.Change(name, change)
		err := r.Apply(t.Context(), foreshock.Action{ID: "a", Resource: resource, From: amounts(3000, 140, 100), To: amounts(4600, -1, -1)})
		if !errors.Is(err, act.ErrRefused) && !errors.Is(err, act.ErrRule) || !strings.Contains(err.Error(), want) || len(r.faults.Calls()) != 0 {
			t.Errorf("%v, %d calls; want %q", err, len(r.faults.Calls()), want)
		}
	}
	f(func(d *gcptest.Disk) { d.IOPS = 4000 }, "has changed since")
	f(func(d *gcptest.Disk) { d.Type = "pd-ssd" }, "has changed since")
	f(func(d *gcptest.Disk) { d.Size = 8 }, "the most for 8 GiB")
}

// What goes wrong is told as what it is, and never with a credential.
func TestErrors(t *testing.T) {
	f := func(mood acttest.Mood, want error, text string) {
		t.Helper()
		r := hyperdisk(t)
		r.faults.SetMood(mood)
		_, err := r.try(t, amounts(4600, -1, -1))
		if want == nil && act.Sure(err) || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", mood, err, want)
		}
		if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "eyJ") || len(err.Error()) > 500 {
			t.Errorf("%s: %v", mood, err)
		}
		if n := len(r.faults.Calls()); n != 1 {
			t.Errorf("%s: %d calls", mood, n)
		}
	}
	f(acttest.Throttling, act.ErrThrottled, "403 rateLimitExceeded")
	f(acttest.Denying, act.ErrDenied, "act/gcp/README.md")
	f(acttest.InConflict, act.ErrRefused, "409 resourceInUseByAnotherResource")
	f(acttest.Erring, nil, "500 backendError")
	f(acttest.Resetting, nil, "")
	r := hyperdisk(t)
	if _, err := r.Read(t.Context(), "disk/europe-west4-a/none"); !errors.Is(err, act.ErrNotFound) {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"vol-1": "names begin with: disk/", "disk/orders": "disk/PLACE/NAME", "disk/a/b/c": "disk/PLACE/NAME", "disk//x": "disk/PLACE/NAME",
	} {
		if _, err := r.Read(t.Context(), name); !errors.Is(err, act.ErrNotFound) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.engine.Role = []string{"compute.disks.get", "compute.zoneOperations.list"}
	if _, err := r.try(t, amounts(4600, -1, -1)); !errors.Is(err, act.ErrDenied) || !strings.Contains(err.Error(), "Required 'compute.disks.update' permission") {
		t.Error(err)
	}
	r.close()
	if err := r.Apply(t.Context(), foreshock.Action{ID: "a", Resource: resource, To: amounts(4600, -1, -1)}); !errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), "nothing was sent") {
		t.Error(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
	none, err := New(Config{Project: gcptest.Project, Endpoint: r.url}, act.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if err := none.once(t.Context(), nil); !errors.Is(err, act.ErrDenied) {
		t.Error(err)
	}
}

// What an operation of somebody else's means is told by its name: what it may have changed, and whether a change can be made beside it.
func TestOperationsOfOthers(t *testing.T) {
	f := func(kind string, changes amountSet, holds bool) {
		t.Helper()
		o := operation{kind: kind}
		if o.changes() != changes || o.holds() != holds {
			t.Errorf("%s: changes %b, holds %t", kind, o.changes(), o.holds())
		}
		o.done = true
		if o.holds() {
			t.Errorf("%s: holds when it is done", kind)
		}
		o.fault = "no room"
		if o.changes() != 0 {
			t.Errorf("%s: counted although it failed", kind)
		}
	}
	const both = iopsChanged | throughputChanged
	f("update", both, true)
	f("compute.disks.update", both, true)
	f("something new", both, true)
	f("resizeDisk", 0, true)
	f("insert", 0, true)
	f("createSnapshot", 0, false)
	f("setLabels", 0, false)
	f("addResourcePolicies", 0, false)
}

// The token is that of the action, and says what was changed.
func TestToken(t *testing.T) {
	id := token("a", iopsChanged|sizeChanged)
	if set, known := changedBy(id); len(id) != 36 || id[14] != '4' || !strings.Contains("89ab", id[19:20]) || !known || set != iopsChanged|sizeChanged {
		t.Errorf("%s: %v, %t", id, set, known)
	}
	if !ofAction(id, "a") || ofAction(id, "b") || ofAction("", "a") || id == token("a", iopsChanged) {
		t.Errorf("%s is taken for another's, or not for its own", id)
	}
	for _, other := range []string{"", "00000000-0000-4000-8000-000000000000", mark} {
		if _, known := changedBy(other); known {
			t.Errorf("%q is taken for one of this program", other)
		}
	}
}

func TestSettings(t *testing.T) {
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := Config{Project: gcptest.Project}
		change(&cfg)
		if _, err := New(cfg, act.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(c *Config) { c.Project = "My Project" }, `project is "My Project"`)
	f(func(c *Config) { c.Endpoint = "http://example.com" }, "endpoint must begin with https")
	f(func(c *Config) { c.Ceilings = map[string]Ceiling{"c3-standard-22": {}} }, "ceilings: c3-standard-22")
	f(func(c *Config) { c.VolumeTypes = "/nowhere" }, "volume_types_file")
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Factory.New(file.Targets[0].Block.Decode, act.Env{}); err != nil || file.Targets[0].Kind != Factory.Name {
		t.Error(err)
	}
}

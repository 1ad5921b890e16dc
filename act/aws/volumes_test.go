package aws

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/act/acttest/awstest"
)

const (
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	keyID     = "AKIAIOSFODNN7EXAMPLE"
	vol       = "vol-0a1b2c3d4e5f60718"
)

type form = url.Values

// answers is a server that answers calls of the query protocol.
func answers(f func(form) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, f(r.Form))
	})
}

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

// rig is a target whose EC2 is a stand-in, with a clock of its own.
type rig struct {
	*Target
	ebs    *awstest.EBS
	faults *awstest.Faults
	now    time.Time
}

// credentials are those that the SDK finds.
func credentials(t *testing.T, endpoint string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": keyID, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_REGION": "eu-west-1",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
	} {
		t.Setenv(name, value)
	}
}

func newRig(t *testing.T, cfg Config, volumes map[string]awstest.Volume, instances map[string]awstest.Instance) *rig {
	t.Helper()
	r := &rig{ebs: awstest.NewEBS(volumes, instances), now: time.Now()}
	r.faults = awstest.NewFaults(r.ebs, "ModifyVolume")
	server := httptest.NewServer(r.faults)
	t.Cleanup(func() { r.faults.Close(); server.Close() })
	credentials(t, server.URL)
	var err error
	if r.Target, err = New(cfg, act.Env{Name: "cloud"}); err != nil {
		t.Fatal(err)
	}
	return r
}

// stopped gives the rig and its stand-in a clock that only the test moves, and modifications that take an hour.
func (r *rig) stopped() *rig {
	r.now = r.now.Round(0).UTC()
	clock := func() time.Time { return r.now }
	r.Target.Now, r.ebs.Now = clock, clock
	r.ebs.Modifying, r.ebs.Optimizing = time.Minute, time.Hour
	return r
}

func gp3(size, iops, throughput float64) map[string]awstest.Volume {
	return map[string]awstest.Volume{vol: {Type: "gp3", Size: size, IOPS: iops, Throughput: throughput, Tags: map[string]string{"app": "orders"}}}
}

func TestVolumesPassTheKit(t *testing.T) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		r := newRig(t, Defaults(), gp3(100, 3000, 125), nil)
		return acttest.Subject{
			Target: r.Target, Resource: vol, Missing: "vol-0000000000000dead", To: amounts(4600, 300, -1),
			Calls:  func() int { return len(r.faults.Calls()) },
			Others: func() string { v, _ := r.ebs.Volume(vol); return fmt.Sprint(v.Type, v.Size, v.Tags) },
			Fault: func(m acttest.Mood) bool {
				switch m {
				case acttest.FailingLater:
					r.ebs.FailLater()
				case acttest.AcceptsOnly:
					r.ebs.Ignore()
				}
				r.faults.SetMood(m)
				return true
			},
		}
	})
}

func action(from, to foreshock.Allocation) foreshock.Action {
	return foreshock.Action{ID: "a", Resource: vol, From: from, To: to}
}

// try takes an action through what the executor does with a target, and gives the parameters that were sent.
func (r *rig) try(t *testing.T, to foreshock.Allocation, asked ...time.Time) (url.Values, error) {
	t.Helper()
	now, err := r.Read(t.Context(), vol)
	if err != nil {
		return nil, err
	}
	r.Recount(&now, asked)
	a := action(now.Allocated, to)
	a.Evidence = r.now
	if err := r.Validate(now, a); err != nil {
		return nil, err
	}
	before := len(r.faults.Calls())
	err = r.Apply(t.Context(), a)
	if calls := r.faults.Calls(); len(calls) > before {
		return calls[len(calls)-1], err
	}
	return nil, err
}

// What is sent states everything; what would break a rule is not sent; at every limit and ratio, on either side.
func TestEveryLimit(t *testing.T) {
	f := func(kind string, size, iops, throughput float64, to foreshock.Allocation, sent string, convert ...string) {
		t.Helper()
		cfg := Defaults()
		if convert != nil {
			cfg.Convert = map[string]string{kind: convert[0]}
		}
		r := newRig(t, cfg, map[string]awstest.Volume{vol: {Type: kind, Size: size, IOPS: iops, Throughput: throughput}}, nil)
		form, err := r.try(t, to)
		if sent == "" {
			if !errors.Is(err, act.ErrRule) || form != nil {
				t.Errorf("%s to %s: %v, sent %v; want none", kind, to, err, form)
			}
			return
		}
		got := strings.Join([]string{form.Get("VolumeType"), form.Get("Size"), form.Get("Iops"), form.Get("Throughput")}, " ")
		if err != nil || got != sent {
			t.Errorf("%s to %s: sent %q, %v; want %q", kind, to, got, err, sent)
		}
	}
	const same = -1
	f("gp3", 100, 3000, 125, amounts(4600, 300, same), "gp3 100 4600 300")
	f("gp3", 100, 3000, 125, amounts(4600, same, same), "gp3 100 4600 125") // all parameters, always
	f("gp3", 100, 3000, 125, amounts(same, 750, same), "gp3 100 3000 750")
	f("gp3", 100, 3000, 125, amounts(same, 751, same), "")
	f("gp3", 100, 3000, 125, amounts(same, same, 101), "gp3 101 3000 125")
	f("gp3", 100, 3000, 125, amounts(same, same, 99), "")
	f("gp3", 100, 3000, 125, amounts(same, same, 100), "") // nothing changes
	f("gp3", 100, 3000, 125, amounts(3000, 125, 100), "")
	f("gp3", 100, 50000, 125, amounts(50001, same, same), "")
	f("gp3", 100, 3000, 125, amounts(50000, same, same), "gp3 100 50000 125")
	f("gp3", 160, 3000, 125, amounts(80000, same, same), "gp3 160 80000 125")
	f("gp3", 65536, 3000, 125, amounts(80001, same, same), "")
	f("gp3", 5, 3000, 125, amounts(3001, same, same), "")
	f("gp3", 7, 3000, 125, amounts(3500, same, same), "gp3 7 3500 125")
	f("gp3", 100, 4600, 300, amounts(2999, same, same), "")
	f("gp3", 100, 4600, 300, amounts(3000, same, same), "gp3 100 3000 300")
	f("gp3", 100, 8000, 1000, amounts(4000, same, same), "gp3 100 4000 1000")
	f("gp3", 100, 8000, 1000, amounts(3999, same, same), "") // 1000 MiB/s need 4000 IOPS
	f("gp3", 100, 8000, 1000, amounts(4000, 1001, same), "") // each allowed alone, not together
	f("gp3", 100, 8000, 125, amounts(same, 2000, same), "gp3 100 8000 2000")
	f("gp3", 100, 9000, 125, amounts(same, 2001, same), "")
	f("gp3", 100, 4600, 300, amounts(same, 124, same), "")
	f("gp3", 65535, 3000, 125, amounts(same, same, 65536), "gp3 65536 3000 125")
	f("gp3", 65535, 3000, 125, amounts(same, same, 65537), "")
	f("io2", 100, 5000, 0, amounts(100000, same, same), "io2 100 100000 ")
	f("io2", 100, 5000, 0, amounts(100001, same, same), "")
	f("io2", 256, 5000, 0, amounts(256000, same, same), "io2 256 256000 ")
	f("io2", 300, 5000, 0, amounts(256001, same, same), "")
	f("io2", 100, 5000, 0, amounts(99, same, same), "")
	f("io2", 100, 5000, 0, amounts(100, same, same), "io2 100 100 ")
	f("io2", 100, 5000, 0, amounts(same, 500, same), "") // io2 has no throughput to ask for
	f("io1", 100, 1000, 0, amounts(5000, same, same), "io1 100 5000 ")
	f("io1", 100, 1000, 0, amounts(5001, same, same), "")
	f("io1", 16384, 1000, 0, amounts(64000, same, same), "io1 16384 64000 ")
	f("io1", 16384, 1000, 0, amounts(64001, same, same), "")
	f("io1", 16384, 1000, 0, amounts(same, same, 16385), "")
	f("gp2", 100, 300, 0, amounts(3000, same, same), "") // gp2 has no IOPS to ask for
	f("gp2", 100, 300, 0, amounts(same, same, 200), "gp2 200  ")
	f("gp2", 16384, 16000, 0, amounts(same, same, 16385), "")
	f("gp2", 100, 300, 0, amounts(4600, same, same), "gp3 100 4600 250", "gp3") // what gp2 gave stays
	f("gp2", 100, 300, 0, amounts(2999, same, same), "", "gp3")
	f("gp2", 2000, 6000, 0, amounts(same, 500, same), "gp3 2000 6000 500", "gp3")
	f("gp3", 100, 60000, 125, amounts(60001, same, same), "io2 100 60001 ", "io2")
	f("st1", 500, 0, 0, amounts(same, same, 600), "st1 600  ")
	f("st1", 500, 0, 0, amounts(same, 100, same), "")
	f("standard", 1024, 0, 0, amounts(same, same, 1025), "")
}

// Four changes in any 24 hours: the last is kept for emergencies, the fifth is refused before the call, and after 24 hours the first frees up.
func TestBudget(t *testing.T) {
	r := newRig(t, Defaults(), gp3(100, 3000, 125), nil).stopped()
	begin := r.now
	emergency := func(to foreshock.Allocation) error {
		now, err := r.Read(t.Context(), vol)
		if err != nil {
			t.Fatal(err)
		}
		a := action(now.Allocated, to)
		a.Emergency = true
		if err := r.Validate(now, a); err != nil {
			return err
		}
		return r.Apply(t.Context(), a)
	}
	left := func(want int, free time.Time) {
		t.Helper()
		now, err := r.Read(t.Context(), vol)
		if b := now.Budget; err != nil || !b.Limited || b.Left != want || b.Total != 4 || b.Window != 24*time.Hour || !b.NextFree.Equal(free) {
			t.Errorf("%+v, %v; want %d left, the next at %s", now.Budget, err, want, free)
		}
	}
	left(4, time.Time{})
	for i := range 3 {
		if _, err := r.try(t, amounts(3100+100*float64(i), -1, -1)); err != nil {
			t.Fatalf("change %d: %v", i+1, err)
		}
		if now, _ := r.Read(t.Context(), vol); !now.Busy {
			t.Errorf("change %d: the volume is not busy", i+1)
		}
		r.now = r.now.Add(2 * time.Hour)
		left(3-i, begin.Add(24*time.Hour))
	}
	if _, err := r.try(t, amounts(5000, -1, -1)); !errors.Is(err, act.ErrRule) || !strings.Contains(err.Error(), "kept for emergencies") {
		t.Errorf("the last change is used without need: %v", err)
	}
	if err := emergency(amounts(5000, -1, -1)); err != nil {
		t.Errorf("the last change in an emergency: %v", err)
	}
	r.now = r.now.Add(2 * time.Hour)
	left(0, begin.Add(24*time.Hour))
	if err := emergency(amounts(6000, -1, -1)); !errors.Is(err, act.ErrRefused) || len(r.faults.Calls()) != 4 {
		t.Errorf("the fifth: %v after %d calls", err, len(r.faults.Calls()))
	}
	r.now = begin.Add(24*time.Hour - time.Second)
	left(0, begin.Add(24*time.Hour))
	r.now = begin.Add(24 * time.Hour)
	left(1, begin.Add(26*time.Hour))
	if err := emergency(amounts(6000, -1, -1)); err != nil {
		t.Errorf("after 24 hours: %v", err)
	}
}

// What others change counts; what was asked for before the program was started counts; what is both counts once.
func TestForeignChangesCount(t *testing.T) {
	r := newRig(t, Defaults(), gp3(100, 3000, 125), nil).stopped()
	foreign := func(size string) {
		t.Helper()
		w := httptest.NewRecorder()
		in := httptest.NewRequest("POST", "/", strings.NewReader(url.Values{"Action": {"ModifyVolume"}, "VolumeId": {vol}, "Size": {size}}.Encode()))
		in.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if r.ebs.ServeHTTP(w, in); w.Code != 200 {
			t.Fatal(w.Body)
		}
	}
	left := func(want int, asked ...time.Time) {
		t.Helper()
		now, err := r.Read(t.Context(), vol)
		if r.Recount(&now, asked); err != nil || now.Budget.Left != want {
			t.Errorf("%+v, %v; want %d left", now.Budget, err, want)
		}
	}
	first := r.now
	foreign("101")
	left(3)
	r.now = r.now.Add(2 * time.Hour)
	foreign("102")
	left(2) // EC2 shows the second only
	left(1, r.now.Add(-90*time.Minute))
	left(2, r.now.Add(-30*time.Second), first.Add(time.Minute)) // the same as those that were seen
	left(0, r.now.Add(-3*time.Hour), r.now.Add(-4*time.Hour), r.now.Add(-5*time.Hour))
	left(2, r.now.Add(-24*time.Hour), r.now.Add(-30*time.Hour))
	again, err := New(Defaults(), act.Env{Name: "cloud"}) // another process, which knows what EC2 shows and what the journal has
	if err != nil {
		t.Fatal(err)
	}
	again.Now = r.Target.Now
	now, err := again.Read(t.Context(), vol)
	if again.Recount(&now, []time.Time{first}); err != nil || now.Budget.Left != 2 {
		t.Errorf("%+v, %v", now.Budget, err)
	}
}

// When EC2 refuses a change that was thought to be allowed, it is believed: until when it says.
func TestRefusalTeaches(t *testing.T) {
	r := newRig(t, Defaults(), gp3(100, 3000, 125), nil).stopped()
	begin := r.now.Truncate(time.Second)
	r.now = begin
	for i := range 4 { // unseen by the target
		w := httptest.NewRecorder()
		in := httptest.NewRequest("POST", "/", strings.NewReader(url.Values{"Action": {"ModifyVolume"}, "VolumeId": {vol}, "Size": {fmt.Sprint(101 + i)}}.Encode()))
		in.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.ebs.ServeHTTP(w, in)
		r.now = r.now.Add(2 * time.Hour)
	}
	if _, err := r.try(t, amounts(5000, -1, -1)); !errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), "VolumeModificationRateExceeded") {
		t.Errorf("%v", err)
	}
	now, err := r.Read(t.Context(), vol)
	if err != nil || now.Budget.Left != 0 || !now.Budget.NextFree.Equal(begin.Add(24*time.Hour)) {
		t.Errorf("%+v, %v", now.Budget, err)
	}
}

// The instance's share: what its other volumes have is theirs.
func TestCeiling(t *testing.T) {
	volumes := gp3(100, 3000, 125)
	f := func(ceiling string, i awstest.Instance, wantIOPS, wantMiB float64, others ...awstest.Volume) {
		t.Helper()
		all := map[string]awstest.Volume{}
		mine := volumes[vol]
		mine.Instance = "i-1"
		all[vol] = mine
		for k, o := range others {
			o.Instance = "i-1"
			all[fmt.Sprintf("vol-%d", k)] = o
		}
		cfg := Defaults()
		cfg.Ceiling = ceiling
		i.Type = "m5.large"
		r := newRig(t, cfg, all, map[string]awstest.Instance{"i-1": i})
		now, err := r.Read(t.Context(), vol)
		if err != nil || now.Rules[foreshock.DimIOPS].Max != wantIOPS || now.Rules[foreshock.DimThroughput].Max != wantMiB*mib {
			t.Errorf("%s %+v: %v, %v", ceiling, i, now.Rules, err)
		}
		if _, err := r.try(t, amounts(wantIOPS+1, -1, -1)); !errors.Is(err, act.ErrRule) {
			t.Errorf("%v", err)
		}
	}
	i := awstest.Instance{IOPS: 3600, Throughput: 81.25, MaxIOPS: 18750, MaxThroughputMB: 593.75}
	big := awstest.Instance{IOPS: 40000, Throughput: 1250}
	f("baseline", big, 40000, 750)
	f("baseline", big, 30000, 692, awstest.Volume{Type: "gp3", Size: 100, IOPS: 10000, Throughput: 500}) // 1250 MB/s are 1192 MiB/s
	f("baseline", big, 39700, 750, awstest.Volume{Type: "gp2", Size: 100, IOPS: 300})
	f("baseline", i, 3600, 125) // what there is already stays
	f("maximum", i, 18750, 566)
	f("none", i, 50000, 750)
	f("baseline", big, 3000, 125, awstest.Volume{Type: "gp3", Size: 100, IOPS: 39000, Throughput: 1200})
}

// io2 on an instance that is not built on Nitro.
func TestCeilingWithoutNitro(t *testing.T) {
	r := newRig(t, Defaults(), map[string]awstest.Volume{vol: {Type: "io2", Size: 500, IOPS: 1000, Instance: "i-1"}},
		map[string]awstest.Instance{"i-1": {Type: "m4.16xlarge", IOPS: 65000, Throughput: 1250, Xen: true}})
	now, err := r.Read(t.Context(), vol)
	if err != nil || now.Rules[foreshock.DimIOPS].Max != 32000 {
		t.Errorf("%+v, %v", now.Rules, err)
	}
}

// Somebody else's volume is left alone.
func TestOperator(t *testing.T) {
	volumes := gp3(100, 3000, 125)
	v := volumes[vol]
	v.Principal = "eks.amazonaws.com"
	volumes[vol] = v
	r := newRig(t, Defaults(), volumes, nil)
	if now, err := r.Read(t.Context(), vol); err != nil || now.Owner != "the operator eks.amazonaws.com" {
		t.Errorf("%+v, %v", now, err)
	}
}

// A change goes from modifying over optimizing to completed, and is done only then.
func TestStates(t *testing.T) {
	r := newRig(t, Defaults(), gp3(100, 3000, 125), nil).stopped()
	start := r.now
	if _, err := r.try(t, amounts(4600, 300, -1)); err != nil {
		t.Fatal(err)
	}
	a := action(amounts(3000, 125, 100), amounts(4600, 300, -1))
	a.Evidence = start
	f := func(after time.Duration, want act.Progress) {
		t.Helper()
		r.now = start.Add(after)
		p, err := r.Follow(t.Context(), a)
		if err != nil || p != want {
			t.Errorf("after %s: %+v, %v; want %+v", after, p, err, want)
		}
	}
	old, now := amounts(3000, 125, 100), amounts(4600, 300, 100)
	f(30*time.Second, act.Progress{Observed: old, UnderWay: true, Note: "the modification is modifying, 0 %"})
	f(31*time.Minute, act.Progress{Observed: now, UnderWay: true, Note: "the modification is optimizing, 50 %"})
	f(2*time.Hour, act.Progress{Observed: now, Done: true, Since: start.Add(61 * time.Minute)})
	a.Evidence = start.Add(90 * time.Minute) // another action with the same amounts, of which nothing is to be seen
	f(2*time.Hour, act.Progress{Observed: now})
}

func TestFailedModification(t *testing.T) {
	r := newRig(t, Defaults(), gp3(100, 3000, 125), nil).stopped()
	r.ebs.FailLater()
	if _, err := r.try(t, amounts(4600, -1, -1)); err != nil {
		t.Fatal(err)
	}
	a := action(amounts(3000, 125, 100), amounts(4600, -1, -1))
	a.Evidence = r.now
	r.now = r.now.Add(time.Hour)
	p, err := r.Follow(t.Context(), a)
	if err != nil || !p.Failed || !strings.Contains(p.Note, "there was no room") {
		t.Errorf("%+v, %v", p, err)
	}
	if now, err := r.Read(t.Context(), vol); err != nil || now.Busy || now.Budget.Left != 3 {
		t.Errorf("%+v, %v", now, err)
	}
}

// What changes between the last look and the call is noticed without a call.
func TestApplyLooksAgain(t *testing.T) {
	f := func(change func(*awstest.Volume), want string) {
		t.Helper()
		r := newRig(t, Defaults(), gp3(100, 3000, 125), nil)
		a := action(amounts(3000, 125, 100), amounts(4600, -1, -1))
		r.ebs.Change(vol, change)
		err := r.Apply(t.Context(), a)
		if !errors.Is(err, act.ErrRefused) && !errors.Is(err, act.ErrRule) || !strings.Contains(err.Error(), want) || len(r.faults.Calls()) != 0 {
			t.Errorf("%v, %d calls; want %q", err, len(r.faults.Calls()), want)
		}
	}
	f(func(v *awstest.Volume) { v.IOPS = 4000 }, "has changed since")
	f(func(v *awstest.Volume) { v.Type = "gp2" }, "gp2 volumes have no IOPS")
}

// What goes wrong is told as what it is, and never with a credential.
func TestErrors(t *testing.T) {
	f := func(mood acttest.Mood, want error, text string) {
		t.Helper()
		r := newRig(t, Defaults(), gp3(100, 3000, 125), nil)
		r.faults.SetMood(mood)
		_, err := r.try(t, amounts(4600, -1, -1))
		if want == nil { // it is not known what came of it
			for _, sure := range []error{act.ErrRefused, act.ErrDenied, act.ErrThrottled, act.ErrNotFound} {
				if errors.Is(err, sure) {
					t.Errorf("%s: %v", mood, err)
				}
			}
		} else if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", mood, err, want)
		}
		if err == nil || !strings.Contains(err.Error(), text) || leaks(err.Error()) || len(err.Error()) > 500 {
			t.Errorf("%s: %v", mood, err)
		}
		if n := len(r.faults.Calls()); n != 1 {
			t.Errorf("%s: %d calls", mood, n)
		}
	}
	f(acttest.Throttling, act.ErrThrottled, "RequestLimitExceeded")
	f(acttest.Denying, act.ErrDenied, "act/aws/README.md")
	f(acttest.InConflict, act.ErrRefused, "IncorrectState")
	f(acttest.Erring, nil, "InternalError")
	f(acttest.Resetting, nil, "")

	r := newRig(t, Defaults(), gp3(100, 3000, 125), nil)
	if _, err := r.Read(t.Context(), "vol-0000000000000dead"); !errors.Is(err, act.ErrNotFound) {
		t.Error(err)
	}
	if _, err := r.Read(t.Context(), "disk-1"); !errors.Is(err, act.ErrNotFound) || !strings.Contains(err.Error(), "vol-") {
		t.Error(err)
	}
	server := httptest.NewServer(nil)
	server.Close()
	credentials(t, server.URL)
	gone, err := New(Defaults(), act.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Apply(t.Context(), action(amounts(3000, 125, 100), amounts(4600, -1, -1))); !errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), "nothing was sent") {
		t.Error(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	none, err := New(Defaults(), act.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if err := none.once(t.Context(), nil); !errors.Is(err, act.ErrDenied) {
		t.Error(err)
	}
}

func leaks(text string) bool {
	return strings.Contains(text, secretKey) || strings.Contains(text, keyID) || strings.Contains(text, "Zm9yZXNo")
}

func TestSettings(t *testing.T) {
	credentials(t, "http://127.0.0.1:1")
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := Defaults()
		change(&cfg)
		if _, err := New(cfg, act.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(c *Config) { c.Ceiling = "sky" }, `ceiling is "sky"; there is: baseline, maximum, none`)
	f(func(c *Config) { c.Kept = -1 }, "kept must not be below 0")
	f(func(c *Config) { c.Convert = map[string]string{"gp2": "gp4"} }, `no type of volume is called "gp4"; there is: gp2, gp3`)
	f(func(c *Config) { c.VolumeTypes = "/nowhere" }, "volume_types_file")
	t.Setenv("AWS_REGION", "")
	f(func(*Config) {}, "no region is known")
}

// What EC2 refuses although it was thought to be allowed is told as refused, in its words: sent here past all checks.
func TestRefusalsOfEC2(t *testing.T) {
	f := func(to act.Volume, want error, text string, before ...act.Volume) {
		t.Helper()
		r := newRig(t, Defaults(), gp3(100, 3000, 125), nil).stopped()
		x := r.List[0].(*volumes)
		for _, s := range before {
			if err := x.send(t.Context(), vol, s); err != nil {
				t.Fatal(err)
			}
		}
		err := x.send(t.Context(), vol, to)
		if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v; want %q", to, err, text)
		}
	}
	f(act.Volume{Kind: "gp3", Size: 99, IOPS: 3000, Throughput: 125}, act.ErrRefused, "New size cannot be smaller")
	f(act.Volume{Kind: "gp3", Size: 100, IOPS: 50001, Throughput: 125}, act.ErrRefused, "InvalidParameterValue")
	f(act.Volume{Kind: "gp3", Size: 100, IOPS: 3000, Throughput: 751}, act.ErrRefused, "InvalidParameterValue")
	f(act.Volume{Kind: "gp9", Size: 100, IOPS: 3000, Throughput: 125}, act.ErrRefused, "UnknownVolumeType")
	f(act.Volume{Kind: "io2", Size: 100}, act.ErrRefused, "MissingParameter")
	f(act.Volume{Kind: "gp3", Size: 100, IOPS: 4000, Throughput: 125}, act.ErrRefused, "IncorrectModificationState", act.Volume{Kind: "gp3", Size: 100, IOPS: 3500, Throughput: 125})
	r := newRig(t, Defaults(), gp3(100, 3000, 125), nil)
	r.ebs.Change(vol, func(v *awstest.Volume) { v.Principal = "eks.amazonaws.com" })
	if err := r.List[0].(*volumes).send(t.Context(), vol, act.Volume{Kind: "gp3", Size: 100, IOPS: 4000, Throughput: 125}); !errors.Is(err, act.ErrDenied) {
		t.Error(err)
	}
}

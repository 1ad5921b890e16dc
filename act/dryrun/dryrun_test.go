package dryrun_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/dryrun"
	"github.com/foreshock-io/foreshock/config"
)

func amounts(iops, throughput float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimIOPS, iops)
	a.Set(foreshock.DimThroughput, throughput)
	return a
}

func TestDeclared(t *testing.T) {
	declared := amounts(3000, 125<<20)
	target := dryrun.Declared(declared)
	for _, name := range []string{"vol-1", "disk/vda", ""} {
		r, err := target.Read(t.Context(), name)
		if err != nil || r.Name != name || r.Allocated != declared || r.Busy || r.Owner != "" || r.Budget.Limited {
			t.Errorf("%q: %+v, %v", name, r, err)
		}
		want := map[foreshock.Dimension]foreshock.Rule{foreshock.DimIOPS: {Down: true}, foreshock.DimThroughput: {Down: true}}
		if diff := cmp.Diff(want, r.Rules); diff != "" {
			t.Error(diff)
		}
		r.Rules[foreshock.DimIOPS] = foreshock.Rule{Max: 1} // the caller owns what it was given
	}
	r, _ := target.Read(t.Context(), "vol-1")
	f := func(to foreshock.Allocation, ok bool) {
		t.Helper()
		err := target.Validate(r, foreshock.Action{Resource: "vol-1", To: to})
		if ok != (err == nil) || !ok && !errors.Is(err, act.ErrRule) {
			t.Errorf("%s: %v", to, err)
		}
	}
	f(amounts(1e9, 1), true)
	f(declared, false)
	f(foreshock.Allocation{}, false)

	p, err := target.Follow(t.Context(), foreshock.Action{})
	if err != nil || p.Done || p.Failed || p.UnderWay || p.Observed != declared {
		t.Errorf("follow: %+v, %v", p, err)
	}
}

func TestNothingDeclared(t *testing.T) {
	r, err := dryrun.Declared(foreshock.Allocation{}).Read(t.Context(), "vol-1")
	if err != nil || !r.Allocated.Empty() || len(r.Rules) != 0 {
		t.Errorf("%+v, %v: nothing is known, which is not zero", r, err)
	}
}

func TestApplyRefuses(t *testing.T) {
	action := foreshock.Action{Resource: "vol-1", To: amounts(6000, 250<<20)}
	for _, target := range []act.Target{dryrun.Declared(amounts(1, 1)), dryrun.Wrap(&counting{})} {
		err := target.Apply(t.Context(), action)
		if !errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), "dry run: 6000 IOPS and 250 MiB/s of vol-1") {
			t.Error(err)
		}
	}
}

// counting is a target that counts what is asked of it.
type counting struct {
	reads, validates, follows, applies atomic.Int64
}

func (c *counting) Read(_ context.Context, resource string) (foreshock.Resource, error) {
	c.reads.Add(1)
	return foreshock.Resource{Name: resource, Allocated: amounts(100, 200), Owner: "someone"}, nil
}

func (c *counting) Validate(foreshock.Resource, foreshock.Action) error {
	c.validates.Add(1)
	return act.ErrRule
}

func (c *counting) Apply(context.Context, foreshock.Action) error {
	c.applies.Add(1)
	return nil
}

func (c *counting) Follow(context.Context, foreshock.Action) (act.Progress, error) {
	c.follows.Add(1)
	return act.Progress{UnderWay: true}, nil
}

// Whatever is asked of a wrapped target, in whatever order: the inner one is never asked to change anything, and answers all else.
func TestWrapNeverApplies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inner := &counting{}
		target := dryrun.Wrap(inner)
		ctx := context.Background()
		want := [4]int64{}
		for _, c := range rapid.SliceOf(rapid.IntRange(0, 3)).Draw(t, "calls") {
			want[c]++
			switch c {
			case 0:
				r, err := target.Read(ctx, "vol")
				if err != nil || r.Owner != "someone" {
					t.Fatalf("read through: %+v, %v", r, err)
				}
			case 1:
				if err := target.Validate(foreshock.Resource{}, foreshock.Action{}); !errors.Is(err, act.ErrRule) {
					t.Fatal(err)
				}
			case 2:
				if p, err := target.Follow(ctx, foreshock.Action{}); err != nil || !p.UnderWay {
					t.Fatalf("%+v, %v", p, err)
				}
			case 3:
				if err := target.Apply(ctx, foreshock.Action{To: amounts(1, 2)}); !errors.Is(err, act.ErrRefused) {
					t.Fatal(err)
				}
			}
		}
		got := [4]int64{inner.reads.Load(), inner.validates.Load(), inner.follows.Load(), want[3]}
		if got != want || inner.applies.Load() != 0 {
			t.Fatalf("asked %v, passed on %v, applied %d", want, got, inner.applies.Load())
		}
	})
}

// load builds the targets of a file as the program does.
func load(t *testing.T, file, text string) ([]act.Target, error) {
	t.Helper()
	c, err := config.Parse(file, []byte(text))
	if err != nil {
		return nil, err
	}
	built := map[string]act.Target{}
	var list []act.Target
	for _, item := range c.Targets {
		if item.Kind == "counting" {
			built[item.Name] = &counting{}
			continue
		}
		env := act.Env{Name: item.Name, Target: func(name string) (act.Target, bool) { inner, ok := built[name]; return inner, ok }}
		target, err := dryrun.Factory.New(item.Block.Decode, env)
		if err != nil {
			return nil, item.Block.Fault(err)
		}
		list = append(list, target)
	}
	return list, nil
}

func TestSample(t *testing.T) {
	sample, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	targets, err := load(t, "sample.yaml", string(sample))
	if err != nil {
		t.Fatal(err)
	}
	f := func(resource string, allocated foreshock.Allocation) {
		t.Helper()
		r, err := targets[0].Read(t.Context(), resource)
		if err != nil {
			t.Fatal(err)
		}
		want := map[foreshock.Dimension]foreshock.Rule{
			foreshock.DimIOPS:       {Min: 3000, Max: 16000, Quantum: 100, Down: true},
			foreshock.DimThroughput: {Down: true},
		}
		if diff := cmp.Diff(want, r.Rules); diff != "" || r.Target != "paper" || r.Allocated != allocated {
			t.Errorf("%+v\n%s", r, diff)
		}
	}
	f("vol-1", amounts(3000, 125<<20))
	f("vol-big", amounts(16000, 1<<30))
}

func TestConfig(t *testing.T) {
	f := func(block string, want ...string) {
		t.Helper()
		_, err := load(t, "f.yaml", "targets:\n- name: real\n  counting: {}\n- dryrun: "+block+"\n")
		if len(want) == 0 && err != nil {
			t.Error(err)
		}
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v; want %q", block, err, w)
			}
		}
	}
	f("{}")
	f("{of: real}")
	f("{allocated: {iops: 0}}")
	f("{of: unreal}", `no target before this one is called "unreal"`)
	f("{of: real, allocated: {iops: 3}}", "remove allocated, resources and rules, or of")
	f("{allocated: {iops: -1, size: -2}, resources: {a: {iops: -3}}}", "allocated.iops must be", "allocated.size must be", "resources.a.iops must be")
	f("{rules: {iops: {min: 9, max: 5}}}", "max (5) must be at least min (9)")
	f("{rules: {iops: {quantum: -9}}}", "rules.iops")
	f("{alocated: {iops: 5}}", "did you mean allocated?")
	f("{allocated: {speed: 5}}", `no dimension is called "speed"`)
}

package dryrun

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
)

func amounts(pairs ...float64) (a foreshock.Allocation) {
	for i := 0; i < len(pairs); i += 2 {
		a.Set(foreshock.Dimension(pairs[i]), pairs[i+1])
	}
	return a
}

const (
	iops = float64(foreshock.DimIOPS)
	size = float64(foreshock.DimSize)
)

func TestDeclared(t *testing.T) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		d, err := New(Config{
			Resources: map[string]map[foreshock.Dimension]float64{"a": {foreshock.DimIOPS: 3000, foreshock.DimSize: 10 << 30}},
			Rules: map[foreshock.Dimension]Rule{
				foreshock.DimIOPS: {Min: 1000, Max: 16000, Quantum: 100}, foreshock.DimSize: {Quantum: 1 << 30, UpOnly: true},
			},
		}, act.Env{Name: "dry"})
		if err != nil {
			t.Fatal(err)
		}
		return acttest.Subject{Target: d, Resource: "a", Missing: "b", To: amounts(iops, 4000, size, 12<<30), Calls: d.Asked}
	})
}

// The whole kit runs on a dry run of a provider that writes down each call: there is none.
func TestNoCallIsMade(t *testing.T) {
	var providers []*acttest.Provider
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		p := acttest.NewProvider(map[string]*acttest.Volume{"v": {
			Allocated: amounts(iops, 3000, size, 10<<30),
			Rules: map[foreshock.Dimension]foreshock.Rule{
				foreshock.DimIOPS: {Min: 1000, Max: 16000, Quantum: 1, Down: true}, foreshock.DimSize: {Quantum: 1 << 30},
			},
			Changes: 4, Window: time.Hour,
		}}, nil)
		providers = append(providers, p)
		server := httptest.NewServer(p.Handler())
		t.Cleanup(func() { p.Close(); server.Close() })
		d := Of(acttest.Dial(server.URL), 0, nil)
		return acttest.Subject{Target: d, Resource: "v", Missing: "w", To: amounts(iops, 4000, size, 12<<30), Calls: d.Asked}
	})
	for _, p := range providers {
		for _, e := range p.Entries() {
			t.Errorf("the provider was asked: %+v", e)
		}
	}
	if len(providers) < 10 {
		t.Errorf("only %d providers", len(providers))
	}
}

// A pretence ends when somebody really changes the resource.
func TestForgets(t *testing.T) {
	p := acttest.NewProvider(map[string]*acttest.Volume{"v": {Allocated: amounts(iops, 3000)}}, nil)
	server := httptest.NewServer(p.Handler())
	defer server.Close()
	d := Of(acttest.Dial(server.URL), 0, nil)
	f := func(want float64) {
		t.Helper()
		r, err := d.Read(t.Context(), "v")
		if err != nil || !r.Allocated.Covers(amounts(iops, want)) {
			t.Errorf("%s, %v, want %g", r.Allocated, err, want)
		}
	}
	f(3000)
	if err := d.Apply(t.Context(), foreshock.Action{Resource: "v", To: amounts(iops, 4000)}); err != nil {
		t.Fatal(err)
	}
	f(4000)
	p.Change("v", func(v *acttest.Volume) { v.Allocated.Set(foreshock.DimIOPS, 5000) })
	f(5000)
}

func TestFaults(t *testing.T) {
	f := func(cfg Config, want string) {
		t.Helper()
		if _, err := New(cfg, act.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", cfg, err, want)
		}
	}
	one := map[string]map[foreshock.Dimension]float64{"a": {foreshock.DimIOPS: 1}}
	f(Config{}, "nothing to read")
	f(Config{Of: "x"}, `no target before this one is called "x"`)
	f(Config{Of: "x", Resources: one}, "exclude each other")
	f(Config{Resources: map[string]map[foreshock.Dimension]float64{"a": {foreshock.DimIOPS: -1}}}, "resources.a.iops: -1 is no amount")
	f(Config{Resources: one, Rules: map[foreshock.Dimension]Rule{foreshock.DimIOPS: {Min: 3, Max: 2}}}, "rules.iops")
}

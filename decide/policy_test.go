package decide

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

func TestMatches(t *testing.T) {
	f := func(globs string, id foreshock.ID, want bool) {
		t.Helper()
		var list []string
		if globs != "" {
			list = strings.Split(globs, " ")
		}
		if got := (Policy{Match: list}).Matches(id); got != want {
			t.Errorf("%q matches %q: %v", globs, id, got)
		}
	}
	f("", "disk/a", false) // nothing is not everything
	f("*", "disk/a", false)
	f("**", "disk/a", true)
	f("disk/*", "disk/a", true)
	f("disk/*", "disk/a/b", false)
	f("disk/**", "disk/a/b", true)
	f("disk/**/z", "disk/a/b/z", true)
	f("disk/?", "disk/ab", false)
	f("vm/* disk/[ab]", "disk/b", true)
	f("disk/[^ab]", "disk/b", false)
	f("disk/[!ab]", "disk/c", true)
	f("disk/[!ab]", "disk//", false)
	f("disk/a.b", "disk/aXb", false)
	f(`disk/\*`, "disk/*", true)
	f(`disk/\*`, "disk/a", false)
	f("disk/a", "my-disk/a", false)
	f("disk/ä*", "disk/äö", true)
	f("disk/[a", "disk/a", false)
	f("[z-a]", "z", false)
}

func TestResourceName(t *testing.T) {
	f := func(template string, id foreshock.ID, want string) {
		t.Helper()
		if got := (Policy{Resource: template}).ResourceName(id); got != want {
			t.Errorf("%q of %q: %q, expected %q", template, id, got, want)
		}
	}
	f("", "disk/vda", "vda")
	f("${name}", "pvc/db/data-0", "db/data-0")
	f("${id}", "disk/vda", "disk/vda")
	f("system.slice/${name}.service", "cgroup/web", "system.slice/web.service")
	f("${name}", "alone", "alone")
	f("${name}", "disk/${id}", "${id}") // an id brings no placeholder
}

func TestDefaults(t *testing.T) {
	p := Default()
	p.Bounds = map[foreshock.Dimension]Bounds{foreshock.DimIOPS: {Max: 16000}}
	filled := p.WithDefaults()
	if filled.Headroom != 0.25 || filled.Cooldown != 5*time.Minute || !filled.Forecast || filled.Bounds[foreshock.DimIOPS].Step != 0.25 {
		t.Errorf("defaults: %+v", filled)
	}
	if p.Bounds[foreshock.DimIOPS].Step != 0 {
		t.Error("the caller's bounds were changed")
	}
	filled.Name = "p"
	if faults := filled.Check(); len(faults) > 0 {
		t.Errorf("the defaults are faulty: %v", faults)
	}
}

func TestCheck(t *testing.T) {
	f := func(want string, edit func(*Policy)) {
		t.Helper()
		p := Default()
		p.Name = "p"
		edit(&p)
		for _, fault := range p.Check() {
			if strings.HasPrefix(fault.Error(), want) {
				return
			}
		}
		t.Errorf("no fault begins with %q: %v", want, p.Check())
	}
	f("name is missing", func(p *Policy) { p.Name = "" })
	f("mode auto needs a target", func(p *Policy) { p.Mode = foreshock.Auto })
	f("mode approve without match", func(p *Policy) { p.Mode = foreshock.Approve })
	f("match[1] is \"[\": a [ is not closed", func(p *Policy) { p.Match = []string{"a", "["} })
	f("match[0] is \"\"", func(p *Policy) { p.Match = []string{""} })
	f("match[0] is \"a\\\\\": it ends in a backslash", func(p *Policy) { p.Match = []string{`a\`} })
	f("resource has ${zone}", func(p *Policy) { p.Resource = "x-${zone}" })
	f("headroom is -1", func(p *Policy) { p.Headroom = -1 })
	f("quantile is 95", func(p *Policy) { p.Quantile = 95 })
	f("above is 2", func(p *Policy) { p.Above = 2 })
	f("cooldown is -1s", func(p *Policy) { p.Cooldown = -time.Second })
	f("lead_time is -1s", func(p *Policy) { p.LeadTime = -time.Second })
	f("max_latency is -1s", func(p *Policy) { p.MaxLatency = -time.Second })
	f("validity is 2h", func(p *Policy) { p.Validity = 2 * time.Hour })
	f("patience is 48h", func(p *Policy) { p.Patience = 48 * time.Hour })
	f("bounds.iops.max 5 is below min 6", func(p *Policy) {
		p.Bounds = map[foreshock.Dimension]Bounds{foreshock.DimIOPS: {Min: 6, Max: 5, Step: 1}}
	})
	f("bounds.iops.step is 99", func(p *Policy) { p.Bounds = map[foreshock.Dimension]Bounds{foreshock.DimIOPS: {Step: 99}} })
	f("bounds.iops.quantum 10 is above max 5", func(p *Policy) {
		p.Bounds = map[foreshock.Dimension]Bounds{foreshock.DimIOPS: {Max: 5, Quantum: 10, Step: 1}}
	})
	f("bounds.size.min is -1", func(p *Policy) { p.Bounds = map[foreshock.Dimension]Bounds{foreshock.DimSize: {Min: -1, Step: 1}} })
	f("reduce.after is -1s", func(p *Policy) { p.Reduce.After = -time.Second })
	f("reduce.cooldown is -1s", func(p *Policy) { p.Reduce.Cooldown = -time.Second })
	f("reduce.below is 1", func(p *Policy) { p.Reduce.Below = 1 })
	f("limits.share is 3", func(p *Policy) { p.Limits.Share = 3 })
	f("limits.growth_ratio is 0.5", func(p *Policy) { p.Limits.GrowthRatio = 0.5 })

	all := Policy{Headroom: -1, Quantile: 7, Above: -1}.WithDefaults()
	if n := len(all.Check()); n != 4 { // and the name
		t.Errorf("%d faults at once, expected 4: %v", n, all.Check())
	}
}

func TestObjective(t *testing.T) {
	f := func(o Costs, stated bool, faults int) {
		t.Helper()
		p := Default()
		p.Name, p.Objective = "p", o
		if got := p.Check(); len(got) != faults || o.Stated() != stated {
			t.Errorf("%+v: stated %v, faults %v", o, o.Stated(), got)
		}
	}
	f(Costs{}, false, 0)
	f(Costs{UnitHour: 1, LateSecond: 20. / 3600, Utilisation: 0.9}, true, 0)
	f(Costs{UnitHour: 3600, LateSecond: 1.01, Utilisation: 0.9}, true, 0)
	f(Costs{UnitHour: 3600, LateSecond: 1, Utilisation: 0.9}, true, 1) // the least amount is always the cheapest
	f(Costs{UnitHour: 1, Utilisation: 0.9}, false, 1)
	f(Costs{UnitHour: 1, LateSecond: 1, Utilisation: 1.1}, true, 1)
	f(Costs{UnitHour: -1, LateSecond: math.NaN(), Utilisation: 0.9}, false, 3)
}

// TestRules: the hash of a policy's rules changes with what it wants, and with nothing else.
func TestRules(t *testing.T) {
	zone := func(name string) (z Zone) {
		if err := z.UnmarshalText([]byte(name)); err != nil {
			t.Fatal(err)
		}
		return z
	}
	one := func() Policy {
		p := Default()
		p.Name, p.Bounds = "p", map[foreshock.Dimension]Bounds{foreshock.DimIOPS: {Max: 4000, Price: 1}, foreshock.DimSize: {Max: 1}}
		p.Calendar = []Occasion{{Name: "sale", Dates: []Date{{2026, 12, 24}}, Zone: zone("Europe/Berlin"), Factor: 2}}
		return p
	}
	first := one()
	was := first.Rules()
	f := func(what string, changes bool, change func(*Policy)) {
		t.Helper()
		p := one()
		change(&p)
		if (p.Rules().Hash != was.Hash) != changes {
			t.Errorf("with another %s: changed is %v", what, !changes)
		}
	}
	f("nothing", false, func(*Policy) {})
	f("mode", false, func(p *Policy) { p.Mode = foreshock.Auto })
	f("match", false, func(p *Policy) { p.Match = []string{"vol/*"} })
	f("limit", false, func(p *Policy) { p.Limits.AtOnce = 2 })
	f("price", false, func(p *Policy) { p.Bounds[foreshock.DimIOPS] = Bounds{Max: 4000, Price: 2} })
	f("bound", true, func(p *Policy) { p.Bounds[foreshock.DimIOPS] = Bounds{Max: 5000, Price: 1} })
	f("headroom", true, func(p *Policy) { p.Headroom = 0.5 })
	f("reduction", true, func(p *Policy) { p.Reduce.Allowed = true })
	f("zone", true, func(p *Policy) { p.Calendar[0].Zone = zone("Asia/Tokyo") })
}

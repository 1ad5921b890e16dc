package decide

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Each fault of money, windows and calendar is told of with what to state instead, and what is right is no fault.
func TestCheckMoneyAndTimes(t *testing.T) {
	f := func(change func(*Policy), want string) {
		t.Helper()
		p := Default()
		p.Name, p.Match = "p", []string{"**"}
		p.Bounds = map[foreshock.Dimension]Bounds{foreshock.DimIOPS: {Max: 1000, Price: 0.1}}
		change(&p)
		faults := p.WithDefaults().Check()
		text := fmt.Sprint(errors.Join(faults...))
		switch {
		case want == "" && len(faults) > 0:
			t.Errorf("what is right has the faults %s", text)
		case want != "" && (len(faults) != 1 || !strings.Contains(text, want)):
			t.Errorf("faults %s, want %q alone", text, want)
		}
	}
	f(func(p *Policy) { p.Limits.Spend = 5 }, "")
	f(func(p *Policy) { p.Limits.Spend, p.Bounds = 5, map[foreshock.Dimension]Bounds{foreshock.DimIOPS: {}} }, "limits.spend binds nothing in iops, which has no price; state bounds.iops.price")
	f(func(p *Policy) { p.Limits.FleetSpend = math.Inf(1) }, "limits.fleet_spend is +Inf")

	costs := func(unit, late float64) func(*Policy) {
		return func(p *Policy) { p.Objective = Costs{UnitHour: unit, LateSecond: late, Utilisation: 0.9} }
	}
	f(costs(1, 0.005), "")
	f(costs(1e-9, 1e-4), "")
	f(costs(1e-300, 1e10), "objective.late_second 1e+10 is more than 1e+06 times unit_hour 1e-300")

	nights := Window{Name: "nights", Inside: AllowNothing}
	windows := func(w Window) func(*Policy) { return func(p *Policy) { p.Windows = []Window{w} } }
	f(windows(nights), "")
	f(windows(Window{Inside: AllowNothing}), "windows[0].name is missing; give the window a name")
	f(windows(Window{Name: "idle"}), "windows[0] changes nothing; state what is allowed inside or outside: grow, emergencies, nothing")

	sale := Occasion{Name: "sale", Dates: []Date{{Month: 11, Day: 27}}, Factor: 2, Min: map[foreshock.Dimension]float64{foreshock.DimIOPS: 800}}
	occasion := func(change func(*Occasion)) func(*Policy) {
		o := sale
		change(&o)
		return func(p *Policy) { p.Calendar = []Occasion{o} }
	}
	least := func(d foreshock.Dimension, x float64) map[foreshock.Dimension]float64 {
		return map[foreshock.Dimension]float64{d: x}
	}
	f(occasion(func(*Occasion) {}), "")
	f(occasion(func(o *Occasion) { o.Name = "" }), "calendar[0].name is missing; give the occasion a name")
	f(occasion(func(o *Occasion) { o.Dates = nil }), "calendar[0].dates is missing; list for example 2026-12-24")
	f(occasion(func(o *Occasion) { o.Lasts = 32 * 24 * time.Hour }), "calendar[0].lasts is 768h; above 0 and at most 744h is allowed")
	f(occasion(func(o *Occasion) { o.Lead = -time.Hour }), "calendar[0].lead is -1h; at least 0")
	f(occasion(func(o *Occasion) { o.Factor = 0.5 }), "calendar[0].factor is 0.5; between 1 and 100 is allowed")
	f(occasion(func(o *Occasion) { o.Factor, o.Min = 0, nil }), "calendar[0] wants nothing; state factor, or min per dimension")
	f(occasion(func(o *Occasion) { o.Min = least(foreshock.DimSize, 1) }), "calendar[0].min.size is of a dimension that bounds does not name; add bounds.size")
	f(occasion(func(o *Occasion) { o.Min = least(foreshock.DimIOPS, math.NaN()) }), "calendar[0].min.iops is NaN; at least 0 is allowed")
	f(occasion(func(o *Occasion) { o.Min = least(foreshock.DimIOPS, 2000) }), "calendar[0].min.iops 2000 is above bounds.iops.max 1000; lower it, or raise max")
}

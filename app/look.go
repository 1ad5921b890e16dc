package app

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/prometheus/procfs"
)

// Fleet implements [api.Looks].
func (g *generation) Fleet(ctx context.Context, q pipeline.FleetQuery) (pipeline.Fleet, error) {
	return g.pipeline.Fleet(ctx, q)
}

// Series implements [api.Looks].
func (g *generation) Series(ctx context.Context, id foreshock.ID, from, to time.Time) (pipeline.Series, error) {
	return g.pipeline.Series(ctx, id, from, to)
}

// Week implements [api.Looks].
func (g *generation) Week(ctx context.Context, id foreshock.ID, m foreshock.Metric) ([pipeline.HoursOfWeek]float64, error) {
	return g.pipeline.Week(ctx, id, m)
}

// Policies implements [api.Looks].
func (g *generation) Policies() []api.PolicyView {
	list := []api.PolicyView{}
	for i := range g.parts.policies {
		p := &g.parts.policies[i]
		v := api.PolicyView{Name: p.Name, Match: p.Match, Mode: p.Mode, Target: p.Target, Dimensions: []foreshock.Dimension{}, Settings: settings(p)}
		for d := range foreshock.Dimension(foreshock.NumDimensions) {
			if p.Changes(d) {
				v.Dimensions = append(v.Dimensions, d)
			}
		}
		list = append(list, v)
	}
	return list
}

// settings are what a policy allows, in words.
func settings(p *decide.Policy) (list []api.Setting) {
	add := func(name, format string, args ...any) {
		list = append(list, api.Setting{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		b, ok := p.Bounds[d]
		switch {
		case !ok:
		case b.Max > 0:
			add(d.String(), "%s to %s", foreshock.FormatAmount(d, b.Min), foreshock.FormatAmount(d, b.Max))
		default:
			add(d.String(), "at least %s; the provider's maximum", foreshock.FormatAmount(d, b.Min))
		}
	}
	add("headroom", "%.4g %% above demand", 100*p.Headroom)
	add("quantile", "%.4g %% of forecasts", 100*p.Quantile)
	add("cooldown", "%s", p.Cooldown)
	add("lead time", "%s until it is learned", p.LeadTime)
	if p.MaxLatency > 0 {
		add("latency wanted", "at most %s", p.MaxLatency)
	}
	if p.Reduce.Allowed {
		add("reduction", "after %s below %.4g %%", p.Reduce.After, 100*p.Reduce.Below)
	} else {
		add("reduction", "never")
	}
	if p.Objective.Stated() {
		add("objective", "%g a unit-hour, %g a late second", p.Objective.UnitHour, p.Objective.LateSecond)
	}
	limits := []string{fmt.Sprintf("%d at once", p.Limits.AtOnce), fmt.Sprintf("%d a day and workload", p.Limits.PerDay)}
	if p.Limits.Spend > 0 {
		limits = append(limits, fmt.Sprintf("%g of cost an hour", p.Limits.Spend))
	}
	add("limits", "%s", strings.Join(limits, ", "))
	if n := len(p.Windows); n > 0 {
		add("windows", "%d", n)
	}
	if n := len(p.Calendar); n > 0 {
		add("calendar", "%s", foreshock.Count(n, "date", "dates"))
	}
	return list
}

// Capacity implements [api.Looks].
func (g *generation) Capacity() api.CapacityView {
	v := api.CapacityView{Planners: []string{}, Pools: []capacity.Pool{}, Held: g.app.ledger.Held()}
	for _, c := range g.config.Capacity {
		v.Planners = append(v.Planners, c.Name)
	}
	if s, ok := g.parts.planner.(capacity.Shower); ok {
		v.Pools = append(v.Pools, s.Show(time.Now())...)
	}
	return v
}

// Use implements [api.Looks].
func (g *generation) Use() api.Use {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/sched/goroutines:goroutines"}}
	metrics.Read(samples)
	u := api.Use{
		At: time.Now().UTC(), Heap: samples[0].Value.Uint64(), Goroutines: int(samples[1].Value.Uint64()), Recent: g.config.Limits.Recent, Disk: sizeOf(g.app.data),
	}
	if self, err := procfs.Self(); err == nil {
		if stat, err := self.Stat(); err == nil {
			u.CPU, u.Resident = time.Duration(stat.CPUTime()*float64(time.Second)), uint64(stat.ResidentMemory())
		}
	}
	return u
}

// sizeOf is the size of the files in a folder; what cannot be read is left out.
func sizeOf(folder string) (bytes int64) {
	_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a file that went away meanwhile
		}
		if info, err := d.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}

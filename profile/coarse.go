package profile

import (
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

func roundUp(t time.Time, length time.Duration) time.Time {
	if down := t.Truncate(length); down.Before(t) {
		return down.Add(length)
	}
	return t
}

// none is the peak demand of a coarse step in which none was read.
const none = -1

// advance closes the coarse steps that end before at; those in which nothing was read are missing. As many are kept as the configuration says now.
func advance(p *foreshock.Profile, at int64, cfg *Config) {
	c := &p.Coarse
	if at <= c.EndsAt {
		return
	}
	p.History.Resize(cfg.historySteps(c.Length))
	closeCoarse(p)
	missed, empty := (at-c.EndsAt-1)/int64(c.Length), quantile.NoRow()
	c.EndsAt += (missed + 1) * int64(c.Length)
	for range min(missed, int64(p.History.Capacity)) {
		p.History.Add(&empty)
	}
}

// closeCoarse appends the coarse step to the history.
func closeCoarse(p *foreshock.Profile) {
	row := quantile.NoRow()
	if p.Highest > 0 {
		row[foreshock.ScoresColumn] = quantile.Encode(float64(p.Highest - 1))
	}
	for m, mp := range p.Metrics {
		if mp == nil {
			continue
		}
		if mp.Count > 0 {
			row[foreshock.MeansColumn+m] = quantile.Encode(float64(mp.Sum / float32(mp.Count)))
		}
		mp.Sum, mp.Count = 0, 0
	}
	for _, d := range served {
		m, _ := d.Metric()
		if mp := p.Metrics[m]; mp != nil && mp.Peak >= 0 {
			row[foreshock.DemandColumn+int(d)], mp.Peak = quantile.Encode(float64(mp.Peak)), none
		}
	}
	p.History.Add(&row)
	p.Highest = 0
}

// foldCoarse takes demand and score of a step into the coarse step that is being filled.
func foldCoarse(p *foreshock.Profile, f *foreshock.Finding, demand *foreshock.Allocation) {
	score := 0.0
	if f != nil {
		score = f.Score
	}
	p.Highest = max(p.Highest, 1+float32(score))
	for _, d := range served {
		if x, ok := demand.Get(d); ok && x >= 0 {
			m, _ := d.Metric()
			mp := p.Metrics[m]
			mp.Peak = max(mp.Peak, float32(x))
		}
	}
}

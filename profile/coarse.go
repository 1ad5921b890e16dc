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

func coarseCapacity(p *foreshock.Profile, cfg *Config) int {
	return int(min(max(int64(cfg.History/p.Coarse.Length), 2), mostCodes))
}

// advance closes the coarse steps that end before at; those in which nothing was read are missing.
func advance(p *foreshock.Profile, at int64, cfg *Config) {
	c := &p.Coarse
	if at <= c.EndsAt {
		return
	}
	closeCoarse(p, cfg)
	missed := (at - c.EndsAt - 1) / int64(c.Length)
	c.EndsAt += (missed + 1) * int64(c.Length)
	for range min(missed, int64(coarseCapacity(p, cfg))) {
		p.Anomaly.AddMissing()
		for _, mp := range p.Metrics {
			if mp != nil {
				mp.Coarse.AddMissing()
			}
		}
		for _, history := range p.Demand {
			if history != nil {
				history.AddMissing()
			}
		}
	}
}

// closeCoarse appends the coarse step to the histories. All of them end at its end; one that began later is shorter.
func closeCoarse(p *foreshock.Profile, cfg *Config) {
	c := &p.Coarse
	if p.Anomaly == nil {
		p.Anomaly = newHistory(p, cfg)
	}
	if c.Steps > 0 {
		p.Anomaly.Add(c.Score)
	} else {
		p.Anomaly.AddMissing()
	}
	for m, mp := range p.Metrics {
		switch {
		case mp == nil:
		case c.Count[m] > 0:
			mp.Coarse.Add(float64(c.Sum[m] / float32(c.Count[m])))
		default:
			mp.Coarse.AddMissing()
		}
	}
	for d, peak := range c.Demand {
		if p.Demand[d] == nil && peak > 0 {
			p.Demand[d] = newHistory(p, cfg)
		}
		switch {
		case p.Demand[d] == nil:
		case peak > 0:
			p.Demand[d].Add(quantile.Decode(peak - 1))
		default:
			p.Demand[d].AddMissing()
		}
	}
	*c = foreshock.CoarseStep{Length: c.Length, EndsAt: c.EndsAt}
}

func newHistory(p *foreshock.Profile, cfg *Config) *quantile.History {
	h := quantile.NewHistory(coarseCapacity(p, cfg))
	return &h
}

// foldCoarse takes demand and score of a step into the coarse step that is being filled.
func foldCoarse(p *foreshock.Profile, f *foreshock.Finding, demand *foreshock.Allocation) {
	p.Coarse.Steps++
	if f != nil {
		p.Coarse.Score = max(p.Coarse.Score, f.Score)
	}
	for d := range p.Coarse.Demand {
		if x, ok := demand.Get(foreshock.Dimension(d)); ok && x >= 0 {
			p.Coarse.Demand[d] = max(p.Coarse.Demand[d], quantile.Encode(x)+1)
		}
	}
}

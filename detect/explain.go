package detect

import (
	"math"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// explain says, when it is asked, what each method made of a metric; with bounds, within which its score stays below the threshold.
func (d *Detector) explain(f *foreshock.Finding, p *foreshock.Profile, m foreshock.Metric, asked, bounds bool) {
	for i := range d.methods {
		f.Parts[m][i] = foreshock.Part{Method: d.names[i], Metric: m}
	}
	if !asked {
		return
	}
	boundary := d.boundary(p)
	known, j := &p.Metrics[m].Rarity, &f.Rarity[m]
	owned, limit := d.scales(known), surpriseOf(f.Threshold, boundary)
	for i := range d.methods {
		part := &f.Parts[m][i]
		sum, n := 0.0, 0.0
		lead := surprise.NumScales
		for s, owner := range owned.owner {
			if int(owner) != i {
				continue
			}
			part.Ready, n = true, n+1
			sum += fourth(j.Scales[s])
			if surprise.Scale(s) == surprise.Reading {
				sum += fourth(j.Record)
			}
			if lead == surprise.NumScales || j.Scales[s] > j.Scales[lead] {
				lead = surprise.Scale(s)
			}
		}
		if !part.Ready {
			continue
		}
		part.Weight, part.Score = d.methods[i].Weight*p.Factor(d.names[i]), scored(root(sum/n), boundary)
		part.Deviation = math.Max(-1e6, math.Min(1e6, known.Relative(j, lead)))
		if bounds {
			part.Expected, part.Lower, part.Upper = around(known, j, lead, limit)
		}
	}
	if bounds {
		f.Expected[m], f.Lower[m], f.Upper[m] = around(known, j, surprise.Reading, limit)
	}
}

// around gives what a scale expects and its bounds; no metric is negative.
func around(m *surprise.Metric, j *surprise.Judgement, s surprise.Scale, decades float64) (expected, lower, upper float64) {
	expected, below, above := m.Around(j, s, decades)
	return max(0, expected), max(0, expected-below), max(0, expected+above)
}

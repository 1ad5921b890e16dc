package foreshock

import "time"

// Touch reads what a step that ends at a time needs of the profile, so that what is not in a cache comes from memory side by side rather than one after
// the other. What it returns says nothing.
//
//go:noinline
func (p *Profile) Touch(at time.Time) (sum int64) {
	sum = int64(p.Row.Touch(at.Unix())) + int64(p.Run.Over) + p.Coarse.EndsAt + int64(p.Backlog.Growing) + int64(p.Length)
	for _, mp := range &p.Metrics {
		if mp == nil {
			continue
		}
		sum += mp.Rarity.Touch() + int64(mp.Count) + int64(mp.Window.Bytes[mp.Window.Next])
	}
	if p.Threshold.Value < 0 && p.Highest < 0 && (p.Current != nil || p.Taught != nil) {
		sum++
	}
	return sum
}

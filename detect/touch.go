package detect

import "github.com/foreshock-io/foreshock"

// touch reads what a step needs of a profile, so that what is not in a cache comes from memory side by side. What it returns says nothing.
//
//go:noinline
func touch(p *foreshock.Profile, second int64) (sum int64) {
	for _, mp := range p.Metrics {
		if mp == nil {
			continue
		}
		sum += mp.Rarity.Touch()
		if ring := &mp.Window.Ring; int(ring.Head) < len(ring.Codes) {
			sum += int64(ring.Codes[ring.Head])
		}
		sum += int64(mp.Coarse.Capacity) + mp.Relearned.Unix()
	}
	sum += int64(p.Row.Touch(second)) + int64(p.Run.Over) + int64(p.Coarse.Steps) + int64(p.Backlog.Growing)
	if p.Threshold.Value == p.Ceiling[0] && p.Coarse.Score < 0 && p.Current != nil {
		sum++
	}
	return sum
}

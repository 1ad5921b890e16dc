package stl

import "slices"

// SeasonAhead continues the season for h steps after the series by repeating its
// last cycle, as forecast::stlf does. It uses the storage of dst when that suffices;
// what dst held is overwritten. A result of no series, as the zero one, has a season of
// zeros. It panics when h is negative.
func (r Result) SeasonAhead(dst []float64, h int) []float64 {
	dst = slices.Grow(dst[:0], h)[:h]
	clear(dst)
	addSeasonAhead(dst, r.Seasonal, r.Period)
	return dst
}

// SeasonAhead is the sum of all seasons, continued as that of a Result.
func (r MultiResult) SeasonAhead(dst []float64, h int) []float64 {
	dst = slices.Grow(dst[:0], h)[:h]
	clear(dst)
	for i, seasonal := range r.Seasonal[:min(len(r.Seasonal), len(r.Periods))] {
		addSeasonAhead(dst, seasonal, r.Periods[i])
	}
	return dst
}

func addSeasonAhead(dst, seasonal []float64, period int) {
	if period < 1 || len(seasonal) < period {
		return
	}
	last := seasonal[len(seasonal)-period:]
	for i := range dst {
		dst[i] += last[i%period]
	}
}

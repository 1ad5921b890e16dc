package rehearse

import "math"

const (
	likeDays  = kept/day - 2 // earlier days that are compared: with each a day must be kept that was before it
	likeHours = 24           // that are compared
	halfHours = 6            // until an hour counts half as much as the last one
	likeness  = 0.8          // of the least difference: by so much more a day counts a third as much as the one most like
	leastLike = 0.01         // weight below which a day is left out
)

// alike weighs the earlier days, yesterday first, by how little their hours up to this time of day differ from the last ones: by the mean difference of the
// logarithms of hourly means, the later hours counting more. The most like has a weight of 1. It is false where there is no day to compare with.
//
// What demand does next it has mostly done on some of the days that began alike: weekends, ends of months, days on which a job ran. They are the analogues of
// Lorenz (1969, Atmospheric predictability as revealed by naturally occurring analogues), weighed as in kernel regression (Nadaraya 1964).
func (h *history) alike() (weights [likeDays]float64, ok bool) {
	now := h.n - 1
	little := h.mean(now-7*day, now)/10 + leastNeed // so that what is next to nothing is alike
	hourly := func(end int) float64 { return math.Log(h.mean(end-59, end) + little) }
	var today, counts [likeHours]float64
	var all float64
	for k := range today {
		today[k], counts[k] = hourly(now-k*60), math.Exp2(-float64(k)/halfHours)
		all += counts[k]
	}
	least := math.Inf(1)
	var apart [likeDays]float64
	days := min(likeDays, min(h.n, kept)/day-1)
	for d := range days {
		var sum float64
		for k, x := range today {
			sum += counts[k] * math.Abs(x-hourly(now-(d+1)*day-k*60))
		}
		apart[d] = sum / all
		least = min(least, apart[d])
	}
	for d := range days {
		if w := math.Exp((least - apart[d]) / (likeness*least + 1e-9)); w >= leastLike {
			weights[d] = w
		}
	}
	return weights, days > 0
}

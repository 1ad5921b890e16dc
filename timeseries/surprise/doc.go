// Package surprise says how unusual each reading of a series is, given all before it and nothing after, in decades of
// probability: 3 is what one reading in a thousand is. It learns as it judges, in constant time and memory, needs no unit and no
// setting, and works on any number of series that are read together.
//
// # A metric
//
// A [Metric] compares readings with what came before on several [Scale]s:
//
//	z-scores        a reading, the average of 6 and of 24, with a slow level
//	control charts  fast exponentially weighted averages with slower ones (Roberts 1959)
//	a change        a reading with the one before
//
// all of them without the season, when one explains most of the readings. A [Season] has the mean of every hour of a day or a
// week, and a level about it: the seasonal and the trend of a decomposition, kept as readings come by exponential weights in
// place of STL's loess. What lies between the means of the hour and of two before and after is explained.
//
// No deviation is compared with a normal distribution. Each scale keeps the record of its own deviations, those above apart from
// those below, as a histogram in half octaves ([Tail]); the surprise of a deviation d is
//
//	s(d) = -log10 P(D >= 0.7 d)
//
// P being the share in the record, and beyond the √n greatest a generalised Pareto tail: P falls as a power of d whose
// index is Hill's estimate. The factor 0.7 makes what is hardly greater than what was seen before not new. A metric's surprise is the
// power mean (Σ s⁴/n)^¼ over the scales, between the mean and the greatest.
//
// Spikes among spikes lie in one bucket of their tail. So the logarithms of the six greatest excursions of each sign are kept ([Records]),
// and a reading beyond all of them is as surprising as its distance is great beside those among them: by
//
//	s = 1 + 5 log10(1 + r/5)
//
// r being its distance from the greatest over the mean distance of the others from the sixth. Its s⁴ joins the sum above. One giant is taken to lead by a factor of twenty at most, so that it does not hide what
// follows for ever.
//
// What varies by a third of its level cannot fall by many usual deviations. So a run of n readings of nothing (less than a hundredth of the usual height), where
// 0.7 n is more than the longest run before, L, and more than 6, is as surprising as so many readings without one tell: log10(readings · 0.7 n/L). Where
// the day's or the week's season has next to nothing at this hour, it is none. A [Stream] tells of a run of the same reading ([Still]) in the same way: a sensor that
// hangs is usual by its height. What hangs for longer than three and a half hours is usual from then on.
//
// # An incident
//
// A reading with a surprise of 2.8 or more is outside: it moves no level, spread or season, and readings outside go into the tails as one
// event, when they are over. The first that is usual again is judged as if they had not been. What lasts for three and a half
// hours is the level from then on ([Metric.Learn]), and where it varies more than four times as much as what was usual, so does what is usual: deviations are learned anew. For a week the one before is known: readings within three usual deviations of it are no surprise, and it is the
// level again once the last 6 are nearer to it. Of milder ones levels take in what is within four spreads of them, and deviations reach their
// tails 32 readings late, so that an incident does not explain itself.
//
// # A stream
//
// A [Stream] takes the mean over its metrics, three tenths of it averaged over the last rows ([Row]), so that one strange row counts
// for less than several; and takes from it six tenths of what is usual at this quarter of an hour of the day ([Daily]), so that jobs that
// come back every day are expected.
// Last, a surprise within 200 readings of another must be 1.4 times as great to count in full ([Verdict.Alert]): an incident is one
// alert, and another only if it gets worse.
//
// Everything is plain data and none of it is safe for concurrent use. To keep it, write it with a codec that has NaN, as encoding/gob and CBOR do
// and encoding/json does not: what is not there yet is NaN. Of what was read from outside, ask Valid of each Metric and of the Row. README.md has what each part adds on labelled data.
package surprise

package surprise

import "math"

const (
	tops = 6
	// leastSpacing is the least that the greatest excursions are taken to differ by, as a logarithm.
	leastSpacing = 0.02
	// greatest is what an excursion counts for being the greatest yet, in decades.
	greatest = 1.0
	// mostLead bounds by how much, as a logarithm, the greatest is taken to lead, so that one giant does not hide those that follow.
	mostLead = 3.0
)

// Records are the greatest excursions of one sign: a run of readings that deviate by more than is usual is one, and counts by its
// greatest deviation. They tell a spike above all others from the others, where a Tail has them in one bucket.
type Records struct {
	Top  [tops]float32 // heights, greatest first; 0 is none
	Peak float32       // height of the excursion that lasts
}

// height is the logarithm of a deviation above 0, moved so that it is above 0 for the least of them.
func height(size float64) float32 { return float32(math.Ln2*log2(size) + 800) }

// judge is the surprise of a deviation, by the excursions before the one it belongs to; 0 for what is no record.
// Where the tail is a power law the logarithms are exponential, and the mean distance of the others from the least of the k greatest
// tells the scale (Hill 1975): with what k of them leave unknown of it, a reading lies r times that distance beyond the greatest with
// probability (1 + r/(k-1))^-(k-1).
func (r *Records) judge(size, usual float64) float64 {
	least := r.Top[tops-1]
	if !(size > usual) || least == 0 {
		return 0
	}
	over := float64(height(size) - r.Top[0])
	if over <= 0 {
		return 0
	}
	sum := 0.0
	for _, top := range r.Top[:tops-1] {
		sum += float64(top - least)
	}
	return greatest + (tops-1)*log10Of2*log2(1+over/max(sum, leastSpacing*(tops-1)))
}

// learn takes in a deviation.
func (r *Records) learn(size, usual float64) {
	if size > usual {
		r.Peak = max(r.Peak, height(size))
		return
	}
	if r.Peak == 0 {
		return
	}
	for i := range r.Top { // the excursion that lasted is over
		if r.Peak > r.Top[i] {
			r.Top[i], r.Peak = r.Peak, r.Top[i]
		}
	}
	r.Peak = 0
	if r.Top[1] > 0 {
		r.Top[0] = min(r.Top[0], r.Top[1]+mostLead)
	}
}

// grow multiplies the excursions by a factor.
func (r *Records) grow(factor float64) {
	by := float32(math.Log(factor))
	for i := range r.Top {
		if r.Top[i] > 0 {
			r.Top[i] += by
		}
	}
	if r.Peak > 0 {
		r.Peak += by
	}
}

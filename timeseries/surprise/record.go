package surprise

import "math"

const (
	tops = 6
	// perFold is how many steps of a height make a factor of e.
	perFold = 360
	// leastSpacing is the least that the greatest excursions are taken to differ by.
	leastSpacing = 0.02 * perFold
	// greatest is what an excursion counts for being the greatest yet, in decades.
	greatest = 1.0
	// mostLead bounds by how much the greatest is taken to lead, so that one giant does not hide those that follow.
	mostLead = 3 * perFold
)

// Records are the greatest excursions of one sign: a run of readings that deviate by more than is usual is one, and counts by its
// greatest deviation. They tell a spike above all others from the others, where a Tail has them in one bucket.
type Records struct {
	Greatest [tops]uint16 // heights, greatest first; 0 is none
	Lasting  uint16       // height of the excursion that lasts
}

// height is the logarithm of a deviation above 0, in steps, from that of the least float32 on.
func height(size float64) uint16 { return heightOf(math.Ln2 * log2(size)) }

func heightOf(logarithm float64) uint16 {
	return uint16(min(max((logarithm+104)*perFold, 0)+1.5, math.MaxUint16))
}

// judge is the surprise of a deviation, by the excursions before the one it belongs to; 0 for what is no record.
// Where the tail is a power law the logarithms are exponential, and the mean distance of the others from the least of the k greatest
// tells the scale (Hill 1975): with what k of them leave unknown of it, a reading lies r times that distance beyond the greatest with
// probability (1 + r/(k-1))^-(k-1).
func (r *Records) judge(size, usual float64) float64 {
	least := r.Greatest[tops-1]
	if !(size > usual) || least == 0 {
		return 0
	}
	here := height(size)
	if here <= r.Greatest[0] {
		return 0
	}
	sum := 0
	for _, other := range r.Greatest[:tops-1] {
		sum += int(other - least)
	}
	return greatest + (tops-1)*log10Of2*log2(1+float64(here-r.Greatest[0])/max(float64(sum), leastSpacing*(tops-1)))
}

// learn takes in a deviation.
func (r *Records) learn(size, usual float64) {
	if size > usual {
		r.Lasting = max(r.Lasting, height(size))
		return
	}
	if r.Lasting == 0 {
		return
	}
	for i := range r.Greatest { // the excursion that lasted is over
		if r.Lasting > r.Greatest[i] {
			r.Greatest[i], r.Lasting = r.Lasting, r.Greatest[i]
		}
	}
	r.Lasting = 0
	if second := r.Greatest[1]; second > 0 && r.Greatest[0] > second {
		r.Greatest[0] = second + min(r.Greatest[0]-second, mostLead)
	}
}

// moved is a height, where there is one, that is higher by so much.
func moved(height uint16, by int) uint16 {
	if height == 0 {
		return 0
	}
	return uint16(min(max(int(height)+by, 1), math.MaxUint16)) //nolint:gosec // within its bounds
}

// scale multiplies the excursions by a factor above 0; one that was stays one.
func (r *Records) scale(factor float64) {
	by := int(math.Round(math.Log(factor) * perFold))
	for i := range r.Greatest {
		r.Greatest[i] = moved(r.Greatest[i], by)
	}
	r.Lasting = moved(r.Lasting, by)
}

package forecast

import "math"

// rounds is how many members a combination has, of which the same may be several.
const rounds = 10

// ballot weighs candidates by what their combination would have lost.
type ballot struct {
	scale              Scale
	actual             []float64   // in the unit of the values
	fold               []int       // of each actual
	middles            [][]float64 // per candidate, on the scale
	sum                []float64   // of the members so far
	absolute, relative float64     // errors of the first candidate
}

// newBallot gathers what the candidates said. Of a long horizon every few steps are enough.
func newBallot(t *test, scale Scale, list []*candidate) *ballot {
	b := &ballot{scale: scale, middles: make([][]float64, len(list))}
	every := max(1, t.reach/48)
	t.each(func(i int, y float64) {
		if i%t.reach%every != 0 {
			return
		}
		b.actual = append(b.actual, scale.From(y))
		b.fold = append(b.fold, t.fold(i/t.reach))
		for c, x := range list {
			b.middles[c] = append(b.middles[c], x.paths.mean[i])
		}
	})
	b.sum = make([]float64, len(b.actual))
	return b
}

// weights are those of the candidates; what the first one loses is the measure of both kinds of error. Members are taken one by one, with replacement, each the one with which the
// mean of those taken loses least (Caruana, Niculescu-Mizil, Crew, Ksikes 2004, "Ensemble selection from libraries of models"), which leaves out what
// adds nothing; once without each fold, so that no single day decides.
func (b *ballot) weights() []float64 {
	weights := make([]float64, len(b.middles)) // counts at first, so that their sum is exact
	for left := range folds {
		clear(b.sum)
		b.absolute, b.relative = b.errors(0, 1, left)
		for r := range rounds {
			pick, least := 0, math.Inf(1)
			for c := range b.middles {
				absolute, relative := b.errors(c, float64(r+1), left)
				if loss := absolute/b.absolute + relative/b.relative; loss < least {
					pick, least = c, loss
				}
			}
			for i, m := range b.middles[pick] {
				b.sum[i] += m
			}
			weights[pick]++
		}
	}
	for c := range weights {
		weights[c] /= rounds * folds
	}
	return weights
}

// errors are those of the members so far and c, count in all: the sum of the absolute ones, and of the ones relative to the size of what was and was expected, so
// that neither the busiest nor the idlest hours alone decide.
func (b *ballot) errors(c int, count float64, left int) (absolute, relative float64) {
	for i, y := range b.actual {
		if b.fold[i] == left {
			continue
		}
		f := b.scale.From((b.sum[i] + b.middles[c][i]) / count)
		d := math.Abs(y - f)
		absolute += d
		if s := math.Abs(y) + math.Abs(f); s > 0 {
			relative += d / s
		}
	}
	return max(absolute, math.SmallestNonzeroFloat64), max(relative, math.SmallestNonzeroFloat64)
}

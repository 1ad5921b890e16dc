package arima

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// search looks for the coefficients of the ARMA part.
type search struct {
	*problem
	blocks []block
	coef   []float64 // as given, or at the point that was evaluated last
	free   int
	x      []float64 // variables of coef, once found

	tolerance float64     // fine or coarse
	thorough  bool        // look for several maxima
	accept    func() bool // whether coef will do: otherwise the next best maximum is looked at; may be nil
}

// block is the coefficients of one polynomial. Without fixed ones they are the
// hyperbolic tangents of the search's variables taken as partial autocorrelations, which
// keeps the roots outside the unit circle; with fixed ones they are the variables.
type block struct {
	from, n int
	sign    float64
	fixed   []bool // nil: none
}

func newSearch(p *problem, fixed []float64) *search {
	s := &search{problem: p, coef: slices.Clone(fixed)}
	o, z := p.spec.Order, p.spec.Seasonal
	from := 0
	for i, n := range []int{o.P, o.Q, z.P, z.Q} {
		b := block{from: from, n: n, sign: 1 - 2*float64(i%2)}
		for j, v := range fixed[from : from+n] {
			if v == v {
				if b.fixed == nil {
					b.fixed = make([]bool, n)
				}
				b.fixed[j] = true
			} else {
				s.free++
			}
		}
		from += n
		s.blocks = append(s.blocks, b)
	}
	return s
}

// point sets coef from the variables of the search.
func (s *search) point(x []float64) {
	for _, b := range s.blocks {
		part := s.coef[b.from : b.from+b.n]
		if b.fixed != nil {
			for i, fixed := range b.fixed {
				if !fixed {
					part[i] = x[0]
					x = x[1:]
				}
			}
			continue
		}
		for i := range part {
			part[i] = math.Tanh(x[i])
		}
		x = x[b.n:]
		fromPartial(part, part)
		for i := range part {
			part[i] *= b.sign
		}
	}
}

// negLogLik is what is minimised, up to constants.
func (s *search) negLogLik(x []float64, w way) float64 {
	s.point(x)
	if !s.evaluate(s.coef, w) {
		return math.Inf(1)
	}
	_, variance, ok := s.sums.estimate()
	if !ok {
		return math.Inf(1)
	}
	value := float64(s.sums.n) * math.Log(variance)
	if w != conditional {
		value += s.sums.logDet()
	}
	if value != value {
		return math.Inf(1)
	}
	return value / 2
}

// fit leaves the best coefficients in coef. It starts at x too when that is set.
func (s *search) fit(method Method) error {
	way, explore := exact, exact
	switch {
	case method == CSS:
		way, explore = conditional, conditional
	case s.gaps:
		explore = filled
	}
	if err := s.checkLength(way); err != nil {
		return err
	}
	starts := s.starts(way)
	sure := 1
	if s.thorough && s.severalMaxima() {
		starts = s.tournament(explore, append(starts, s.scatter()...))
		if explore == filled { // which may have misled it
			sure = 2
		}
	} else {
		s.sort(explore, starts)
	}
	best := math.Inf(1)
	for i, x := range starts {
		if i >= sure && (s.accept == nil || i > sure || s.accept()) {
			break
		}
		if value := s.minimise(way, x); value < best || s.x == nil || i >= sure {
			best, s.x = value, x
		}
		s.point(s.x)
	}
	if way == exact && s.prior > 0 && s.diff.degree() > 0 && math.Abs(s.negLogLik(s.x, withPrior)-best) > 1e-3 {
		best = s.minimise(withPrior, s.x)
	}
	return s.found(best)
}

// Gains of log-likelihood below which a search ends: where it still has to be compared
// with others, and at its end.
const (
	coarse = 1e-2
	fine   = 1e-7
)

func (s *search) minimiser(w way) *minimiser {
	f := func(x []float64) float64 { return s.negLogLik(x, w) }
	residuals := func(x, dst []float64) (float64, []float64) {
		s.sums.keep = true
		value := f(x)
		s.sums.keep = false
		return value, s.sums.residuals(dst)
	}
	return &minimiser{f: f, residuals: residuals, stop: s.stop}
}

// minimise moves x to a minimum near it.
func (s *search) minimise(w way, x []float64) float64 {
	m := s.minimiser(w)
	m.begin(x)
	rounds, turns := 100, 1
	if s.tolerance >= coarse {
		rounds, turns = 6, 4
	}
	for range turns {
		m.run(rounds, s.tolerance)
		if s.point(m.x); s.accept != nil && !s.accept() { // towards a unit root it would go on for long
			break
		}
	}
	return m.value
}

// starts are where it is likely that the maximum is near.
func (s *search) starts(w way) [][]float64 {
	starts := [][]float64{make([]float64, s.free)}
	if s.x != nil {
		starts = append(starts, s.x)
	}
	if s.free == 0 {
		return starts
	}
	if x := s.linear(); x != nil {
		starts = append(starts, x)
	}
	if w != conditional && s.checkLength(conditional) == nil {
		s.sort(conditional, starts)
		x := slices.Clone(starts[0])
		m := s.minimiser(conditional)
		m.begin(x)
		m.run(30, coarse)
		starts = append(starts, x)
	}
	return starts
}

// scatter are starting points of an additive recurrence with the roots of
// x^(k+1) = x + 1 (Roberts 2018).
func (s *search) scatter() [][]float64 {
	const count = 6
	root := 2.0
	for range 30 {
		root = math.Pow(1+root, 1/float64(s.free+1))
	}
	points := make([][]float64, count)
	for i := range points {
		points[i] = make([]float64, s.free)
		for j := range points[i] {
			_, part := math.Modf(0.5 + float64(i+1)*math.Pow(root, -float64(j+1)))
			points[i][j] = 3*part - 1.5
		}
	}
	return points
}

// severalMaxima: a pure autoregression has one, and so, as a rule, have single moving
// averages.
func (s *search) severalMaxima() bool {
	o, z := s.spec.Order, s.spec.Seasonal
	return max(o.Q, z.Q) > 1 || o.P+z.P > 0 && o.Q+z.Q > 0
}

// sort puts the best points first.
func (s *search) sort(w way, points [][]float64) {
	values := map[*float64]float64{}
	if s.free == 0 {
		return
	}
	for _, x := range points {
		values[&x[0]] = s.negLogLik(x, w)
	}
	slices.SortStableFunc(points, func(a, b []float64) int { return cmp.Compare(values[&a[0]], values[&b[0]]) })
}

// tournament lets all starting points move, and halves their number again and again. It
// returns them with the best ones first.
func (s *search) tournament(w way, starts [][]float64) [][]float64 {
	all := make([]*minimiser, len(starts))
	for i, x := range starts {
		all[i] = s.minimiser(w)
		all[i].begin(x)
	}
	for rounds, left := 2, all; len(left) > 1; rounds *= 2 {
		for _, m := range left {
			m.run(rounds, coarse)
		}
		left = distinct(left)
		left = left[:(len(left)+1)/2]
	}
	var ordered [][]float64
	for _, m := range distinct(all) {
		ordered = append(ordered, m.x)
	}
	return ordered
}

// distinct sorts, and leaves out those that came to the point of a better one.
func distinct(all []*minimiser) []*minimiser {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *minimiser) int { return cmp.Compare(a.value, b.value) })
	var kept []*minimiser
	for _, m := range all {
		same := func(k *minimiser) bool {
			for i := range k.x {
				if math.Abs(k.x[i]-m.x[i]) > 0.05 {
					return false
				}
			}
			return true
		}
		if !slices.ContainsFunc(kept, same) {
			kept = append(kept, m)
		}
	}
	return kept
}

// found sets coef to the point found.
func (s *search) found(value float64) error {
	s.point(s.x)
	if math.IsInf(value, 0) || value != value {
		if _, n := s.left(); n == 0 && s.evaluate(s.coef, exact) && s.sums.n > 0 && s.sums.cross[0] == 0 {
			return fmt.Errorf("arima: %w", ErrConstant)
		}
		return fmt.Errorf("arima: %w", ErrUnstable)
	}
	return nil
}

package arima

// way is how a likelihood is evaluated.
type way uint8

const (
	exact       way = iota
	filled          // exact, of the series with its gaps interpolated
	withPrior       // with a prior variance in place of the exact start
	conditional     // the conditional sum of squares
)

// evaluate filters at coefficients of the ARMA part, and leaves what it finds in sums. It
// returns false where the autoregression is not stationary.
func (p *problem) evaluate(coef []float64, w way) bool {
	p.evaluations++
	ar, ma, sar, sma := p.spec.blocks(coef)
	a := p.arProduct.product(ar, sar, p.spec.Period, -1)
	b := p.maProduct.product(ma, sma, p.spec.Period, 1)
	p.sums.reset()
	switch {
	case w == conditional && p.gaps:
		m := newModel(a, b, p.diff)
		p.conditionalSum.runGaps(m, m.slots+p.conditions(), p.columns, p.sums)
	case w == conditional:
		p.conditionalSum.run(a, b, p.conditions(), p.differenced, p.sums)
	case w == withPrior:
		return p.filter(newModel(a, b, p.diff), p.prior) != nil
	case w == exact && p.gaps:
		return p.filter(newModel(a, b, p.diff), 0) != nil
	default:
		return p.innovations.run(a, b, p.differenced, p.sums)
	}
	return true
}

// conditions is how many innovations a conditional sum leaves out.
func (p *problem) conditions() int { return p.spec.Order.P + p.spec.Seasonal.P*p.spec.Period }

// filter runs the filter with gaps over the columns.
func (p *problem) filter(m model, prior float64) *filter {
	f := newFilter(m, len(p.columns), prior)
	if f == nil {
		return nil
	}
	values := make([]float64, len(p.columns))
	for t := range p.columns[0] {
		for c := range p.columns {
			values[c] = p.columns[c][t]
		}
		if variance, counts := f.step(values); counts && (prior == 0 || variance < maxGain) {
			copy(p.sums.now, f.now)
			p.sums.add(variance, 1/variance)
		}
	}
	return f
}

// maxGain is the variance of an innovation above which, with a prior variance as in R,
// it is not counted: it is the prior's.
const maxGain = 1e4

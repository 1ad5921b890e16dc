package arima

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Method is how a model is fitted.
type Method uint8

// Methods. All keep the autoregression stationary and the moving average invertible.
const (
	ML  Method = iota // exact Gaussian likelihood, from the better of a conditional fit and zeros
	CSS               // conditional sum of squares
)

func (m Method) check() error {
	if m > CSS {
		return fmt.Errorf("arima: %w: method must be ML or CSS, not %d", ErrSpec, m)
	}
	return nil
}

// Config says what to fit.
type Config struct {
	Order      Order
	Seasonal   Order
	Period     int  // steps in a season; of use only with a seasonal order
	Mean       bool // as in Spec
	Drift      bool // as in Spec
	Regressors []Regressor
	Method     Method

	// Fixed are coefficients that are not estimated, by name (see Spec). With all of them
	// fixed, the fit is an evaluation.
	Fixed map[string]float64

	// PriorVariance replaces the exact diffuse start of a differenced series in what is
	// reported and forecast: the readings before the first have mean 0 and this variance, in
	// units of the variance of the innovations. R has 1e6. 0 is exact: the likelihood of
	// the differenced series.
	PriorVariance float64

	// Stop ends the fit with ErrStopped when it returns true; it is asked at each step. Nil:
	// never.
	Stop func() bool
}

// Regressor is something that the series depends on linearly. A missing value makes the
// reading missing.
type Regressor struct {
	Name   string
	Values []float64 // as long as the series
}

// Model is a fitted model with its present state. It is plain data; the methods that
// change it must not be called concurrently. Copy it with Clone.
type Model struct {
	Spec     Spec
	Coef     []float64   // in the order of Names
	Cov      [][]float64 // of Coef; 0 for fixed ones, NaN where the likelihood is not curved
	Sigma2   float64     // mean square of the standardised innovations
	Sigma    float64     // its root, also where the square overflows
	State    State
	Residual []float64 // standardised innovations; 0 where nothing is forecast, NaN where missing

	N                      int     // readings that count for the likelihood
	LogLik, AIC, AICc, BIC float64 // comparable among models of the same differences; AICc is +Inf where N allows none

	run *filter // of State, made when it is needed
}

// Names are those of the coefficients, as R has them: ar1, ma1, sar1, sma1, intercept,
// drift, and the regressors.
func (m *Model) Names() []string { return m.Spec.coefficients() }

// SE is the standard errors of the coefficients.
func (m *Model) SE() []float64 {
	se := make([]float64, len(m.Coef))
	for i := range se {
		se[i] = math.Sqrt(m.Cov[i][i])
	}
	return se
}

// Clone copies the model.
func (m *Model) Clone() Model {
	c := *m
	c.Coef, c.Residual, c.State, c.run = slices.Clone(m.Coef), slices.Clone(m.Residual), m.State.clone(), nil
	c.Spec.Names = slices.Clone(m.Spec.Names)
	c.Cov = make([][]float64, len(m.Cov))
	for i, row := range m.Cov {
		c.Cov[i] = slices.Clone(row)
	}
	return c
}

// Fit estimates the model that the configuration names. NaN is a missing reading.
func Fit(y []float64, cfg Config) (Model, error) {
	spec := cfg.spec()
	if err := errors.Join(spec.check(), cfg.Method.check(), checkPrior(cfg.PriorVariance)); err != nil {
		return Model{}, err
	}
	x := make([][]float64, len(cfg.Regressors))
	for i, r := range cfg.Regressors {
		x[i] = r.Values
	}
	fixed, err := spec.fixed(cfg.Fixed)
	if err != nil {
		return Model{}, err
	}
	arma := spec.arma()
	p, err := newProblem(y, spec, x, fixed[arma:], cfg.PriorVariance > 0)
	if err != nil {
		return Model{}, err
	}
	if p.constant() {
		return Model{}, fmt.Errorf("arima: %w", ErrConstant)
	}
	p.prior, p.stop = cfg.PriorVariance, cfg.Stop
	s := newSearch(p, fixed[:arma])
	s.tolerance, s.thorough = fine, true
	err = s.fit(cfg.Method)
	m := Model{}
	if err == nil {
		m, err = s.model(cfg.Method)
	}
	if cfg.Stop != nil && cfg.Stop() {
		return Model{}, fmt.Errorf("arima: %w", ErrStopped)
	}
	return m, err
}

func checkPrior(variance float64) error {
	if !(variance >= 0) || math.IsInf(variance, 1) {
		return fmt.Errorf("arima: %w: prior variance must be finite and not negative, not %g; 0 is exact", ErrSpec, variance)
	}
	return nil
}

func (c Config) spec() Spec {
	s := Spec{Order: c.Order, Seasonal: c.Seasonal, Period: c.Period, Mean: c.Mean, Drift: c.Drift}
	for _, r := range c.Regressors {
		s.Names = append(s.Names, r.Name)
	}
	return s
}

// fixed puts given coefficients into their order, NaN for the others.
func (s Spec) fixed(given map[string]float64) ([]float64, error) {
	names := s.coefficients()
	fixed := make([]float64, len(names))
	found := 0
	for i, name := range names {
		v, ok := given[name]
		if !ok {
			fixed[i] = math.NaN()
			continue
		}
		if math.IsInf(v, 0) || v != v {
			return nil, fmt.Errorf("arima: %w: coefficient %s is %g", ErrValues, name, v)
		}
		fixed[i] = v
		found++
	}
	if found < len(given) {
		return nil, fmt.Errorf("arima: %w: fixed coefficients %v; %v has %v", ErrSpec, given, s, names)
	}
	return fixed, nil
}

// rounding is the mean square below which what is left of a series, which is about 1, is rounding.
const rounding = 1e-28

// constant says whether nothing is left of the series once differenced and regressed.
func (p *problem) constant() bool {
	square, n := p.left()
	return n > 0 && square <= rounding
}

// left is the mean square of the differences that are there, of which there are n.
func (p *problem) left() (square float64, n int) {
	sum := 0.0
	for _, v := range difference(p.columns[0], p.diff) {
		if v == v {
			sum += v * v
			n++
		}
	}
	return sum / float64(n), n
}

package arima

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Order is how many autoregressive terms (P), differences (D) and moving average terms
// (Q) a model has.
type Order struct{ P, D, Q int }

// Spec names a model: ARIMA(p,d,q)(P,D,Q)[m], with regression.
type Spec struct {
	Order    Order
	Seasonal Order
	Period   int      // steps in a season; of use only with a seasonal order
	Mean     bool     // the level is estimated, not 0; only without differences
	Drift    bool     // a straight line is estimated; with one difference it is the mean step
	Names    []string // of further regressors
}

// MaxReach is the longest memory of a model that is fitted: steps that its
// autoregression, moving average and differences reach back, each. Time and memory grow
// with the square of it.
const MaxReach = 2000

// Errors of series and settings that cannot be fitted, to be matched with errors.Is.
var (
	ErrSpec       = errors.New("no such model")
	ErrReach      = errors.New("model reaches too far back; adjust long seasons with stl or Fourier regressors and fit the rest without season")
	ErrShort      = errors.New("series has too few readings for the model")
	ErrConstant   = errors.New("series is constant, or follows its regressors exactly, once differenced; forecast that itself")
	ErrValues     = errors.New("values must be finite, NaN for missing readings")
	ErrRegressors = errors.New("regressors do not fit")
	ErrStopped    = errors.New("the fit was ended before it was done")
	ErrUnstable   = errors.New("autoregression is not stationary, or all but; difference the series once more")
)

// String is the name of the model as R writes it: ARIMA(1,1,1)(0,1,1)[12] with drift.
func (s Spec) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ARIMA(%d,%d,%d)", s.Order.P, s.Order.D, s.Order.Q)
	if s.Seasonal != (Order{}) {
		fmt.Fprintf(&b, "(%d,%d,%d)[%d]", s.Seasonal.P, s.Seasonal.D, s.Seasonal.Q, s.Period)
	}
	switch {
	case len(s.Names) > 0:
		b.WriteString(" with regressors")
	case s.Drift:
		b.WriteString(" with drift")
	case s.Mean:
		b.WriteString(" with mean")
	}
	return b.String()
}

// check returns an error unless the spec is a model that can be fitted.
func (s Spec) check() error {
	o, z := s.Order, s.Seasonal
	if min(o.P, o.D, o.Q, z.P, z.D, z.Q) < 0 {
		return fmt.Errorf("arima: %w: %v has a negative order", ErrSpec, s)
	}
	if z != (Order{}) && s.Period < 2 {
		return fmt.Errorf("arima: %w: %v needs a period of at least 2", ErrSpec, s)
	}
	for _, n := range []int{o.P, o.D, o.Q, z.P, z.D, z.Q, s.Period} {
		if n > MaxReach {
			return fmt.Errorf("arima: %w: %v", ErrReach, s)
		}
	}
	if reach := max(o.P+z.P*s.Period, o.Q+z.Q*s.Period, o.D+z.D*s.Period); reach > MaxReach {
		return fmt.Errorf("arima: %w: %v reaches back %d steps, at most %d can be", ErrReach, s, reach, MaxReach)
	}
	switch d := o.D + z.D; {
	case s.Mean && d > 0:
		return fmt.Errorf("arima: %w: %v: differences take the mean away; estimate a drift instead", ErrSpec, s)
	case s.Drift && d > 1:
		return fmt.Errorf("arima: %w: %v: two differences take the drift away; leave it out", ErrSpec, s)
	}
	return nil
}

// arma counts the coefficients of the ARMA part.
func (s Spec) arma() int { return s.Order.P + s.Order.Q + s.Seasonal.P + s.Seasonal.Q }

// blocks splits the coefficients of the ARMA part.
func (s Spec) blocks(coef []float64) (ar, ma, sar, sma []float64) {
	cut := func(n int) []float64 {
		part := coef[:n]
		coef = coef[n:]
		return part
	}
	return cut(s.Order.P), cut(s.Order.Q), cut(s.Seasonal.P), cut(s.Seasonal.Q)
}

// coefficients names all coefficients, as R does: ar1, ma1, sar1, sma1, intercept,
// drift, and the regressors.
func (s Spec) coefficients() []string {
	var names []string
	add := func(name string, n int) {
		for i := range n {
			names = append(names, name+strconv.Itoa(i+1))
		}
	}
	add("ar", s.Order.P)
	add("ma", s.Order.Q)
	add("sar", s.Seasonal.P)
	add("sma", s.Seasonal.Q)
	return append(names, s.regressors()...)
}

func (s Spec) regressors() []string {
	var names []string
	if s.Mean {
		names = append(names, "intercept")
	}
	if s.Drift {
		names = append(names, "drift")
	}
	return append(names, s.Names...)
}

// model is the polynomials at given coefficients of the ARMA part.
func (s Spec) model(coef []float64) model {
	ar, ma, sar, sma := s.blocks(coef)
	var a, b multiplier
	return newModel(a.product(ar, sar, s.Period, -1), b.product(ma, sma, s.Period, 1), differences(s.Order.D, s.Seasonal.D, s.Period))
}

func finite(x []float64) bool {
	for _, v := range x {
		if math.IsInf(v, 0) || v != v {
			return false
		}
	}
	return true
}

// Package metrics measures how good forecasts are. With actual values y, forecasts f,
// the training series x, its period m and means over what is there:
//
//	MAE     mean |y-f|
//	RMSE    √ mean (y-f)²
//	MASE    mean |y-f| / mean |x_t - x_(t-m)|                  Hyndman, Koehler 2006
//	RMSSE   √( mean (y-f)² / mean (x_t - x_(t-m))² )           M5 competition
//	SMAPE   mean 200·|y-f| / (|y|+|f|)                         M4 competition, 0..200 %
//	Pinball mean max(q(y-f), (q-1)(y-f))                       Koenker, Bassett 1978
//	Winkler mean (u-l) + 2/(1-c)·(l-y)⁺ + 2/(1-c)·(y-u)⁺       Winkler 1972; coverage c
//	MSIS    Winkler / mean |x_t - x_(t-m)|                     M4 competition
//
// Pairs with a NaN on either side are left out; with none left, and for a training
// series without a pair m apart, the result is NaN. An error of 0 is 0 on any scale,
// any other error on a scale of 0 is infinite. No sum or square overflows while values are within ±1e300; infinite ones give +Inf or NaN. Functions
// panic when the lengths of what is compared differ.
package metrics

import (
	"fmt"
	"math"
)

// MAE is the mean absolute error.
func MAE(actual, forecast []float64) float64 {
	return mean(actual, forecast, func(y, f float64) float64 { return math.Abs(y - f) })
}

// RMSE is the root mean squared error.
func RMSE(actual, forecast []float64) float64 {
	unit := 0.0 // the largest error, so that no square overflows or vanishes
	for i, y := range actual[:min(len(actual), len(forecast))] {
		if e := math.Abs(y - forecast[i]); e > unit {
			unit = e
		}
	}
	if unit == 0 {
		unit = 1
	}
	return unit * math.Sqrt(mean(actual, forecast, func(y, f float64) float64 { return (y - f) / unit * ((y - f) / unit) }))
}

// SMAPE is the symmetric mean absolute percentage error, 0 to 200; a pair of zeros
// counts as 0.
func SMAPE(actual, forecast []float64) float64 {
	return mean(actual, forecast, func(y, f float64) float64 {
		if y == f {
			return 0
		}
		return 200 * (math.Abs(y-f) / (math.Abs(y) + math.Abs(f)))
	})
}

// MASE is the mean absolute error in units of the seasonal naive forecast's on the
// training series. It panics when period is below 1; 1 is the naive forecast.
func MASE(actual, forecast, train []float64, period int) float64 {
	return ratio(MAE(actual, forecast), NaiveMAE(train, period))
}

// RMSSE is the root mean squared error in units of the seasonal naive forecast's on
// the training series. It panics when period is below 1.
func RMSSE(actual, forecast, train []float64, period int) float64 {
	past, next := apart(train, period)
	return ratio(RMSE(actual, forecast), RMSE(next, past))
}

// NaiveMAE is the mean absolute difference of values period steps apart, the scale of
// MASE. It panics when period is below 1.
func NaiveMAE(train []float64, period int) float64 {
	past, next := apart(train, period)
	return MAE(next, past)
}

func apart(x []float64, period int) (past, next []float64) {
	if period < 1 {
		panic(fmt.Sprintf("metrics: period must be at least 1, not %d", period))
	}
	if period >= len(x) {
		return nil, nil
	}
	return x[:len(x)-period], x[period:]
}

// Pinball is the quantile loss of forecasts of the q-quantile; half the MAE for
// q = 0.5, NaN when q is not in 0..1.
func Pinball(actual, forecast []float64, q float64) float64 {
	if !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	return mean(actual, forecast, func(y, f float64) float64 {
		if y >= f {
			return q * (y - f)
		}
		return (1 - q) * (f - y)
	})
}

// Coverage is the share of actual values within their interval, bounds included.
func Coverage(actual, lower, upper []float64) float64 {
	return meanWithin(actual, lower, upper, func(y, l, u float64) float64 {
		if y >= l && y <= u {
			return 1
		}
		return 0
	})
}

// Winkler is the interval score of intervals meant to cover the share coverage; NaN
// when that is not above 0 and below 1.
func Winkler(actual, lower, upper []float64, coverage float64) float64 {
	if !(coverage > 0 && coverage < 1) {
		return math.NaN()
	}
	penalty := 2 / (1 - coverage)
	return meanWithin(actual, lower, upper, func(y, l, u float64) float64 {
		return (u - l) + penalty*max(0, l-y) + penalty*max(0, y-u)
	})
}

// Interval is a series of intervals meant to cover the share Coverage.
type Interval struct {
	Lower, Upper []float64 // as long as what they are compared with
	Coverage     float64   // above 0 and below 1
}

// MSIS is the Winkler score in units of the seasonal naive forecast's mean absolute
// error on the training series. It panics when period is below 1.
func MSIS(actual []float64, interval Interval, train []float64, period int) float64 {
	return ratio(Winkler(actual, interval.Lower, interval.Upper, interval.Coverage), NaiveMAE(train, period))
}

func ratio(loss, scale float64) float64 {
	if loss == 0 && scale == 0 {
		return 0
	}
	return loss / scale
}

func mean(actual, forecast []float64, loss func(y, f float64) float64) float64 {
	return meanWithin(actual, forecast, forecast, func(y, f, _ float64) float64 { return loss(y, f) })
}

func meanWithin(actual, lower, upper []float64, loss func(y, l, u float64) float64) float64 {
	if len(lower) != len(actual) || len(upper) != len(actual) {
		panic(fmt.Sprintf("metrics: %d actual values, %d and %d forecasts", len(actual), len(lower), len(upper)))
	}
	average, n := 0.0, 0.0
	for i, y := range actual {
		l, u := lower[i], upper[i]
		if math.IsNaN(y) || math.IsNaN(l) || math.IsNaN(u) {
			continue
		}
		n++
		one := loss(y, l, u)
		average += one/n - average/n
	}
	if n == 0 {
		return math.NaN()
	}
	return average
}

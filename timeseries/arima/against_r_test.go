package arima

import (
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// Beside R's arima and auto.arima in the same run. "R-ahead" is how much more log-likelihood R
// found, or, of the choice, how much less AICc: below 0 it found less.
func BenchmarkAgainstR(b *testing.B) {
	airline12, airline24 := airline(144, 12), airline(720, 24)
	var r struct {
		Airline12, Airline24, ARMA24, ARMA, Choose12 struct{ Seconds, Value float64 }
	}
	referencetest.R(b, referencetest.RSeconds+`if (!requireNamespace("forecast", quietly = TRUE)) quit(status = 77)
fit <- function(x, period, order, seasonal) {
  f <- function() arima(ts(x, frequency = period), order = order, seasonal = seasonal)
  list(Seconds = seconds(f), Value = f()$loglik)
}
auto <- function(x, period) {
  spent <- system.time(m <- forecast::auto.arima(ts(x, frequency = period)))
  list(Seconds = spent[[1]], Value = -m$aicc)
}
output <- list(Airline12 = fit(input[[1]], 12, c(0, 1, 1), c(0, 1, 1)), Airline24 = fit(input[[2]], 24, c(0, 1, 1), c(0, 1, 1)),
  ARMA24 = fit(input[[2]], 24, c(2, 1, 1), c(1, 1, 1)), ARMA = fit(input[[1]], 1, c(2, 1, 2), c(0, 0, 0)), Choose12 = auto(input[[1]], 12))`,
		[]referencetest.Values{airline12, airline24}, &r)
	f := func(name string, theirs struct{ Seconds, Value float64 }, op func() (float64, error)) {
		b.Run(name, func(b *testing.B) {
			var value float64
			referencetest.AgainstR(b, theirs.Seconds, func() {
				var err error
				if value, err = op(); err != nil {
					b.Fatal(err)
				}
			})
			b.ReportMetric(theirs.Value-value, "R-ahead")
		})
	}
	fit := func(y []float64, period int, order, seasonal Order) func() (float64, error) {
		return func() (float64, error) {
			m, err := Fit(y, Config{Order: order, Seasonal: seasonal, Period: period})
			return m.LogLik, err
		}
	}
	f("(0,1,1)(0,1,1)[12],n=144", r.Airline12, fit(airline12, 12, Order{0, 1, 1}, Order{0, 1, 1}))
	f("(0,1,1)(0,1,1)[24],n=720", r.Airline24, fit(airline24, 24, Order{0, 1, 1}, Order{0, 1, 1}))
	f("(2,1,1)(1,1,1)[24],n=720", r.ARMA24, fit(airline24, 24, Order{2, 1, 1}, Order{1, 1, 1}))
	f("(2,1,2),n=144", r.ARMA, fit(airline12, 1, Order{2, 1, 2}, Order{}))
	f("choose,period=12,n=144", r.Choose12, func() (float64, error) {
		m, err := Choose(airline12, ChooseConfig{Period: 12})
		return -m.AICc, err
	})
}

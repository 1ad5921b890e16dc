package arima

import (
	"math"

	"github.com/foreshock-io/foreshock/timeseries/stl"
)

// KPSS is the statistic of Kwiatkowski, Phillips, Schmidt, Shin (1992) for the hypothesis
// that a series is stationary around a level: the partial sums S of its deviations
// from the mean against their long-run variance,
//
//	Σ S_t² / (n² s²),  s² = Σ e_t²/n + 2/n Σ (1 - l/(L+1)) Σ e_t e_(t-l),  L = ⌊3√n/13⌋
//
// Missing readings are left out. It is NaN for a constant series.
func KPSS(x []float64) float64 {
	return kpss(present(x))
}

// kpssCritical is the value above which stationarity is rejected at 5 % (their table 1).
const kpssCritical = 0.463

func kpss(x []float64) float64 {
	n := float64(len(x))
	mean := 0.0
	for _, v := range x {
		mean += v / n
	}
	e := make([]float64, len(x))
	sum, partial := 0.0, 0.0
	for t, v := range x {
		e[t] = v - mean
		sum += e[t]
		partial += sum * sum
	}
	lags := int(3 * math.Sqrt(n) / 13)
	variance := 0.0
	for l := 0; l <= lags; l++ {
		cov := 0.0
		for t := l; t < len(e); t++ {
			cov += e[t] * e[t-l]
		}
		if l > 0 {
			cov *= 2 * (1 - float64(l)/float64(lags+1))
		}
		variance += cov
	}
	return partial / (n * variance)
}

func present(x []float64) []float64 {
	var there []float64
	for _, v := range x {
		if v == v {
			there = append(there, v)
		}
	}
	return there
}

// differencesNeeded differences x until KPSS no longer rejects stationarity.
func differencesNeeded(x []float64, most int) int {
	x = present(x)
	for d := 0; ; d++ {
		if stat := kpss(x); d == most || len(x) < 3 || !(stat > kpssCritical) {
			return d
		}
		for t := len(x) - 1; t > 0; t-- {
			x[t] -= x[t-1]
		}
		x = x[1:]
	}
}

// SeasonalStrength is how much of what STL does not call trend it calls season (Wang,
// Smith, Hyndman 2006): 1 - Var(remainder)/Var(season + remainder), not below 0. It is 0
// where the series does not have two whole periods.
func SeasonalStrength(x []float64, period int) float64 {
	parts, err := stl.DecomposeMulti(x, stl.MultiConfig{Periods: []int{period}})
	if err != nil {
		return 0
	}
	var rest, both []float64
	for t, r := range parts.Remainder {
		if r == r {
			rest = append(rest, r)
			both = append(both, r+parts.Seasonal[0][t])
		}
	}
	if strength := 1 - variance(rest)/variance(both); strength > 0 {
		return strength
	}
	return 0
}

// seasonalThreshold is the strength above which a series is differenced over the
// period: the one that forecast worst errs least with (Hyndman, in the forecast package).
const seasonalThreshold = 0.64

func variance(x []float64) float64 {
	mean, sum := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return sum / float64(len(x)-1)
}

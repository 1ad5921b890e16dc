package prophet

import (
	"math"
	"math/bits"
	"time"
)

const (
	day  = 24 * time.Hour
	year = 365*day + day/4
)

// seasonalities lists those in use: the usual ones that the settings or the history call for, then the configured ones.
func (c Config) seasonalities(span, step time.Duration) []Seasonality {
	var list []Seasonality
	usual := func(name string, period time.Duration, setting, order int, auto bool) {
		for _, s := range c.Seasonalities {
			if s.Name == name {
				return
			}
		}
		switch {
		case setting > 0:
			order = setting
		case setting == Off || !auto:
			return
		}
		list = append(list, Seasonality{Name: name, Period: period, Order: order, Scale: c.SeasonalityScale, Mode: c.SeasonalityMode})
	}
	usual("yearly", year, c.Yearly, 10, span >= 730*day)
	usual("weekly", 7*day, c.Weekly, 3, span >= 14*day && step < 7*day)
	usual("daily", day, c.Daily, 4, span >= 2*day && step < day)
	return append(list, c.Seasonalities...)
}

// fourier writes sin and cos of 2πnt/period, n = 1…order, into dst, t counted from 1970-01-01 UTC. Only the first pair is computed
// from t; the others follow by the addition theorem.
func fourier(dst []float64, t time.Time, period time.Duration) {
	sin1, cos1 := math.Sincos(2 * math.Pi * phase(t, period))
	sin, cos := sin1, cos1
	for i := 0; i+1 < len(dst); i += 2 {
		dst[i], dst[i+1] = sin, cos
		sin, cos = sin*cos1+cos*sin1, cos*cos1-sin*sin1
	}
}

// phase is where t is in its period, from 0 to 1. In whole nanoseconds, as t in floating point would cost digits.
func phase(t time.Time, period time.Duration) float64 {
	s, ns := t.Unix(), uint64(t.Nanosecond())
	high, low := bits.Mul64(uint64(max(s, -s)), 1e9)
	var carry uint64
	if s < 0 { // before 1970: the magnitude is s less the nanoseconds, which count forwards
		low, carry = bits.Sub64(low, ns, 0)
		high -= carry
	} else {
		low, carry = bits.Add64(low, ns, 0)
		high += carry
	}
	into := float64(bits.Rem64(high, low, uint64(period))) / float64(period)
	if s < 0 && into > 0 {
		return 1 - into
	}
	return into
}

package stl

import (
	"errors"
	"fmt"
	"math"
)

// Errors for series that cannot be decomposed, to be matched with errors.Is.
var (
	ErrShort  = errors.New("series is not longer than two periods")
	ErrGaps   = errors.New("series has fewer readings than the period has steps")
	ErrValues = errors.New("series has values beyond ±1e290 or infinite ones")
)

// maxAbs leaves room for the sums of a loess.
const maxAbs = 1e290

// Periodic as SeasonalWindow makes the season the same in all cycles.
const Periodic = 0

// None as Inner or Outer means no pass at all, where 0 means the default.
const None = -1

// Degree of a loess.
type Degree uint8

// Degrees of a loess. Default is Constant for the season, Linear for the trend, and
// that of the trend for the low-pass filter.
const (
	Default Degree = iota
	Constant
	Linear
)

// Config says how to decompose. Only Period is needed: the zero value of the rest
// are the defaults of R's stl with s.window = "periodic". Windows are in readings
// and are taken as odd (the next odd number) and at least 3; that of the season
// counts cycles. A jump is the distance of the positions at which a loess is
// fitted; 0 is a tenth of its window, rounded up.
type Config struct {
	Period int // steps in a season, at least 2

	SeasonalWindow int // Periodic, or cycles over which the season may change; 7 or more advised
	TrendWindow    int // 0: the odd number from 1.5·Period/(1-1.5/SeasonalWindow) on
	LowPassWindow  int // 0: the odd number from Period on

	SeasonalDegree Degree // ignored when Periodic
	TrendDegree    Degree
	LowPassDegree  Degree

	SeasonalJump int
	TrendJump    int
	LowPassJump  int

	Robust bool // changes the defaults of Inner and Outer
	Inner  int  // inner passes; 0: 2, or 1 when Robust
	Outer  int  // rounds with robustness weights; 0: none, or 15 when Robust
}

// reachInGaps bounds how far loess extrapolates, when readings are missing; see
// loess.Config.
const reachInGaps = 4

// settings is a Config with every default filled in for a series of n readings.
type settings struct {
	reach                    float64
	period                   int
	periodic                 bool
	seasonal, trend, lowPass int
	seasonalDegree           int
	trendDegree, lowDegree   int
	seasonalJump, trendJump  int
	lowJump                  int
	innerPasses, outerPasses int
}

func (c Config) check() error {
	if c.Period < 2 {
		return fmt.Errorf("stl: period must be at least 2, not %d", c.Period)
	}
	for _, s := range []struct {
		name  string
		value int
	}{
		{"seasonal window", c.SeasonalWindow},
		{"trend window", c.TrendWindow},
		{"low-pass window", c.LowPassWindow},
		{"seasonal jump", c.SeasonalJump},
		{"trend jump", c.TrendJump},
		{"low-pass jump", c.LowPassJump},
		{"inner passes", c.Inner + 1},
		{"outer passes", c.Outer + 1},
	} {
		if s.value < 0 {
			return fmt.Errorf("stl: %s must not be negative", s.name)
		}
	}
	for _, d := range []Degree{c.SeasonalDegree, c.TrendDegree, c.LowPassDegree} {
		if d > Linear {
			return fmt.Errorf("stl: degree must be Default, Constant or Linear, not %d", d)
		}
	}
	return nil
}

func (c Config) resolve(n int) settings {
	s := settings{
		period:         c.Period,
		periodic:       c.SeasonalWindow == Periodic,
		seasonal:       c.SeasonalWindow,
		seasonalDegree: c.SeasonalDegree.or(0),
		trendDegree:    c.TrendDegree.or(1),
		innerPasses:    passes(c.Inner, 2, 1, c.Robust),
		outerPasses:    passes(c.Outer, 0, 15, c.Robust),
	}
	if s.periodic { // a window so wide that the loess is a mean
		s.seasonal, s.seasonalDegree = 10*n+1, 0
	}
	s.lowDegree = c.LowPassDegree.or(s.trendDegree)
	s.lowPass = or(c.LowPassWindow, c.Period|1)
	s.trend = or(c.TrendWindow, trendWindow(c.Period, s.seasonal))
	s.seasonalJump = or(c.SeasonalJump, (s.seasonal+9)/10)
	s.trendJump = or(c.TrendJump, (s.trend+9)/10)
	s.lowJump = or(c.LowPassJump, (s.lowPass+9)/10)
	return s
}

// trendWindow is the authors' advice, the least window that keeps the season out of
// the trend.
func trendWindow(period, seasonal int) int {
	return max(3, int(math.Ceil(1.5*float64(period)/(1-1.5/float64(seasonal))))|1)
}

func (d Degree) or(fallback int) int {
	if d == Default {
		return fallback
	}
	return int(d - Constant)
}

func or(value, fallback int) int {
	if value == 0 {
		return fallback
	}
	return value
}

func passes(value, plain, robust int, isRobust bool) int {
	switch {
	case value == None:
		return 0
	case value > 0:
		return value
	case isRobust:
		return robust
	}
	return plain
}

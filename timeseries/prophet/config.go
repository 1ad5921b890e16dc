package prophet

import (
	"fmt"
	"slices"
	"time"
)

// Growth is the form of the trend.
type Growth string

// Forms of the trend.
const (
	Linear   Growth = "linear"   // piecewise linear; the default
	Logistic Growth = "logistic" // saturates at the cap of each row
	Flat     Growth = "flat"     // constant
)

// Mode says how a component joins the trend.
type Mode string

// Modes of components.
const (
	Additive       Mode = "additive"       // in units of the series; the default
	Multiplicative Mode = "multiplicative" // as a share of the trend
)

// Settings of Config.Yearly, Weekly and Daily other than a Fourier order, and of Config.ChangepointCount other than a count.
const (
	Auto = 0  // the history decides
	Off  = -1 // none
)

// MaxColumns is the largest number of Fourier terms, holiday effects, regressors and changepoints together.
const MaxColumns = 2000

// Config says what to fit. The zero value has the defaults of Prophet.
type Config struct {
	Growth Growth

	Changepoints     []time.Time // where the trend may change; nil for automatic ones, spread evenly over the readings
	ChangepointCount int         // automatic changepoints: 25 by default (Auto), or Off
	ChangepointRange float64     // share of the readings, from the first on, that has automatic changepoints; default 0.8
	ChangepointScale float64     // scale τ of the Laplace prior of a change; default 0.05

	// Fourier orders of the usual seasonalities. Auto takes 10 for a year when the history spans two years, 3 for a week
	// when it spans two weeks in steps below a week, 4 for a day when it spans two days in steps below a day.
	Yearly, Weekly, Daily int

	Seasonalities    []Seasonality // others; one named yearly, weekly or daily replaces the usual one
	SeasonalityMode  Mode          // of all components that do not name their own
	SeasonalityScale float64       // of seasonalities that do not name their own; default 10

	Holidays     []Holiday
	Regressors   []Regressor
	HolidayScale float64 // of holidays and regressors that do not name their own; default 10
}

// Seasonality is a periodic component: a Fourier series.
type Seasonality struct {
	Name      string
	Period    time.Duration
	Order     int     // pairs of sine and cosine
	Scale     float64 // standard deviation of the normal prior of a coefficient; default Config.SeasonalityScale
	Mode      Mode    // default Config.SeasonalityMode
	Condition string  // name in Rows.Conditions of the condition under which it holds; empty for always
}

// Holiday is an event with days of its own. Each day of its window has an effect of its own.
type Holiday struct {
	Name   string
	Days   []time.Time // past and future ones; their dates in UTC count
	Before int         // days of the window before each
	After  int         // days of the window after each
	Scale  float64     // standard deviation of the normal prior of an effect; default Config.HolidayScale
	Mode   Mode        // default Config.SeasonalityMode
}

// Regressor is a series known in past and future that explains part of the values.
type Regressor struct {
	Name  string  // in Rows.Regressors
	Scale float64 // standard deviation of the normal prior of the coefficient; default Config.HolidayScale
	Mode  Mode    // default Config.SeasonalityMode
	Raw   bool    // taken as it is; otherwise brought to mean 0 and standard deviation 1, unless constant or 0 and 1 only
}

// defaults fills in what was left out.
func (c Config) defaults() Config {
	fill(&c.Growth, Linear)
	fill(&c.ChangepointCount, 25)
	fill(&c.ChangepointRange, 0.8)
	fill(&c.ChangepointScale, 0.05)
	fill(&c.SeasonalityMode, Additive)
	fill(&c.SeasonalityScale, 10)
	fill(&c.HolidayScale, 10)
	c.Seasonalities, c.Holidays, c.Regressors = slices.Clone(c.Seasonalities), slices.Clone(c.Holidays), slices.Clone(c.Regressors)
	for i := range c.Seasonalities {
		fill(&c.Seasonalities[i].Scale, c.SeasonalityScale)
		fill(&c.Seasonalities[i].Mode, c.SeasonalityMode)
	}
	for i := range c.Holidays {
		fill(&c.Holidays[i].Scale, c.HolidayScale)
		fill(&c.Holidays[i].Mode, c.SeasonalityMode)
	}
	for i := range c.Regressors {
		fill(&c.Regressors[i].Scale, c.HolidayScale)
		fill(&c.Regressors[i].Mode, c.SeasonalityMode)
	}
	return c
}

func fill[T comparable](setting *T, def T) {
	var zero T
	if *setting == zero {
		*setting = def
	}
}

func wrongConfig(format string, args ...any) error {
	return fmt.Errorf("prophet: %w: %s", ErrConfig, fmt.Sprintf(format, args...))
}

// check returns an error for settings, defaults filled in, that mean nothing.
func (c Config) check() error {
	switch {
	case c.Growth != Linear && c.Growth != Logistic && c.Growth != Flat:
		return wrongConfig("growth is linear, logistic or flat, not %q", c.Growth)
	case c.ChangepointCount < Off:
		return wrongConfig("ChangepointCount is a count, Auto or Off, not %d", c.ChangepointCount)
	case !(c.ChangepointRange > 0 && c.ChangepointRange <= 1):
		return wrongConfig("ChangepointRange is a share from 0 to 1, not %g", c.ChangepointRange)
	case !positive(c.ChangepointScale), !positive(c.SeasonalityScale), !positive(c.HolidayScale):
		return wrongConfig("prior scales are above 0 and finite, not %g, %g, %g", c.ChangepointScale, c.SeasonalityScale, c.HolidayScale)
	case min(c.Yearly, c.Weekly, c.Daily) < Off:
		return wrongConfig("Yearly, Weekly and Daily are a Fourier order, Auto or Off, not %d, %d, %d", c.Yearly, c.Weekly, c.Daily)
	case !c.SeasonalityMode.known():
		return wrongConfig("SeasonalityMode is additive or multiplicative, not %q", c.SeasonalityMode)
	}
	return c.checkComponents()
}

// positive is true of scales whose squares and their inverses are numbers, too.
func positive(scale float64) bool { return scale >= 1e-100 && scale <= 1e100 }

func (m Mode) known() bool { return m == Additive || m == Multiplicative }

func (c Config) checkComponents() error {
	names := map[string]bool{}
	component := func(kind, name string, scale float64, mode Mode) error {
		switch {
		case name == "":
			return wrongConfig("a %s needs a name", kind)
		case names[name], kind != "seasonality" && slices.Contains([]string{"yearly", "weekly", "daily"}, name):
			return wrongConfig("%s %q: the name is taken", kind, name)
		case !positive(scale):
			return wrongConfig("%s %q: the prior scale is above 0 and finite, not %g", kind, name, scale)
		case !mode.known():
			return wrongConfig("%s %q: the mode is additive or multiplicative, not %q", kind, name, mode)
		}
		names[name] = true
		return nil
	}
	columns := max(0, c.ChangepointCount) + len(c.Changepoints) + 2*(max(0, c.Yearly)+max(0, c.Weekly)+max(0, c.Daily)) + len(c.Regressors)
	for _, s := range c.Seasonalities {
		if err := component("seasonality", s.Name, s.Scale, s.Mode); err != nil {
			return err
		}
		if s.Period <= 0 || s.Order < 1 {
			return wrongConfig("seasonality %q: period and Fourier order are above 0, not %v and %d", s.Name, s.Period, s.Order)
		}
		columns += 2 * min(s.Order, MaxColumns)
	}
	for _, h := range c.Holidays {
		if err := component("holiday", h.Name, h.Scale, h.Mode); err != nil {
			return err
		}
		if h.Before < 0 || h.After < 0 {
			return wrongConfig("holiday %q: days before and after are not below 0, not %d and %d", h.Name, h.Before, h.After)
		}
		columns += 1 + min(h.Before, MaxColumns) + min(h.After, MaxColumns)
	}
	for _, r := range c.Regressors {
		if err := component("regressor", r.Name, r.Scale, r.Mode); err != nil {
			return err
		}
	}
	if columns > MaxColumns {
		return wrongConfig("%d Fourier terms, holiday effects, regressors and changepoints; at most %d are fitted", columns, MaxColumns)
	}
	return nil
}

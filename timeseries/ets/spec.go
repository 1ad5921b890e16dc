package ets

import "fmt"

// Component is the kind of a part of a model.
type Component uint8

// Kinds of a part. Auto, in a Config, leaves the choice to Fit.
const (
	Auto Component = iota
	None
	Additive
	Damped // of a trend: additive, and fading
	Multiplicative
)

// String is the letter of the component in the name of a model: Z for Auto, N, A, Ad or M.
func (c Component) String() string {
	names := [...]string{"Z", "N", "A", "Ad", "M"}
	if int(c) >= len(names) {
		return fmt.Sprintf("Component(%d)", uint8(c))
	}
	return names[c]
}

// Spec names a model, such as ETS(M,Ad,M).
type Spec struct {
	Error  Component // Additive or Multiplicative
	Trend  Component // None, Additive or Damped
	Season Component // None, Additive or Multiplicative
	Period int       // steps in a season; of use only with a season
}

// String is the name of the model, without its period.
func (s Spec) String() string { return fmt.Sprintf("ETS(%v,%v,%v)", s.Error, s.Trend, s.Season) }

func (s Spec) hasTrend() bool  { return s.Trend != None }
func (s Spec) hasSeason() bool { return s.Season != None }

// check returns an error unless the spec is a model that this package fits.
func (s Spec) check() error {
	switch {
	case s.Error != Additive && s.Error != Multiplicative:
		return fmt.Errorf("ets: error must be Additive or Multiplicative, not %v", s.Error)
	case s.Trend != None && s.Trend != Additive && s.Trend != Damped:
		return fmt.Errorf("ets: trend must be None, Additive or Damped, not %v", s.Trend)
	case s.Season != None && s.Season != Additive && s.Season != Multiplicative:
		return fmt.Errorf("ets: season must be None, Additive or Multiplicative, not %v", s.Season)
	case s.hasSeason() && (s.Period < 2 || s.Period > MaxPeriod):
		return fmt.Errorf("ets: %w: period %d, with a season it must be in 2..%d", ErrPeriod, s.Period, MaxPeriod)
	case s.Error == Additive && s.Season == Multiplicative:
		return fmt.Errorf("ets: %v is unstable; take multiplicative errors with a multiplicative season", s)
	}
	return nil
}

// parameters counts what is estimated, σ² included.
func (s Spec) parameters() int {
	n := 3 // α, l, σ²
	if s.hasTrend() {
		n += 2
	}
	if s.Trend == Damped {
		n++
	}
	if s.hasSeason() {
		n += s.Period // γ and all but one of the season
	}
	return n
}

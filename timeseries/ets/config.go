package ets

import (
	"errors"
	"fmt"
)

// Config says what to fit. The zero value chooses among the models without season.
type Config struct {
	Period int       // steps in a season, 2..MaxPeriod; 0 or 1: none
	Error  Component // Additive, Multiplicative or Auto
	Trend  Component // None, Additive, Damped or Auto
	Season Component // None, Additive, Multiplicative or Auto

	Given    Given     // parameters that are not to be estimated
	Minimise Loss      // what the estimates minimise
	Choose   Criterion // what the chosen model has least of
}

// Given are the smoothing parameters that are given, nil those that are estimated. What a model does not have is ignored.
type Given struct {
	Alpha *float64 // 0..1
	Beta  *float64 // 0..Alpha
	Gamma *float64 // 0..1-Alpha
	Phi   *float64 // above 0, at most 1
}

// Loss is what estimates minimise.
type Loss uint8

// Losses.
const (
	Deviance     Loss = iota // -2 log-likelihood
	SquaredError             // mean squared error of the one-step forecasts
)

// Criterion decides among models; see Model for each.
type Criterion uint8

// Criteria.
const (
	AICc Criterion = iota
	AIC
	BIC
)

func (c Criterion) of(m *Model) float64 {
	switch c {
	case AIC:
		return m.AIC
	case BIC:
		return m.BIC
	}
	return m.AICc
}

func (c *Config) check() error {
	if c.Minimise > SquaredError {
		return fmt.Errorf("ets: what is minimised must be Deviance or SquaredError, not %d", c.Minimise)
	}
	if c.Choose > BIC {
		return fmt.Errorf("ets: the criterion must be AICc, AIC or BIC, not %d", c.Choose)
	}
	g := c.Given
	if err := checkShares(share{"alpha", g.Alpha}, share{"beta", g.Beta}, share{"gamma", g.Gamma}, share{"phi", g.Phi}); err != nil {
		return err
	}
	or := func(value *float64, otherwise float64) float64 {
		if value == nil {
			return otherwise
		}
		return *value
	}
	beta, gamma := or(g.Beta, 0), or(g.Gamma, 0)
	if beta > or(g.Alpha, 1-gamma) || gamma > 1-or(g.Alpha, beta) {
		return errors.New("ets: given parameters must leave beta <= alpha <= 1 - gamma")
	}
	if g.Phi != nil && *g.Phi == 0 {
		return errors.New("ets: phi must be above 0; a trend that is gone after a step is none")
	}
	return nil
}

// share is a parameter that is given, or nil.
type share struct {
	name  string
	value *float64
}

func checkShares(shares ...share) error {
	for _, s := range shares {
		if s.value != nil && !(*s.value >= 0 && *s.value <= 1) {
			return fmt.Errorf("ets: %s must be in 0..1, not %g", s.name, *s.value)
		}
	}
	return nil
}

// count is how many parameters of the model are given.
func (g Given) count(s Spec) int {
	n := 0
	for _, there := range []bool{
		g.Alpha != nil, g.Beta != nil && s.hasTrend(), g.Gamma != nil && s.hasSeason(), g.Phi != nil && s.Trend == Damped,
	} {
		if there {
			n++
		}
	}
	return n
}

// candidates lists the models that the configuration allows, simple ones first.
func (c Config) candidates() ([]Spec, error) {
	if c.Season == Auto && c.Period <= 1 {
		c.Season = None
	}
	pick := func(given Component, all ...Component) []Component {
		if given == Auto {
			return all
		}
		return []Component{given}
	}
	var specs []Spec
	var err error
	for _, season := range pick(c.Season, None, Additive, Multiplicative) {
		for _, trend := range pick(c.Trend, None, Additive, Damped) {
			for _, e := range pick(c.Error, Additive, Multiplicative) {
				s := Spec{Error: e, Trend: trend, Season: season, Period: c.Period}
				if wrong := s.check(); wrong == nil {
					specs = append(specs, s)
				} else if err == nil || errors.Is(wrong, ErrPeriod) {
					err = wrong
				}
			}
		}
	}
	if len(specs) == 0 || errors.Is(err, ErrPeriod) {
		return nil, err
	}
	return specs, nil
}

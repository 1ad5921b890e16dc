package prophet

import (
	"fmt"
	"math"
	"slices"
)

// Valid returns an error that tells what is wrong with a model read from outside, and nil for one that Fit returned.
func (m *Model) Valid() error {
	wrong := func(what string, args ...any) error {
		return wrongConfig("model: %s", fmt.Sprintf(what, args...))
	}
	if err := m.Config.check(); err != nil {
		return err
	}
	for _, s := range m.Seasonalities {
		if s.Period <= 0 || s.Order < 1 || s.Order > MaxColumns || !positive(s.Scale) || !s.Mode.known() {
			return wrong("seasonality %q has period %v, order %d, prior scale %g and mode %q", s.Name, s.Period, s.Order, s.Scale, s.Mode)
		}
	}
	_, _, columns := m.components()
	switch {
	case len(m.Params.Beta) != columns || len(m.Params.Delta) != len(m.Changepoints):
		return wrong("%d coefficients for %d columns, %d changes for %d changepoints", len(m.Params.Beta), columns, len(m.Params.Delta), len(m.Changepoints))
	case !slices.IsSorted(m.Changepoints):
		return wrong("changepoints are not in order")
	case len(m.Standards) != len(m.Config.Regressors):
		return wrong("%d standards for %d regressors", len(m.Standards), len(m.Config.Regressors))
	case !m.Start.Before(m.End), m.Last.Before(m.End), !(m.Scale > 0), !(m.Params.Sigma >= 0):
		return wrong("it starts at %v, ends at %v, was last read at %v, and has scale %g and sigma %g", m.Start, m.End, m.Last, m.Scale, m.Params.Sigma)
	}
	numbers := []float64{m.Scale, m.Cap, m.Floor, m.Params.K, m.Params.M, m.Params.Sigma}
	for _, s := range m.Standards {
		if !(s.StdDev > 0) {
			return wrong("standard deviation %g of a regressor", s.StdDev)
		}
		numbers = append(numbers, s.Mean, s.StdDev)
	}
	for _, list := range [][]float64{numbers, m.Params.Beta, m.Params.Delta, m.Changepoints} {
		for _, v := range list {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return wrong("it holds the number %g", v)
			}
		}
	}
	return nil
}

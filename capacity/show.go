package capacity

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// Shower is a planner that can say what it hands out from, for those who look. It is optional.
type Shower interface {
	// Show lists the pools as they stand; it asks nobody.
	Show(now time.Time) []Pool
}

// Pool is an amount of one dimension that several workloads share, in the dimension's unit.
type Pool struct {
	Planner   string              `json:"planner"`
	Name      string              `json:"name"`
	Dimension foreshock.Dimension `json:"dimension"`
	Total     float64             `json:"total"`
	InUse     float64             `json:"in_use"`  // by what was not granted here
	Granted   float64             `json:"granted"` // of it, by grants that are held
	Reserve   float64             `json:"reserve"` // that is never granted
	Grants    int                 `json:"grants"`
}

// Free is what can still be granted.
func (p *Pool) Free() float64 { return max(0, p.Total-p.InUse-p.Granted-p.Reserve) }

// Show lists the pools of all planners that have some.
func (ps all) Show(now time.Time) (list []Pool) {
	for _, p := range ps {
		if s, ok := p.(Shower); ok {
			list = append(list, s.Show(now)...)
		}
	}
	return list
}

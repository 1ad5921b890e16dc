package forest_test

import (
	"fmt"

	"github.com/foreshock-io/foreshock/timeseries/forest"
)

// Demand is 100 by night and either 300 or 500 by day: a mean would tell neither.
func Example() {
	var rows, targets [][]float64
	var guide []float64
	for i := range 2000 {
		hour, demand := float64(i%24), 100.0
		if hour >= 8 && hour < 20 {
			demand = 300 + 200*float64(i/24%2)
		}
		rows, targets, guide = append(rows, []float64{hour}), append(targets, []float64{demand}), append(guide, demand)
	}
	f := forest.Grow(rows, targets, guide, forest.Config{Seed: 1})
	for _, hour := range []float64{3, 12} {
		share := map[float64]float64{}
		for _, p := range f.Distribution([]float64{hour}, nil) {
			share[p.Value] += p.Weight
		}
		fmt.Printf("at %v h: 100 with %.1f, 300 with %.1f, 500 with %.1f\n", hour, share[100], share[300], share[500])
	}
	// Output:
	// at 3 h: 100 with 1.0, 300 with 0.0, 500 with 0.0
	// at 12 h: 100 with 0.0, 300 with 0.5, 500 with 0.5
}

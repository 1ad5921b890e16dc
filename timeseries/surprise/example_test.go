package surprise_test

import (
	"fmt"

	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// A disk whose latency is 2 ms, give or take a little, takes 9 ms for once.
func ExampleStream() {
	s := surprise.NewStream(60, 1)
	var v surprise.Verdict
	for i := range int64(2000) {
		latency := 2 + 0.1*float64(i*7919%13-6)
		if i == 1999 {
			latency = 9
		}
		v = s.Observe(60*i, []float64{latency})
	}
	fmt.Printf("expected %.1f, %+.1f from it\n", v.Expected, v.Deviations[surprise.Reading])
	fmt.Println("to be told of:", v.Alert > 2)
	// Output:
	// expected 2.0, +7.0 from it
	// to be told of: true
}

package quantile

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// The statistics of a window are those of pandas, but for the error of a stored reading.
func TestReferenceRolling(t *testing.T) {
	var file struct {
		Cases []struct {
			Series struct {
				Name   string
				Values referencetest.Values
			}
			Rolling []struct {
				Window   int
				Mean     referencetest.Values
				SD       referencetest.Values
				Median   referencetest.Values
				Max      referencetest.Values
				Quantile referencetest.Values `json:"quantile95_linear"`
			}
		}
	}
	referencetest.Load(t, "stats/ewm_rolling.json", &file)
	for _, c := range file.Cases {
		for _, r := range c.Rolling {
			worst, w := 0.0, NewWindow(r.Window)
			held := 0 // readings since the last that is missing; pandas wants the window full
			for i, x := range c.Series.Values {
				held++
				if !w.Add(x) {
					held = 0
				}
				if held < r.Window {
					continue
				}
				size := slices.Max(w.Values(nil))
				if size == 0 {
					size = 1
				}
				got := []float64{w.Mean(), w.StdDev(), w.Quantile(0.5), w.Quantile(1), w.Quantile(0.95)}
				want := []float64{r.Mean[i], r.SD[i], r.Median[i], r.Max[i], r.Quantile[i]}
				worst = max(worst, referencetest.Apart(got, want)/size)
			}
			// A standard deviation can be off by as much as all readings together are, each to the worse side: √(n/(n-1)).
			tolerance := RelativeError * math.Sqrt(float64(r.Window)/float64(r.Window-1))
			referencetest.Within(t, "stats/ewm_rolling, "+c.Series.Name,
				fmt.Sprintf("window of %d: mean, sd, median, max, p95, of max |x|", r.Window), worst, tolerance)
		}
	}
}

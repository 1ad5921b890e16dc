package ewma

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

type pandasCase struct {
	Series struct {
		Name   string
		Values referencetest.Values
	}
	Ewm []struct {
		Call     string
		Alpha    float64
		Adjust   bool
		IgnoreNA bool                 `json:"ignore_na"`
		Mean     referencetest.Values `json:"mean"`
		Unbiased referencetest.Values `json:"var_unbiased"`
		Biased   referencetest.Values `json:"var_biased"`
	}
}

// pandas has four averages. With adjust and ignore_na it is Average. Without ignore_na a missing reading lets the weights decay: Decayed, with one
// reading for each unit of time. Without adjust the first reading has all the weight that is missing: an Average of weight 1 from the start, with
// the first reading as its mean. Without either, a reading after a gap has more weight than alpha, which is of no use to anyone here; nor is the
// unbiased variance of weights that do not sum to 1.
func TestReferencePandas(t *testing.T) {
	var file struct{ Cases []pandasCase }
	referencetest.Load(t, "stats/ewm_rolling.json", &file)
	for _, c := range file.Cases {
		x := []float64(c.Series.Values)
		gaps := slices.ContainsFunc(x, math.IsNaN)
		size := referencetest.Size(x)
		worst := map[string]float64{}
		for _, e := range c.Ewm {
			mean, biased, unbiased := averages(x, e.Alpha, e.Adjust)
			d := max(referencetest.Apart(mean, e.Mean)/size, referencetest.Apart(biased, e.Biased)/(size*size))
			what := "mean and biased variance"
			switch {
			case gaps && !e.IgnoreNA && !e.Adjust:
				continue
			case gaps && !e.IgnoreNA:
				what, d = "mean", referencetest.Apart(decayed(x, e.Alpha), e.Mean)/size
			case e.Adjust:
				what += " and unbiased"
				d = max(d, referencetest.Apart(unbiased, e.Unbiased)/(size*size))
			}
			kind := fmt.Sprintf("ewm(adjust=%t, ignore_na=%t) %s, relative", e.Adjust, e.IgnoreNA, what)
			worst[kind] = max(worst[kind], d)
		}
		for _, kind := range slices.Sorted(maps.Keys(worst)) {
			referencetest.Within(t, "stats/ewm_rolling, "+c.Series.Name, kind, worst[kind], 1e-12)
		}
	}
}

// averages runs over x; values are NaN where pandas has none.
func averages(x []float64, alpha float64, adjust bool) (mean, biased, unbiased []float64) {
	a := New(alpha)
	count := 0
	for _, v := range x {
		if v == v {
			count++
		}
		if count == 1 && v == v && !adjust {
			a.Mean, a.Weight = v, 1
		} else {
			a.Update(v)
		}
		now := []float64{a.Mean, a.Variance, a.StdDev() * a.StdDev()}
		if count == 0 {
			now[0], now[1] = math.NaN(), math.NaN()
		}
		if count < 2 {
			now[2] = math.NaN()
		}
		mean, biased, unbiased = append(mean, now[0]), append(biased, now[1]), append(unbiased, now[2])
	}
	return mean, biased, unbiased
}

func decayed(x []float64, alpha float64) (mean []float64) {
	d := NewDecayed(HalfLife(alpha))
	for i, v := range x {
		d.Update(float64(i), v)
		if mean = append(mean, d.Mean); d.Weight == 0 {
			mean[i] = math.NaN()
		}
	}
	return mean
}

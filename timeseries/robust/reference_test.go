package robust

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

func TestReferenceQuantiles(t *testing.T) {
	var file struct {
		Cases []struct {
			Series struct {
				Name   string
				Values referencetest.Values
			}
			Probs    []float64
			Type1    []float64 `json:"quantile_type1"`
			Type6    []float64 `json:"quantile_type6"`
			Type7    []float64 `json:"quantile_type7"`
			Type8    []float64 `json:"quantile_type8"`
			Mean     float64
			Median   float64
			MAD      float64                  `json:"mad_1_4826"`
			Raw      float64                  `json:"mad_raw"`
			IQR      float64                  `json:"iqr_type7"`
			Five     []float64                `json:"fivenum"`
			Trimmed  float64                  `json:"trimmed_mean_10pct"`
			Fences   struct{ Lo, Hi float64 } `json:"tukey_fences"`
			RobustZ  referencetest.Values     `json:"robust_zscore"`
			Modified referencetest.Values     `json:"modified_zscore_0_6745"`
		}
	}
	referencetest.Load(t, "stats/quantiles.json", &file)
	for _, c := range file.Cases {
		x := []float64(c.Series.Values)
		size := referencetest.Size(x)
		within := func(what string, got, want []float64) {
			t.Helper()
			referencetest.Within(t, "stats/quantiles, "+c.Series.Name, what+", of max |x|", referencetest.Apart(got, want)/size, 1e-12)
		}
		of := func(d Definition) (all []float64) {
			for _, q := range c.Probs {
				all = append(all, d.Quantile(x, q))
			}
			return all
		}
		within("quantiles, types 1, 6, 8", slices.Concat(of(InverseECDF), of(Weibull), of(MedianUnbiased)), slices.Concat(c.Type1, c.Type6, c.Type8))
		within("quantiles, type 7", Quantiles(nil, x, c.Probs...), c.Type7)
		five := Hinges(x)
		lower, upper := Fences(x)
		within("fivenum, fences, iqr", append(five[:], lower, upper, Quantile(x, 0.75)-Quantile(x, 0.25)), append(c.Five, c.Fences.Lo, c.Fences.Hi, c.IQR))
		within("mean, trimmed mean, median, MAD", []float64{TrimmedMean(x, 0), TrimmedMean(x, 0.1), Median(x), MAD(x), MAD(x) / NormalMAD},
			[]float64{c.Mean, c.Trimmed, c.Median, c.MAD, c.Raw})
		if c.MAD == 0 {
			continue // then R has no z-scores
		}
		z, modified := make([]float64, len(x)), make([]float64, len(x))
		for i, v := range x {
			z[i] = (v - Median(x)) / MAD(x)
			modified[i] = 0.6745 * NormalMAD * z[i]
		}
		d := referencetest.Apart(slices.Concat(z, modified), slices.Concat(c.RobustZ, c.Modified)) / referencetest.Size(z)
		referencetest.Within(t, "stats/quantiles, "+c.Series.Name, "z-scores by median and MAD, relative", d, 1e-12)
	}
}

func TestReferenceRolling(t *testing.T) {
	var file struct {
		Cases []struct {
			Series struct {
				Name   string
				Values referencetest.Values
			}
			Rolling []struct {
				Window   int
				Median   referencetest.Values
				MAD      referencetest.Values `json:"mad_raw"`
				Max      referencetest.Values
				Quantile referencetest.Values `json:"quantile95_linear"`
				Mean     referencetest.Values
			}
		}
	}
	referencetest.Load(t, "stats/ewm_rolling.json", &file)
	var w Workspace
	for _, c := range file.Cases {
		for _, r := range c.Rolling {
			worst := 0.0
			for i := r.Window; i <= len(c.Series.Values); i++ {
				x := c.Series.Values[i-r.Window : i]
				if slices.ContainsFunc(x, math.IsNaN) {
					continue
				}
				got := []float64{w.Median(x), w.MAD(x) / NormalMAD, w.Quantile(x, 1), w.Quantile(x, 0.95), w.TrimmedMean(x, 0)}
				want := []float64{r.Median[i-1], r.MAD[i-1], r.Max[i-1], r.Quantile[i-1], r.Mean[i-1]}
				if size := referencetest.Size(x); size > 0 {
					worst = max(worst, referencetest.Apart(got, want)/size)
				}
			}
			referencetest.Within(t, "stats/ewm_rolling, "+c.Series.Name,
				fmt.Sprintf("rolling median, MAD, max, p95, mean over %d, of max |x|", r.Window), worst, 1e-9)
		}
	}
}

// Drawn samples, beside R where its packages are installed. Where the least or the largest value is the median, robustbase says 1 or -1 without
// counting pairs; those samples are left out.
func TestReferenceAnySample(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var samples [][]float64
	for len(samples) < 200 {
		x := make([]float64, 3+rng.IntN(80))
		for i := range x {
			switch len(samples) % 3 {
			case 0:
				x[i] = rng.NormFloat64()
			case 1:
				x[i] = float64(rng.IntN(8))
			default:
				x[i] = math.Exp(rng.NormFloat64())
			}
		}
		if m := Median(x); slices.Min(x) < m && m < slices.Max(x) {
			samples = append(samples, x)
		}
	}
	var want []struct{ MC, Huber float64 }
	referencetest.R(t, `if (!requireNamespace("robustbase", quietly = TRUE) || !requireNamespace("MASS", quietly = TRUE)) quit(status = 77)
output <- lapply(input, function(x) list(MC = robustbase::mc(x, doScale = FALSE), Huber = MASS::huber(x, 1.345, 1e-12)$mu))`, samples, &want)
	var mc, huber float64
	for i, x := range samples {
		mc = max(mc, math.Abs(Medcouple(x)-want[i].MC))
		huber = max(huber, math.Abs(Huber(x, DefaultHuber)-want[i].Huber)/referencetest.Size(x))
	}
	referencetest.Within(t, "robustbase, 200 drawn samples", "medcouple", mc, 1e-12)
	referencetest.Within(t, "MASS, 200 drawn samples", "Huber's location, of max |x|", huber, 1e-9)
}

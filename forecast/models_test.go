package forecast_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/forecast/arima"
	"github.com/foreshock-io/foreshock/forecast/ets"
	"github.com/foreshock-io/foreshock/forecast/lags"
	"github.com/foreshock-io/foreshock/forecast/median"
	"github.com/foreshock-io/foreshock/forecast/naive"
	"github.com/foreshock-io/foreshock/forecast/prophet"
	"pgregory.net/rapid"
)

// models are all of them, with their defaults.
func models(t testing.TB) []forecast.Model {
	t.Helper()
	var list []forecast.Model
	for _, f := range []forecast.Factory{naive.Factory, median.Factory, lags.Factory, ets.Factory, arima.Factory, prophet.Factory} {
		m, err := f.New(decodeNothing)
		if err != nil {
			t.Fatal(err)
		}
		if m.Name() != f.Name {
			t.Errorf("%s calls itself %s", f.Name, m.Name())
		}
		list = append(list, m)
	}
	return list
}

// expanded is the models with the variants of those that have some.
func expanded(t testing.TB, periods []int) []forecast.Model {
	t.Helper()
	var list []forecast.Model
	for _, m := range models(t) {
		if v, ok := m.(forecast.Varied); ok {
			list = append(list, v.Variants(periods)...)
			continue
		}
		list = append(list, m)
	}
	return list
}

// hours is n hours with a daily and a weekly season, noise, and an anomaly now and then that raises what follows.
func hours(n int, seed uint64) forecast.Series {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := forecast.Series{Periods: []int{24, 168}}
	raised := 0.0
	for i := range n {
		score := 0.5 * rng.Float64()
		if rng.IntN(60) == 0 {
			score = 3
		}
		raised *= 0.7
		y := 10 + 3*math.Sin(2*math.Pi*float64(i)/24) + raised + 0.3*rng.NormFloat64()
		if i/24%7 > 4 {
			y -= 4
		}
		if score > 1 {
			raised += 2
		}
		s.Values, s.Anomaly = append(s.Values, y), append(s.Anomaly, score)
	}
	return s
}

func first(s forecast.Series, n int) forecast.Series {
	return forecast.Series{Values: s.Values[:n], Anomaly: s.Anomaly[:n], Periods: s.Periods}
}

// Each model learns a season, better than the mean would do; and what it was not fitted to but told of since is in its forecast.
func TestModelsLearnAndFollow(t *testing.T) {
	s := hours(24*33, 3) // the last two days are no weekend
	n := len(s.Values) - 48
	for _, m := range expanded(t, s.Periods) {
		fitted, err := m.Fit(context.Background(), first(s, n-100))
		if err != nil {
			t.Fatalf("%s: %s", m.Name(), err)
		}
		for i := n - 100; i < n; i++ {
			fitted.Update(s.Values[i], s.Anomaly[i])
		}
		mean, deviation := make([]float64, 48), make([]float64, 48)
		fitted.Forecast(mean, deviation)
		off, level := 0.0, 0.0
		for k, y := range mean {
			off += math.Abs(y-s.Values[n+k]) / 48
			level += math.Abs(10-s.Values[n+k]) / 48
			if !(deviation[k] > 0) {
				t.Fatalf("%s: deviation %v of step %d", m.Name(), deviation[k], k)
			}
		}
		if off > level {
			t.Errorf("%s is off by %.2f, a constant by %.2f", m.Name(), off, level)
		}
	}
}

// A step costs no allocation, for none of the models.
func TestUpdateAllocatesNothing(t *testing.T) {
	s := hours(24*20, 5)
	for _, m := range expanded(t, s.Periods) {
		fitted, err := m.Fit(context.Background(), s)
		if err != nil {
			t.Fatalf("%s: %s", m.Name(), err)
		}
		i := 0
		if n := testing.AllocsPerRun(50, func() { fitted.Update(s.Values[i], s.Anomaly[i]); i++ }); n > 0 {
			t.Errorf("%s: %v allocations in a step", m.Name(), n)
		}
	}
}

// A forecast does not depend on whether another was asked for before, and missing steps are no trouble.
func TestForecastLeavesTheModelAlone(t *testing.T) {
	s := hours(24*20, 7)
	for _, m := range expanded(t, s.Periods) {
		var ends [2][]float64
		for asked := range ends {
			fitted, err := m.Fit(context.Background(), s)
			if err != nil {
				t.Fatalf("%s: %s", m.Name(), err)
			}
			mean, deviation := make([]float64, 30), make([]float64, 30)
			for i := range 60 {
				x := s.Values[i]
				if i%7 == 0 || i > 40 && i < 50 {
					x = math.NaN()
				}
				fitted.Update(x, s.Anomaly[i])
				if asked > 0 {
					fitted.Forecast(mean, deviation)
				}
			}
			fitted.Forecast(mean, deviation)
			ends[asked] = mean
		}
		if !slices.Equal(ends[0], ends[1]) || slices.ContainsFunc(ends[0], math.IsNaN) {
			t.Errorf("%s: %v and %v", m.Name(), ends[0], ends[1])
		}
	}
}

// Whatever the series, a model gives numbers or an error; and leaves the series as it was.
func TestAnySeries(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		number := rapid.OneOf(rapid.Just(math.NaN()), rapid.Just(0.0), rapid.Float64Range(-5, 5), rapid.Float64Range(-1e12, 1e12))
		values := rapid.SliceOfN(number, 0, 150).Draw(rt, "values")
		s := forecast.Series{Values: values, Anomaly: rapid.SliceOfN(rapid.Float64Range(0, 30), len(values), len(values)).Draw(rt, "anomaly")}
		if p := rapid.IntRange(1, 40).Draw(rt, "period"); p > 1 && 2*p <= len(values) {
			s.Periods = []int{p}
		}
		before := slices.Clone(values)
		for _, m := range expanded(t, s.Periods) {
			fitted, err := m.Fit(context.Background(), s)
			if err != nil {
				continue
			}
			mean, deviation := make([]float64, 20), make([]float64, 20)
			fitted.Update(number.Draw(rt, "next"), 2)
			fitted.Forecast(mean, deviation)
			for k := range mean {
				if math.IsNaN(mean[k]) || !(deviation[k] >= 0) {
					rt.Fatalf("%s: %v, %v at step %d", m.Name(), mean[k], deviation[k], k)
				}
			}
		}
		for i, x := range before {
			if x != values[i] && !(math.IsNaN(x) && math.IsNaN(values[i])) {
				rt.Fatalf("value %d was changed from %v to %v", i, x, values[i])
			}
		}
	})
}

// precursors is a demand that doubles for a few hours, beginning two to three hours after an anomaly, at times that no clock tells.
func precursors(n int) forecast.History {
	rng := rand.New(rand.NewPCG(11, 13))
	h := history(n, func(int) float64 { return 1000 * math.Exp(0.05*rng.NormFloat64()) }, 96)
	h.Anomaly = make([]float64, n)
	for at := 30; at < n; at += 60 + rng.IntN(120) {
		h.Anomaly[at] = 4
		for k := 3; k < 10 && at+k < n; k++ {
			h.Values[at+k] *= 2
		}
	}
	return h
}

// An anomaly that preceded past rises of demand raises the forecast when it comes again; a forecast that does not know of anomalies sees nothing coming.
func TestAnomalyRaisesTheForecast(t *testing.T) {
	h := precursors(12 * 96)
	expect := func(scores []float64, now float64) float64 {
		h := h
		h.Anomaly = scores
		c, err := forecast.New(forecast.Default(), models(t))
		if err != nil {
			t.Fatal(err)
		}
		chosen := c.Unhurried().Choose(context.Background(), h)
		for range 12 { // three calm hours, so that nothing of an earlier rise is left
			chosen.Update(1000, 0.3)
		}
		chosen.Update(1000, now)
		f := chosen.Forecast()
		peak, _, ok := f.Peak(0.5, f.At, f.At.Add(3*f.Length*4))
		if !ok {
			t.Fatal(f.Reason)
		}
		return peak
	}
	with, calm, without := expect(h.Anomaly, 4), expect(h.Anomaly, 0.3), expect(nil, 4)
	if with < 1.6*calm || with < 1.6*without {
		t.Errorf("%.0f is expected after an anomaly, %.0f without one, %.0f when scores are not known", with, calm, without)
	}
}

// A week is in forecasts before there are enough of them to find it as a season: of the first Friday to Sunday after two and a half weeks the weekend is
// forecast as one.
func TestWeekBeforeItIsFound(t *testing.T) {
	const day = 96
	at := func(i int, noise float64) float64 {
		x := 500.0
		if phase := i % day; phase >= 32 && phase < 72 && i/day%7 < 5 {
			x = 4000
		}
		return x * (1 + 0.05*noise)
	}
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 2))
		h := history(19*day, func(i int) float64 { return at(i, rng.NormFloat64()) }, day) // up to a Friday's end
		c, err := forecast.New(forecast.Default(), models(t))
		if err != nil {
			t.Fatal(err)
		}
		f := c.Unhurried().Choose(context.Background(), h).Forecast()
		var off, yesterday float64
		for k, x := range f.Mean {
			actual := at(19*day+k, 0)
			off += math.Abs(x - actual)
			yesterday += math.Abs(at(18*day+k, 0) - actual)
		}
		if !f.Usable() || off > yesterday/4 {
			t.Errorf("seed %d: %s, off by %.0f a step, yesterday by %.0f: %s %v", seed, f.Model, off/day, yesterday/day, f.Reason, f.Choice)
		}
	}
}

package prophet

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func fit(t *testing.T, rows Rows, y []float64, cfg Config) *Model {
	t.Helper()
	m, err := Fit(rows, y, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func predict(t *testing.T, m *Model, rows Rows, s Simulation) *Forecast {
	t.Helper()
	f, err := m.Predict(rows, s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWhatCannotBeFitted(t *testing.T) {
	hours := func(n int) Rows { return Every(time.Unix(0, 0), time.Hour, n) }
	nan, inf := math.NaN(), math.Inf(1)
	f := func(want error, rows Rows, y []float64, cfg Config) {
		t.Helper()
		if m, err := Fit(rows, y, cfg); !errors.Is(err, want) || m != nil {
			t.Errorf("%v, not %v", err, want)
		}
	}
	f(ErrShort, Rows{}, nil, Config{})
	f(ErrShort, hours(1), []float64{1}, Config{})
	f(ErrShort, hours(3), []float64{nan, 1, nan}, Config{})
	f(ErrShort, hours(2), []float64{nan, nan}, Config{})
	f(ErrShort, Every(time.Unix(0, 0), 0, 2), []float64{1, 2}, Config{})
	f(ErrRows, hours(2), []float64{1}, Config{})
	f(ErrRows, hours(2), []float64{1, inf}, Config{})
	f(ErrRows, hours(2), []float64{1, -1e101}, Config{})

	f(ErrRows, hours(2), []float64{1, 2}, Config{Growth: Logistic})
	f(ErrRows, Rows{Times: hours(2).Times, Cap: []float64{5, nan}}, []float64{1, 2}, Config{Growth: Logistic})
	f(ErrRows, Rows{Times: hours(2).Times, Cap: []float64{5}, Floor: []float64{5}}, []float64{1, 2}, Config{Growth: Logistic})
	f(ErrRows, Rows{Times: hours(2).Times, Cap: []float64{5}, Floor: []float64{0, 0, 0}}, []float64{1, 2}, Config{Growth: Logistic})
	f(ErrRows, Rows{Times: hours(2).Times, Cap: []float64{5}}, []float64{1e-200, 2e-200}, Config{Growth: Logistic})

	x := Config{Regressors: []Regressor{{Name: "x"}}}
	f(ErrRows, hours(2), []float64{1, 2}, x)
	f(ErrRows, Rows{Times: hours(2).Times, Regressors: map[string][]float64{"x": {1}}}, []float64{1, 2}, x)
	f(ErrRows, Rows{Times: hours(2).Times, Regressors: map[string][]float64{"x": {1, nan}}}, []float64{1, 2}, x)
	f(ErrRows, hours(2), []float64{1, 2}, Config{Seasonalities: []Seasonality{{Name: "s", Period: day, Order: 1, Condition: "c"}}})

	two := func(cfg Config) { t.Helper(); f(ErrConfig, hours(2), []float64{1, 2}, cfg) }
	two(Config{Growth: "fast"})
	two(Config{SeasonalityMode: "both"})
	two(Config{ChangepointCount: -2})
	two(Config{ChangepointRange: 1.5})
	two(Config{ChangepointScale: -1})
	two(Config{HolidayScale: inf})
	two(Config{Daily: -2})
	two(Config{Daily: MaxColumns})
	two(Config{Changepoints: []time.Time{time.Unix(-1, 0)}})
	two(Config{Seasonalities: []Seasonality{{Period: day, Order: 1}}})
	two(Config{Seasonalities: []Seasonality{{Name: "s", Order: 1}}})
	two(Config{Seasonalities: []Seasonality{{Name: "s", Period: day}}})
	two(Config{Seasonalities: []Seasonality{{Name: "s", Period: day, Order: 1, Scale: nan}}})
	two(Config{Holidays: []Holiday{{Name: "h", Before: -1}}})
	two(Config{Holidays: []Holiday{{Name: "h", Mode: "both"}}})
	two(Config{Regressors: []Regressor{{Name: "x"}, {Name: "x"}}})
	two(Config{Regressors: []Regressor{{Name: "daily"}}})
}

func TestWhatCannotBePredicted(t *testing.T) {
	rows, y := demand(time.Hour, 100)
	m := fit(t, rows, y, Config{})
	f := func(want error, rows Rows, s Simulation) {
		t.Helper()
		if _, err := m.Predict(rows, s); !errors.Is(err, want) {
			t.Errorf("%v, not %v", err, want)
		}
	}
	f(ErrConfig, m.Ahead(1), Simulation{Quantiles: []float64{1.1}})
	f(ErrConfig, m.Ahead(1), Simulation{Quantiles: []float64{math.NaN()}})
	f(ErrConfig, m.Ahead(1), Simulation{Draws: -1})
	f(ErrRows, Every(m.End.AddDate(1000, 0, 0), 0, 1), Simulation{Quantiles: []float64{0.5}})
	f(nil, Every(m.End.AddDate(1000, 0, 0), 0, 1), Simulation{})
	f(nil, m.Ahead(0), Simulation{Quantiles: []float64{0.5}})
	if _, err := m.Simulate(m.Ahead(1), -1, 0); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
	m.Params.Beta = nil // as a damaged file has it
	f(ErrConfig, m.Ahead(1), Simulation{})
	if _, err := (&Model{}).Predict(m.Ahead(1), Simulation{}); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
}

func TestHistoryDecidesWhichSeasonalities(t *testing.T) {
	f := func(step time.Duration, n int, cfg Config, want ...string) {
		t.Helper()
		rows := Every(time.Unix(0, 0), step, n)
		y := make([]float64, n)
		for i := range y {
			y[i] = float64(i%7) + float64(i%3)
		}
		var got []string
		for _, s := range fit(t, rows, y, cfg).Seasonalities {
			got = append(got, s.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d times %v: %v, not %v", n, step, got, want)
		}
	}
	f(time.Hour, 48, Config{})
	f(time.Hour, 49, Config{}, "daily")
	f(time.Hour, 14*24, Config{}, "daily")
	f(time.Hour, 14*24+1, Config{}, "weekly", "daily")
	f(day, 15, Config{}, "weekly")
	f(day, 730, Config{}, "weekly")
	f(day, 731, Config{}, "yearly", "weekly")
	f(7*day, 106, Config{}, "yearly")
	f(time.Hour, 14*24+1, Config{Weekly: Off, Daily: Off})
	f(time.Hour, 10, Config{Yearly: 2, Daily: 1}, "yearly", "daily")
	f(time.Hour, 49, Config{Seasonalities: []Seasonality{{Name: "daily", Period: day, Order: 2}}}, "daily")
	f(time.Hour, 49, Config{Seasonalities: []Seasonality{{Name: "half", Period: day / 2, Order: 2}}}, "daily", "half")
}

// A series that the model can follow exactly is followed, and has the least sigma.
func TestExactSeries(t *testing.T) {
	f := func(y []float64, ahead float64) {
		t.Helper()
		m := fit(t, Every(time.Unix(0, 0), time.Hour, len(y)), y, Config{})
		p := predict(t, m, m.Ahead(1), Simulation{Quantiles: []float64{0.1, 0.9}})
		size := max(1, math.Abs(ahead))
		if math.Abs(p.Mean[0]-ahead) > 1e-5*size || p.Quantiles[1][0]-p.Quantiles[0][0] > 1e-4*size || m.Params.Sigma > 1e-6 {
			t.Errorf("%v goes on with %v, %v, sigma %g; not %v", y[:2], p.Mean, p.Quantiles, m.Params.Sigma, ahead)
		}
	}
	line := make([]float64, 60)
	for i := range line {
		line[i] = 3 + 2*float64(i)
	}
	f(line, 123)
	f(slices.Repeat([]float64{7}, 60), 7)
	f(slices.Repeat([]float64{-7e90}, 60), -7e90)
	f(slices.Repeat([]float64{0}, 60), 0)
	f([]float64{1, 2}, 3)
}

// Values are scaled by the largest, times by the span, so that other units change nothing.
func TestUnitsCarryThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factor := rapid.SampledFrom([]float64{-1, 1e-50, 3, 1e50}).Draw(t, "factor")
		growth := rapid.SampledFrom([]Growth{Linear, Logistic, Flat}).Draw(t, "growth")
		mode := rapid.SampledFrom([]Mode{Additive, Multiplicative}).Draw(t, "mode")
		n := rapid.IntRange(2, 100).Draw(t, "n")
		if growth == Logistic {
			factor = math.Abs(factor)
		}
		rows, y := demand(time.Hour, n)
		rows.Cap, rows.Floor = []float64{1000}, []float64{-100}
		cfg := Config{Growth: growth, SeasonalityMode: mode}
		other, scaled := rows, make([]float64, n)
		other.Cap, other.Floor = []float64{1000 * factor}, []float64{-100 * factor}
		for i, v := range y {
			scaled[i] = v * factor
		}
		a, err := Fit(rows, y, cfg)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Fit(other, scaled, cfg)
		if err != nil {
			t.Fatal(err)
		}
		p, err := a.Predict(a.Ahead(10), Simulation{})
		if err != nil {
			t.Fatal(err)
		}
		q, err := b.Predict(b.Ahead(10), Simulation{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Mean {
			if math.Abs(p.Mean[i]*factor-q.Mean[i]) > 1e-4*math.Abs(factor)*a.Scale {
				t.Fatalf("step %d: %g times %g is not %g", i, p.Mean[i], factor, q.Mean[i])
			}
		}
	})
}

func TestOrderOfRowsAndMissingValuesDoNotMatter(t *testing.T) {
	rows, y := demand(time.Hour, 200)
	want := fit(t, rows, y, Config{})
	var mixed Rows
	var values []float64
	for i := range y {
		j := i * 77 % len(y)
		mixed.Times = append(mixed.Times, rows.Times[j], rows.Times[j].Add(time.Minute))
		values = append(values, y[j], math.NaN())
	}
	if got := fit(t, mixed, values, Config{}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v is not %+v", got.Params, want.Params)
	}
}

// With linear growth and additive components an update is a fit with the scales that it keeps.
func TestUpdateIsAFit(t *testing.T) {
	rows, y := demand(time.Hour, 500)
	const known = 400
	m := fit(t, Rows{Times: rows.Times[:known]}, y[:known], Config{})
	before := m.Params
	updated := m
	var err error
	for i := known; i < len(y); i += 10 {
		if updated, err = updated.Update(Rows{Times: rows.Times[i : i+10]}, y[i:i+10]); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(before, m.Params) {
		t.Error("the model itself was changed")
	}
	got, err := updated.LogPosterior(rows, y)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got-updated.MaxLogPosterior) > 1e-6 {
		t.Errorf("log posterior %v, by its moments %v", got, updated.MaxLogPosterior)
	}
	p, err := m.problem(rows, y, rows.all()) // all readings in the model's scales
	if err != nil {
		t.Fatal(err)
	}
	if _, _, best := p.maximise(); math.Abs(best-got) > 1e-6 {
		t.Errorf("log posterior %v after updates, %v after a fit", got, best)
	}
	if updated.Readings != len(y) || !updated.Last.Equal(rows.Times[len(y)-1]) || !updated.Ahead(1).Times[0].Equal(rows.Times[len(y)-1].Add(time.Hour)) {
		t.Errorf("%d rows up to %v", updated.Readings, updated.Last)
	}
}

// Elsewhere it comes near.
func TestUpdateComesNear(t *testing.T) {
	f := func(cfg Config) {
		t.Helper()
		rows, y := demand(time.Hour, 600)
		const known = 500
		m := fit(t, Rows{Times: rows.Times[:known], Cap: []float64{900}}, y[:known], cfg)
		updated, err := m.Update(Rows{Times: rows.Times[known:], Cap: []float64{900}}, y[known:])
		if err != nil {
			t.Fatal(err)
		}
		all := Rows{Times: rows.Times, Cap: []float64{900}}
		p, err := m.problem(all, y, all.all())
		if err != nil {
			t.Fatal(err)
		}
		_, _, best := p.maximise()
		before, _ := m.LogPosterior(all, y)
		got, _ := updated.LogPosterior(all, y)
		if !(got > before) || best-got > 0.05*(best-before) {
			t.Errorf("%+v: log posterior %v before, %v after, %v at best", cfg, before, got, best)
		}
	}
	f(Config{SeasonalityMode: Multiplicative})
	f(Config{Growth: Logistic})
	if _, err := (&Model{}).Update(Rows{}, nil); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
	rows, y := demand(time.Hour, 60)
	m := fit(t, rows, y, Config{})
	if same, err := m.Update(m.Ahead(1), []float64{math.NaN()}); err != nil || same != m {
		t.Errorf("a missing reading: %v", err)
	}
	m.Moments = nil
	if _, err := m.Update(rows, y); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
}

// R's prophet takes the floor for a part of the trend when it applies shares to it, although the fit does not: with a floor of 35 and a season of
// ±10 % of what is above, its forecasts of the history itself would be off by up to 3.5 in every row. The fit is right: residuals of
// the history have the standard deviation that was estimated.
func TestFloorIsNoPartOfTheShare(t *testing.T) {
	rows, y := demand(time.Hour, 300)
	for i := range y {
		y[i] += 1000
	}
	rows.Cap, rows.Floor = []float64{1800}, []float64{1000}
	m := fit(t, rows, y, Config{Growth: Logistic, SeasonalityMode: Multiplicative})
	p := predict(t, m, rows, Simulation{})
	squares, r := 0.0, 0.0
	for i, v := range y {
		squares += (v - p.Mean[i]) * (v - p.Mean[i])
		wrong := p.Trend[i] * (1 + p.Multiplicative[i])
		r += (v - wrong) * (v - wrong)
	}
	sigma := m.Params.Sigma * m.Scale
	if got := math.Sqrt(squares / 300); math.Abs(got/sigma-1) > 0.01 {
		t.Errorf("residuals have standard deviation %g, the model says %g", got, sigma)
	}
	if got := math.Sqrt(r / 300); got < 5*sigma {
		t.Errorf("with the floor in the share it is %g; the case shows nothing", got)
	}
}

// Quantiles and draws are two views of the same futures; those of the trend have the variance 2b²λ(t-1)³/3 of a sum of Laplace changes of scale
// b that come at rate λ.
func TestDraws(t *testing.T) {
	rows, y := demand(time.Hour, 400)
	m := fit(t, rows, y, Config{})
	ahead := m.Ahead(100)
	const draws = 20000
	f := predict(t, m, ahead, Simulation{Quantiles: []float64{0.1, 0.9}, Draws: draws, Seed: 7})
	paths, err := m.Simulate(ahead, draws, 8)
	if err != nil {
		t.Fatal(err)
	}
	column := make([]float64, draws)
	for _, h := range []int{0, 50, 99} {
		mean, squares := 0.0, 0.0
		for d, path := range paths {
			column[d] = path[h]
			mean += path[h] / draws
		}
		for _, v := range column {
			squares += (v - mean) * (v - mean) / draws
		}
		ahead := float64(h+1) / 399
		b := m.changes().size
		want := m.Scale * m.Scale * (m.Params.Sigma*m.Params.Sigma + 2*b*b*25*ahead*ahead*ahead/3)
		if math.Abs(squares/want-1) > 0.05 {
			t.Errorf("step %d: variance %g, not %g", h, squares, want)
		}
		for q, level := range []float64{0.1, 0.9} {
			width := f.Quantiles[1][h] - f.Quantiles[0][h]
			if got := quantile(column, level); math.Abs(got-f.Quantiles[q][h]) > 0.02*width {
				t.Errorf("step %d: quantile %g of the draws is %g, of the forecast %g", h, level, got, f.Quantiles[q][h])
			}
		}
	}
}

func TestSeedDecides(t *testing.T) {
	rows, y := demand(time.Hour, 200)
	m := fit(t, rows, y, Config{})
	s := Simulation{Quantiles: []float64{0.1, 0.9}, Draws: 100, Seed: 1}
	a := predict(t, m, m.Ahead(20), s)
	if b := predict(t, m, m.Ahead(20), s); !reflect.DeepEqual(a, b) {
		t.Error("one seed gives two forecasts")
	}
	last := predict(t, m, Rows{Times: m.Ahead(20).Times[19:]}, s)
	if got, want := last.Quantiles[0][0], a.Quantiles[0][19]; got != want {
		t.Errorf("a row has %g alone and %g among others", got, want)
	}
	s.Seed = 2
	if b := predict(t, m, m.Ahead(20), s); reflect.DeepEqual(a.Quantiles, b.Quantiles) {
		t.Error("two seeds give one forecast")
	}
}

func TestModelIsSafeForConcurrentUse(t *testing.T) {
	rows, y := demand(time.Hour, 200)
	m := fit(t, rows, y, Config{Holidays: []Holiday{{Name: "h", Days: rows.Times[:1]}}})
	want := predict(t, m, m.Ahead(5), Simulation{Quantiles: []float64{0.9}})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if got, err := m.Predict(m.Ahead(5), Simulation{Quantiles: []float64{0.9}}); err != nil || !reflect.DeepEqual(got, want) {
				t.Error("another forecast", err)
			}
			if _, err := m.Update(m.Ahead(5), make([]float64, 5)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// Seasons of nanoseconds to centuries, before and after 1970.
func TestPhase(t *testing.T) {
	f := func(at time.Time, period time.Duration, want float64) {
		t.Helper()
		if got := phase(at, period); math.Abs(got-want) > 1e-15 {
			t.Errorf("%v is at %v of %v, not %v", at, got, period, want)
		}
	}
	f(time.Unix(0, 0), day, 0)
	f(time.Unix(6*3600, 0), day, 0.25)
	f(time.Unix(-6*3600, 0), day, 0.75)
	f(time.Unix(-1, 25e7), time.Second, 0.25)
	f(time.Unix(1, 25e7), time.Second, 0.25)
	f(time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC), day, 0.5)
	f(time.Date(1, 1, 1, 18, 0, 0, 0, time.UTC), day, 0.75)
	f(time.Date(9000, 1, 1, 18, 0, 0, 1, time.UTC), 4, 0.25)
}

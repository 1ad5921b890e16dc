package forecast_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/forecast/ets"
	"github.com/foreshock-io/foreshock/forecast/naive"
	"pgregory.net/rapid"
)

func decodeNothing(any) error { return nil }

func chooser(t testing.TB, more ...forecast.Model) *forecast.Chooser {
	t.Helper()
	smooth, err := ets.Factory.New(decodeNothing)
	if err != nil {
		t.Fatal(err)
	}
	cfg := forecast.Default()
	cfg.Deadline = time.Minute
	c, err := forecast.New(cfg, append([]forecast.Model{naive.Model{}, smooth}, more...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func history(n int, at func(i int) float64, periods ...int) forecast.History {
	h := forecast.History{Workload: "disk/a", Dimension: foreshock.DimIOPS, Start: time.Unix(0, 0).UTC(), Length: 15 * time.Minute, Periods: periods}
	for i := range n {
		h.Values = append(h.Values, at(i))
	}
	return h
}

// A daily peak that comes each day is forecast for the next, above what the mean of the day would say.
func TestDailyPeak(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	daily := func(i int) float64 {
		x := 400 + 20*rng.NormFloat64()
		if phase := i % 96; phase >= 36 && phase < 44 {
			x += 2500 + 100*rng.NormFloat64()
		}
		return x
	}
	f := chooser(t).Choose(context.Background(), history(10*96, daily, 96)).Forecast()
	if !f.Usable() {
		t.Fatal(f.Reason)
	}
	peak, at, ok := f.Peak(0.95, f.At, f.At.Add(24*time.Hour))
	if !ok || peak < 2800 || peak > 3600 {
		t.Errorf("%s expects a peak of %.0f", f.Model, peak)
	}
	// Step i ends at i*15m; the peak's steps of the next day are 10*96+36 … +43.
	if phase := int(at.Sub(time.Unix(0, 0)) / (15 * time.Minute) % 96); phase < 36 || phase > 43 {
		t.Errorf("the peak is expected at phase %d", phase)
	}
	if quiet, _, _ := f.Peak(0.95, f.At, f.At.Add(6*time.Hour)); quiet > 700 {
		t.Errorf("%.0f is expected in the quiet hours", quiet)
	}
	if f.Coverage < 0.9 {
		t.Errorf("%.2f of the back-test lay below the highest quantile", f.Coverage)
	}
}

// A slowly wandering level is better smoothed than repeated from yesterday; and what is best is what is used.
func TestSkill(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	level := 1000.0
	walk := func(int) float64 {
		level = max(100, level+15*rng.NormFloat64())
		return max(0, level+120*rng.NormFloat64())
	}
	f := chooser(t).Choose(context.Background(), history(900, walk)).Forecast()
	if f.Skill <= 0 {
		t.Errorf("%s, skill %.2f: %s %+v", f.Model, f.Skill, f.Reason, f.Choice)
	}
}

type broken struct{}

func (broken) Name() string { return "broken" }
func (broken) Fit(context.Context, forecast.Series) (forecast.Fitted, error) {
	return nil, errors.New("cannot")
}

type absurd struct{}

func (absurd) Name() string { return "absurd" }
func (absurd) Fit(context.Context, forecast.Series) (forecast.Fitted, error) {
	return absurd{}, nil
}
func (absurd) Update(_, _ float64)        {}
func (absurd) Forecast(mean, _ []float64) { mean[0] = math.Inf(1) }

// A model that fails or gives no numbers is passed over, and said so.
func TestBrokenModels(t *testing.T) {
	f := chooser(t, broken{}, absurd{}).Choose(context.Background(), history(300, func(i int) float64 { return float64(100 + i%7) })).Forecast()
	if !f.Usable() {
		t.Fatal(f.Reason)
	}
	told := 0
	for _, s := range f.Choice {
		if s.Err != "" {
			told++
		}
	}
	if told != 2 || f.Model == "broken" || f.Model == "absurd" {
		t.Errorf("%s of %+v", f.Model, f.Choice)
	}
}

func TestTooLittle(t *testing.T) {
	f := func(h forecast.History) {
		t.Helper()
		got := chooser(t).Choose(context.Background(), h).Forecast()
		if got.Usable() || !strings.Contains(got.Reason, "history") {
			t.Errorf("%d steps: %q", len(h.Values), got.Reason)
		}
	}
	f(history(0, nil))
	f(history(10, func(int) float64 { return 1 }))
	f(history(1000, func(int) float64 { return math.NaN() }))
}

// slow is a model that takes all the time that there is.
type slow struct{}

func (slow) Name() string { return "slow" }
func (slow) Fit(ctx context.Context, _ forecast.Series) (forecast.Fitted, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// When time runs out, what has been tried by then is used; what was not says so.
func TestDeadlineLeavesTheBestSoFar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		f := chooser(t, slow{}, absurd{}).Choose(context.Background(), history(300, func(i int) float64 { return float64(100 + i*i%17) })).Forecast()
		if !f.Usable() || time.Since(begin) > time.Minute {
			t.Fatalf("%s after %s", f.Reason, time.Since(begin))
		}
		if last := f.Choice[len(f.Choice)-1]; last.Model != "absurd" || last.Err == "" || last.Weight != 0 {
			t.Errorf("%+v", f.Choice)
		}
	})
}

// What has come since the models were fitted is in the forecast: a level that has moved, here.
func TestUpdatesCorrectTheForecast(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	level := 1000.0
	chosen := chooser(t).Choose(context.Background(), history(900, func(int) float64 {
		level = max(300, level+20*rng.NormFloat64())
		return level + 20*rng.NormFloat64()
	}))
	before := chosen.Forecast()
	for range 8 {
		chosen.Update(2*level, 0)
	}
	after := chosen.Forecast()
	if !after.Fitted.Equal(before.Fitted) || after.At.Sub(before.At) != 8*before.Length {
		t.Errorf("fitted %s and %s, known until %s and %s", before.Fitted, after.Fitted, before.At, after.At)
	}
	if after.Mean[0] < 1.3*before.Mean[0] {
		t.Errorf("%.0f is expected after the level has moved from %.0f to %.0f", after.Mean[0], level, 2*level)
	}
}

// Intervals cover what they say, of the next day, in the mean over many workloads, whatever the noise. On noise as regular as this they are a little wide: what they are
// widened by is for series that are not.
func TestCoverage(t *testing.T) {
	f := func(name string, noise func(*rand.Rand) float64) {
		t.Helper()
		within, values := 0, 0
		for seed := range uint64(25) {
			rng := rand.New(rand.NewPCG(seed, 9))
			h := history(12*48, func(i int) float64 { return 1000 + 300*math.Sin(2*math.Pi*float64(i)/48) + 50*noise(rng) }, 48)
			known := h
			known.Values = h.Values[:11*48]
			told := chooser(t).ChooseFor(context.Background(), known, 48, []float64{0.025, 0.5, 0.975}).Forecast()
			for k, y := range h.Values[11*48:] {
				values++
				if y >= told.Quantiles[0][k] && y <= told.Quantiles[2][k] {
					within++
				}
			}
		}
		if share := float64(within) / float64(values); share < 0.93 || share > 0.99 {
			t.Errorf("%s noise: %.3f lie within the 95 %% interval", name, share)
		}
	}
	f("normal", (*rand.Rand).NormFloat64)
	f("skewed", (*rand.Rand).ExpFloat64)
}

// Values below zero are forecast where there are such, and only there.
func TestSigned(t *testing.T) {
	h := history(480, func(i int) float64 { return 10*math.Sin(2*math.Pi*float64(i)/48) + float64(i*31%7) }, 48)
	lowest := func(h forecast.History) float64 {
		return slices.Min(chooser(t).ChooseFor(context.Background(), h, 48, []float64{0.01}).Forecast().Quantiles[0])
	}
	h.Signed = true
	if low := lowest(h); low > -5 || low < -40 {
		t.Errorf("%v is the least, of values between -10 and 16", low)
	}
	h.Signed = false
	for i, x := range h.Values {
		h.Values[i] = max(0, x)
	}
	if low := lowest(h); low != 0 {
		t.Errorf("%v is the least of what is never below 0", low)
	}
}

func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if f := chooser(t).Choose(ctx, history(300, func(i int) float64 { return float64(i) })).Forecast(); f.Usable() {
		t.Error("a forecast without time to make one")
	}
}

// Whatever the history, a forecast is finite, not negative, ascending in the level, and of the right length, or there is none and a reason.
func TestAnyHistory(t *testing.T) {
	c, err := forecast.New(forecast.Default(), models(t))
	if err != nil {
		t.Fatal(err)
	}
	c = c.Unhurried()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(
			rapid.Just(math.NaN()), rapid.Just(0.0), rapid.Float64Range(0, 10), rapid.Float64Range(0, 1e15)), 0, 120).Draw(t, "values")
		h := history(len(values), func(i int) float64 { return values[i] }, rapid.IntRange(0, 60).Draw(t, "period"))
		h.Anomaly = rapid.SliceOfN(rapid.Float64Range(0, 30), 0, len(values)).Draw(t, "anomaly")
		f := c.Choose(context.Background(), h).Forecast()
		if !f.Usable() {
			if f.Reason == "" {
				t.Fatal("no forecast and no reason")
			}
			return
		}
		for i := range f.Quantiles {
			if len(f.Quantiles[i]) != 96 {
				t.Fatalf("%d steps", len(f.Quantiles[i]))
			}
			for k, x := range f.Quantiles[i] {
				if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 || i > 0 && x < f.Quantiles[i-1][k] {
					t.Fatalf("quantile %v of step %d is %v", f.Levels[i], k, x)
				}
			}
		}
	})
}

func BenchmarkChoose(b *testing.B) {
	c, err := forecast.New(forecast.Default(), models(b))
	if err != nil {
		b.Fatal(err)
	}
	h := history(14*96, func(i int) float64 { return 400 + 300*math.Sin(float64(i)/96*2*math.Pi) + float64(i*7919%101) }, 96)
	for b.Loop() {
		c.Choose(context.Background(), h)
	}
}

// BenchmarkUpdate is a step of all members and the forecast of a day after it.
func BenchmarkUpdate(b *testing.B) {
	c, err := forecast.New(forecast.Default(), models(b))
	if err != nil {
		b.Fatal(err)
	}
	chosen := c.Unhurried().Choose(context.Background(), history(14*96, func(i int) float64 { return 400 + 300*math.Sin(float64(i)/96*2*math.Pi) + float64(i*7919%101) }, 96))
	for b.Loop() {
		chosen.Update(500, 0.2)
		chosen.Forecast()
	}
}

// Which models are chosen does not depend on whether the middle is among the levels that are asked for.
func TestMiddleCounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	c := chooser(t)
	for range 60 {
		h := history(200, func(i int) float64 { // a few values that go far astray make tails alike and the middle not
			x := 1000 + 200*math.Sin(float64(i)/12*math.Pi) + 30*rng.NormFloat64()
			if rng.IntN(12) == 0 {
				x += 3000 * rng.Float64()
			}
			return x
		}, 24)
		with := c.ChooseFor(context.Background(), h, 24, []float64{0.025, 0.5, 0.975}).Forecast()
		without := c.ChooseFor(context.Background(), h, 24, []float64{0.025, 0.975}).Forecast()
		if !with.Usable() || with.Model != without.Model || !slices.Equal(with.Mean, without.Mean) {
			t.Errorf("%s with the middle, %s without", with.Model, without.Model)
		}
	}
}

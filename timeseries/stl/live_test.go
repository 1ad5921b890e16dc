package stl

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// rCall is a call of R's stl: arguments that are absent are R's defaults.
type rCall struct {
	X         []float64      `json:"x"`
	Frequency int            `json:"frequency"`
	Args      map[string]any `json:"args"`
}

// An answer of R, and shaken: to the same call of the series with each value off by 1e-14 of itself, which tells how far R's own answer is determined.
// A few robust calls have none: rounding decides which readings are outliers.
type answer struct {
	Plain, Shaken struct{ Parts, Weights []float64 }
}

func (a *answer) determined(size float64) bool {
	return referencetest.Apart(a.Plain.Parts, a.Shaken.Parts) <= 1e-11*size && referencetest.Apart(a.Plain.Weights, a.Shaken.Weights) <= 1e-9
}

// answers asks R for the parts and weights that a function of a case and its series gives.
func answers[C any](t *testing.T, function string, cases []C) (all []answer) {
	t.Helper()
	referencetest.R(t, "answer <- "+function+`
output <- lapply(input, function(case) {
  list(plain = answer(case, case$x), shaken = answer(case, case$x * (1 + 1e-14 * c(1, -1, -1)[seq_along(case$x) %% 3 + 1])))
})`, cases, &all)
	return all
}

// drawCall draws a series and arguments of every kind, with what is the same here. Of robust calls the series are of odd length, since
// R's median of an even number is not always one, and not so short, nor trend windows so narrow, that reweighing ends with remainders which
// are nothing but rounding.
func drawCall(rng *rand.Rand) (rCall, Config) {
	p := 2 + rng.IntN(30)
	n := 2*p + 1 + rng.IntN(1+rng.IntN(6*p))
	call := rCall{Frequency: p, Args: map[string]any{"s.window": "periodic"}}
	cfg := Config{Period: p}
	if rng.IntN(4) > 0 {
		cfg.SeasonalWindow = 2 + rng.IntN(40)
		call.Args["s.window"] = cfg.SeasonalWindow
	}
	maybe := func(name string, least, most int, set func(v int)) {
		if rng.IntN(2) == 0 {
			v := least + rng.IntN(most-least+1)
			call.Args[name] = v
			set(v)
		}
	}
	maybe("l.window", 2, 2*p, func(v int) { cfg.LowPassWindow = v })
	maybe("s.degree", 0, 1, func(v int) { cfg.SeasonalDegree = Constant + Degree(v) })
	maybe("t.degree", 0, 1, func(v int) { cfg.TrendDegree = Constant + Degree(v) })
	maybe("l.degree", 0, 1, func(v int) { cfg.LowPassDegree = Constant + Degree(v) })
	maybe("s.jump", 1, 50, func(v int) { cfg.SeasonalJump = v })
	maybe("t.jump", 1, 4*p, func(v int) { cfg.TrendJump = v })
	maybe("l.jump", 1, 4*p, func(v int) { cfg.LowPassJump = v })
	maybe("inner", 1, 4, func(v int) { cfg.Inner = v })
	maybe("robust", 0, 1, func(v int) { cfg.Robust = v == 1; call.Args["robust"] = cfg.Robust })
	maybe("outer", 0, 4, func(v int) {
		if cfg.Outer = v; v == 0 {
			cfg.Outer = None
		}
	})
	narrowest := 2
	if cfg.Robust || cfg.Outer > 0 {
		n = (n + 2*p + 12) | 1
		narrowest = 4
	}
	maybe("t.window", narrowest, 3*p, func(v int) { cfg.TrendWindow = v })
	call.X = make([]float64, n)
	for i := range call.X {
		call.X[i] = 50 + 0.2*float64(i) + 10*sine(p, i) + 3*rng.NormFloat64()
		if rng.IntN(25) == 0 {
			call.X[i] *= 3
		}
	}
	return call, cfg
}

// Any series with any arguments, beside R itself where it is installed.
func TestReferenceAnyArguments(t *testing.T) {
	const draws = 200
	rng := rand.New(rand.NewPCG(19, 90))
	calls, cfgs := make([]rCall, draws), make([]Config, draws)
	for i := range calls {
		calls[i], cfgs[i] = drawCall(rng)
	}
	worst, worstWeight, determined := 0.0, 0.0, 0
	for i, want := range answers(t, `function(case, x) {
  fit <- do.call(stl, c(list(ts(x, frequency = case$frequency)), case$args))
  list(parts = as.vector(fit$time.series), weights = as.vector(fit$weights))
}`, calls) {
		x := calls[i].X
		size := referencetest.Size(x)
		if !want.determined(size) {
			continue
		}
		determined++
		r, err := Decompose(x, cfgs[i])
		if err != nil {
			t.Fatalf("%+v: %v", cfgs[i], err)
		}
		d := referencetest.Apart(slices.Concat(r.Seasonal, r.Trend, r.Remainder), want.Plain.Parts) / size
		if worst = max(worst, d); d > componentTolerance {
			t.Logf("%d readings, period %d, %v: off by %.2g of max |x|", len(x), calls[i].Frequency, calls[i].Args, d)
		}
		worstWeight = max(worstWeight, referencetest.Apart(r.Weights, want.Plain.Weights))
	}
	if determined < draws*9/10 {
		t.Errorf("%d of %d calls have an answer: too few", determined, draws)
	}
	name := fmt.Sprintf("R, %d drawn calls", determined)
	referencetest.Within(t, name, "stl components, of max |x|", worst, componentTolerance)
	referencetest.Within(t, name, "stl weights", worstWeight, weightTolerance)
}

// Several seasons, beside forecast::mstl.
func TestReferenceAnySeasons(t *testing.T) {
	type call struct {
		X                []float64 `json:"x"`
		Periods, Windows []int
		Iterate          int
		Robust           bool
	}
	rng := rand.New(rand.NewPCG(20, 21))
	calls := make([]call, 40)
	for i := range calls {
		c := &calls[i]
		short := 4 + rng.IntN(10)
		c.Periods = []int{short, short * (2 + rng.IntN(5))}
		c.Windows = []int{5 + rng.IntN(20), 5 + rng.IntN(20)}
		c.Iterate, c.Robust = 1+rng.IntN(3), rng.IntN(2) == 0
		c.X = make([]float64, (2*c.Periods[1]+20+rng.IntN(200))|1)
		for j := range c.X {
			c.X[j] = 20 + 5*sine(short, j) + 3*sine(c.Periods[1], j) + rng.NormFloat64()
		}
	}
	worst, determined := 0.0, 0
	for i, want := range answers(t, `function(case, x) {
  if (!requireNamespace("forecast", quietly = TRUE)) quit(status = 77)
  x <- forecast::msts(x, seasonal.periods = case$Periods)
  list(parts = as.vector(forecast::mstl(x, s.window = case$Windows, iterate = case$Iterate, robust = case$Robust)[, -1]))
}`, calls) {
		c := calls[i]
		if !want.determined(referencetest.Size(c.X)) {
			continue
		}
		determined++
		r, err := DecomposeMulti(c.X, MultiConfig{Periods: c.Periods, SeasonalWindows: c.Windows, Iterations: c.Iterate, Base: Config{Robust: c.Robust}})
		if err != nil {
			t.Fatal(err)
		}
		got := slices.Concat(r.Trend, slices.Concat(r.Seasonal...), r.Remainder)
		worst = max(worst, referencetest.Apart(got, want.Plain.Parts)/referencetest.Size(c.X))
	}
	if determined < len(calls)*8/10 {
		t.Errorf("%d of %d calls have an answer: too few", determined, len(calls))
	}
	referencetest.Within(t, fmt.Sprintf("forecast, %d drawn calls", determined), "mstl, of max |x|", worst, componentTolerance)
}

package prophet

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// fixture is a file of ../shared/reference/prophet.
type fixture struct {
	Series struct {
		DS         []time.Time
		Y          referencetest.Values
		Cap, Floor []float64
	}
	Settings struct {
		Growth           Growth
		ChangepointCount int     `json:"n_changepoints"`
		ChangepointRange float64 `json:"changepoint_range"`
		ChangepointScale float64 `json:"changepoint_prior_scale"`
		SeasonalityScale float64 `json:"seasonality_prior_scale"`
		SeasonalityMode  Mode    `json:"seasonality_mode"`
	}
	Seasonalities map[string]struct {
		Period float64
		Order  int     `json:"fourier_order"`
		Scale  float64 `json:"prior_scale"`
		Mode   Mode
	}
	Scaling struct {
		Start  time.Time
		TScale float64 `json:"t_scale_seconds"`
		YScale float64 `json:"y_scale"`
	}
	Changepoints struct {
		DS []time.Time
		T  []float64
	}
	StanData struct {
		X1 []float64 `json:"X_row1"`
		XN []float64 `json:"X_row_last"`
	} `json:"stan_data"`
	Params       rParams
	LogPosterior struct {
		Stan float64 `json:"stan_value"`
	} `json:"log_posterior"`
	Exact struct {
		Params       rParams
		LogPosterior float64              `json:"log_posterior"`
		Yhat         referencetest.Values `json:"future_yhat"`
		Trend        referencetest.Values `json:"future_trend"`
		Difference   struct {
			SDY float64 `json:"sd_y"`
		} `json:"stan_default_minus_exact"`
	} `json:"exact_map"`
	History, Future rComponents
	Intervals       struct {
		N10000  rIntervals `json:"n10000"`
		N4000   rIntervals `json:"n4000"`
		MCError struct {
			YhatLower  float64 `json:"yhat_lower"`
			YhatUpper  float64 `json:"yhat_upper"`
			TrendLower float64 `json:"trend_lower"`
			TrendUpper float64 `json:"trend_upper"`
		} `json:"mc_error"`
	} `json:"future_intervals"`
}

type rParams struct {
	K, M        float64
	Delta, Beta []float64
	Sigma       float64 `json:"sigma_obs"`
}

type rIntervals struct {
	YhatLower  referencetest.Values `json:"yhat_lower"`
	YhatUpper  referencetest.Values `json:"yhat_upper"`
	TrendLower referencetest.Values `json:"trend_lower"`
	TrendUpper referencetest.Values `json:"trend_upper"`
}

type rComponents struct {
	Stride         int
	DS             []time.Time
	Cap            []float64
	Trend, Yhat    referencetest.Values
	Additive       referencetest.Values `json:"additive_terms"`
	Multiplicative referencetest.Values `json:"multiplicative_terms"`
	Yearly         referencetest.Values
	Weekly         referencetest.Values
	Daily          referencetest.Values
}

// fixtures are the files, with what their calls set.
var fixtures = []struct {
	name string
	cfg  Config
}{
	{"air_passengers", Config{SeasonalityMode: Multiplicative}},
	{"flat_rds_cpu_hourly", Config{Growth: Flat, Daily: 4, Weekly: Off, Yearly: Off}},
	{"missing_y", Config{}},
	{"peyton_manning", Config{}},
	{"peyton_no_yearly", Config{Yearly: Off, ChangepointCount: 10, ChangepointRange: 0.9, ChangepointScale: 0.5, SeasonalityScale: 1}},
	{"short_newton", Config{}},
	{"wp_log_R_logistic", Config{Growth: Logistic}},
	{"yosemite_temps", Config{ChangepointScale: 0.01}},
}

func (f *fixture) rows() Rows {
	return Rows{Times: f.Series.DS, Cap: f.Series.Cap, Floor: f.Series.Floor}
}

func forEach(t *testing.T, check func(t *testing.T, name string, f *fixture, m *Model)) {
	for _, c := range fixtures {
		t.Run(c.name, func(t *testing.T) {
			var f fixture
			referencetest.Load(t, "prophet/"+c.name+".json", &f)
			m, err := Fit(f.rows(), f.Series.Y, c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "prophet/"+c.name, &f, m)
		})
	}
}

// sd is in which the tolerances for fitted values are given.
func (f *fixture) sd() float64 { return f.Exact.Difference.SDY }

func apartIn(sd float64, got, want []float64) float64 { return referencetest.Apart(got, want) / sd }

// adopt gives the model R's parameters. With flat growth, R keeps changepoints that have no effect.
func (r rParams) adopt(m *Model) {
	m.Params = Params(r)
	m.Params.Delta = r.Delta[:len(m.Changepoints)]
}

func TestReferenceScaling(t *testing.T) {
	forEach(t, func(t *testing.T, name string, f *fixture, m *Model) {
		referencetest.Within(t, name, "start, seconds", math.Abs(seconds(f.Scaling.Start, m.Start)), 0)
		referencetest.Within(t, name, "span, seconds", math.Abs(seconds(m.Start, m.End)-f.Scaling.TScale), 0)
		referencetest.Within(t, name, "scale of values", math.Abs(m.Scale-f.Scaling.YScale), 1e-12)
		if m.Config.Growth != Flat {
			referencetest.Within(t, name, "changepoints, scaled times", referencetest.Apart(m.Changepoints, f.Changepoints.T), 1e-12)
			for i, c := range f.Changepoints.DS {
				if got := m.Start.Add(time.Duration(m.Changepoints[i] * seconds(m.Start, m.End) * 1e9)); got.Sub(c).Abs() > time.Millisecond {
					t.Errorf("changepoint %d is at %v, not %v", i, got, c)
				}
			}
		}
		if len(m.Seasonalities) != len(f.Seasonalities) {
			t.Errorf("seasonalities %v, not %v", m.Seasonalities, f.Seasonalities)
		}
		for _, s := range m.Seasonalities {
			want := f.Seasonalities[s.Name]
			if s.Period.Hours()/24 != want.Period || s.Order != want.Order || s.Scale != want.Scale || s.Mode != want.Mode {
				t.Errorf("seasonality %v, not %v", s, want)
			}
		}
		x := m.design(Rows{Times: []time.Time{m.Start, m.End}}, []int{0, 1})
		referencetest.Within(t, name, "Fourier terms of the first and last row", max(referencetest.Apart(x.row(0), f.StanData.X1), referencetest.Apart(x.row(1), f.StanData.XN)), 1e-9)
	})
}

func TestReferenceLogPosterior(t *testing.T) {
	forEach(t, func(t *testing.T, name string, f *fixture, m *Model) {
		at := func(what string, params rParams, want float64) {
			params.adopt(m)
			got, err := m.LogPosterior(f.rows(), f.Series.Y)
			if err != nil {
				t.Fatal(err)
			}
			referencetest.Within(t, name, what, math.Abs(got-want), 1e-6)
		}
		at("log posterior at Stan's parameters", f.Params, f.LogPosterior.Stan)
		at("log posterior at the exact optimum's", f.Exact.Params, f.Exact.LogPosterior)
	})
}

// At given parameters, history and future are deterministic.
func TestReferenceComponents(t *testing.T) {
	forEach(t, func(t *testing.T, name string, f *fixture, m *Model) {
		f.Params.adopt(m)
		compare := func(which string, rows Rows, want rComponents) {
			p, err := m.Predict(rows, Simulation{})
			if err != nil {
				t.Fatal(err)
			}
			at := func(what string, unit float64, got, want []float64) {
				referencetest.Within(t, name, which+" "+what+" at Stan's parameters", apartIn(unit, got, want), 1e-9)
			}
			at("yhat", m.Scale, p.Mean, want.Yhat)
			at("trend", m.Scale, p.Trend, want.Trend)
			at("additive terms", m.Scale, p.Additive, want.Additive)
			at("multiplicative terms", 1, p.Multiplicative, want.Multiplicative)
			for _, c := range p.Components {
				unit := 1.0
				if c.Mode == Additive {
					unit = m.Scale
				}
				at(c.Name, unit, c.Values, map[string]referencetest.Values{"yearly": want.Yearly, "weekly": want.Weekly, "daily": want.Daily}[c.Name])
			}
		}
		use, err := f.rows().readings(f.Series.Y)
		if err != nil {
			t.Fatal(err)
		}
		history := Rows{}
		for i := 0; i < len(use); i += f.History.Stride {
			history.Times = append(history.Times, f.Series.DS[use[i]])
			if f.Series.Cap != nil {
				history.Cap = append(history.Cap, f.Series.Cap[use[i]])
			}
		}
		compare("history", history, f.History)
		compare("future", f.future(), f.Future)
	})
}

func (f *fixture) future() Rows { return Rows{Times: f.Future.DS, Cap: f.Future.Cap} }

// The limits of R are quantiles of 10,000 or 4000 draws. How far 1000 draws were from them is given as a share of the widest interval. The
// upper and the lower one wander alike, so that the larger of the two is the tolerance of both.
func TestReferenceIntervals(t *testing.T) {
	forEach(t, func(t *testing.T, name string, f *fixture, m *Model) {
		f.Params.adopt(m)
		p, err := m.Predict(f.future(), Simulation{Quantiles: []float64{0.1, 0.9}, Draws: 10000, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		want, mc := f.Intervals.N10000, f.Intervals.MCError
		if want.YhatLower == nil {
			want = f.Intervals.N4000
		}
		limits := func(what string, got [][]float64, lower, upper []float64, tolerance float64) {
			widest := 1e-300 // a flat trend has intervals of no width
			for i := range lower {
				widest = max(widest, upper[i]-lower[i])
			}
			referencetest.Within(t, name, what+" lower limit, of widest interval", apartIn(widest, got[0], lower), tolerance)
			referencetest.Within(t, name, what+" upper limit, of widest interval", apartIn(widest, got[1], upper), tolerance)
		}
		limits("yhat", p.Quantiles, want.YhatLower, want.YhatUpper, max(mc.YhatLower, mc.YhatUpper))
		limits("trend", p.TrendQuantiles, want.TrendLower, want.TrendUpper, max(mc.TrendLower, mc.TrendUpper))
	})
}

func TestReferenceOptimum(t *testing.T) {
	forEach(t, func(t *testing.T, name string, f *fixture, m *Model) {
		referencetest.Within(t, name, "log posterior, Stan's less ours", f.LogPosterior.Stan-m.MaxLogPosterior, 0.01)
		referencetest.Within(t, name, "log posterior, exact less ours", f.Exact.LogPosterior-m.MaxLogPosterior, 0.01)
		p, err := m.Predict(f.future(), Simulation{})
		if err != nil {
			t.Fatal(err)
		}
		referencetest.Within(t, name, "yhat ahead, exact optimum's, in sd", apartIn(f.sd(), p.Mean, f.Exact.Yhat), 0.002)
		referencetest.Within(t, name, "trend ahead, exact optimum's, in sd", apartIn(f.sd(), p.Trend, f.Exact.Trend), 0.002)
		referencetest.Within(t, name, "yhat ahead, Stan's, in sd", apartIn(f.sd(), p.Mean, f.Future.Yhat), 0.15)
	})
}

// The forecasts of R's prophet for 100 series of M4, which are hourly.
func TestReferenceM4(t *testing.T) {
	read := func(name string) [][]string {
		data, err := os.Open(referencetest.Path(t, "../m4-hourly/"+name))
		if err != nil {
			t.Fatal(err)
		}
		defer data.Close()
		lines, err := csv.NewReader(data).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return lines[1:]
	}
	numbers := func(cells []string) (x []float64) {
		for _, c := range cells {
			if v, err := strconv.ParseFloat(c, 64); err == nil { // the rest of a shorter series is empty
				x = append(x, v)
			}
		}
		return x
	}
	want := map[string][][]float64{}
	for _, line := range read("r-forecasts/prophet.csv") {
		want[line[0]] = append(want[line[0]], numbers(line[2:]))
	}
	worst := 0.0
	for _, line := range read("train.csv") {
		y := numbers(line[1:])
		m, err := Fit(Every(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Hour, len(y)), y, Config{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Predict(m.Ahead(48), Simulation{})
		if err != nil {
			t.Fatal(err)
		}
		sd := deviation(y)
		for h, r := range want[line[0]] {
			worst = max(worst, math.Abs(p.Mean[h]-r[0])/sd)
		}
	}
	referencetest.Within(t, "m4-hourly, 100 series", "yhat ahead, Stan's, in sd", worst, 0.15)
}

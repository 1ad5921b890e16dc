package prophet

import (
	"math"
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
		T  int
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
	Intervals       map[string]any `json:"future_intervals"`
}

type rParams struct {
	K, M        float64
	Delta, Beta []float64
	Sigma       float64 `json:"sigma_obs"`
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

func TestReferenceLogPosterior(t *testing.T) {
	forEach(t, func(t *testing.T, name string, f *fixture, m *Model) {
		for what, r := range map[string]struct {
			params rParams
			want   float64
		}{
			"log posterior at Stan's parameters":   {f.Params, f.LogPosterior.Stan},
			"log posterior at the exact optimum's": {f.Exact.Params, f.Exact.LogPosterior},
		} {
			m.Params = Params(r.params)
			if m.Config.Growth == Flat {
				m.Params.Delta = nil
			}
			got, err := m.LogPosterior(f.rows(), f.Series.Y)
			if err != nil {
				t.Fatal(err)
			}
			referencetest.Within(t, name, what, math.Abs(got-r.want), 1e-6)
		}
	})
}

func TestReferenceOptimum(t *testing.T) {
	forEach(t, func(t *testing.T, name string, f *fixture, m *Model) {
		referencetest.Within(t, name, "log posterior, Stan's less ours", f.LogPosterior.Stan-m.MaxLogPosterior, 0.01)
		referencetest.Within(t, name, "log posterior, exact less ours", f.Exact.LogPosterior-m.MaxLogPosterior, 0.01)
		future := Rows{Times: f.Future.DS, Cap: f.Future.Cap}
		p, err := m.Predict(future, Simulation{})
		if err != nil {
			t.Fatal(err)
		}
		referencetest.Within(t, name, "yhat ahead, exact optimum's, in sd", apartIn(f.sd(), p.Mean, f.Exact.Yhat), 0.002)
		referencetest.Within(t, name, "trend ahead, exact optimum's, in sd", apartIn(f.sd(), p.Trend, f.Exact.Trend), 0.002)
		referencetest.Within(t, name, "yhat ahead, Stan's, in sd", apartIn(f.sd(), p.Mean, f.Future.Yhat), 0.15)
	})
}

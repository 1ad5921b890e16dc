package stl

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// reference holds what R and statsmodels compute.
const reference = "../../../shared/reference/stl"

func load(t *testing.T, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no %s: put the project's shared folder beside the repository to compare with R", filepath.Base(path))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

type parts struct{ Seasonal, Trend, Remainder, Weights []float64 }

type rSeries struct {
	Name      string
	Frequency int
	Values    []float64
}

type rCase struct {
	parts
	ID     string
	Series *rSeries
	Args   struct {
		SWindow any  `json:"s.window"`
		SDegree *int `json:"s.degree"`
		TWindow int  `json:"t.window"`
		TDegree *int `json:"t.degree"`
		LWindow int  `json:"l.window"`
		LDegree *int `json:"l.degree"`
		SJump   int  `json:"s.jump"`
		TJump   int  `json:"t.jump"`
		LJump   int  `json:"l.jump"`
		Robust  bool
		Inner   *int
		Outer   *int
	}
	Exact          *parts `json:"exact_median"`
	CompareWeights *bool  `json:"compare_weights"`
}

func (c *rCase) config(period int) Config {
	degree := func(d *int) Degree {
		if d == nil {
			return Default
		}
		return Constant + Degree(*d)
	}
	count := func(n *int) int {
		switch {
		case n == nil:
			return 0
		case *n == 0:
			return None
		}
		return *n
	}
	a := c.Args
	cfg := Config{
		Period: period, TrendWindow: a.TWindow, LowPassWindow: a.LWindow,
		SeasonalDegree: degree(a.SDegree), TrendDegree: degree(a.TDegree), LowPassDegree: degree(a.LDegree),
		SeasonalJump: a.SJump, TrendJump: a.TJump, LowPassJump: a.LJump,
		Robust: a.Robust, Inner: count(a.Inner), Outer: count(a.Outer),
	}
	if window, ok := a.SWindow.(float64); ok {
		cfg.SeasonalWindow = int(window)
	}
	return cfg
}

// largest returns the largest |a-b|, infinite for unequal lengths or NaN.
func largest(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	worst := 0.0
	for i := range a {
		d := math.Abs(a[i] - b[i])
		if d != d {
			return math.Inf(1)
		}
		worst = max(worst, d)
	}
	return worst
}

func scale(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s = max(s, math.Abs(v))
	}
	return s
}

func TestReferenceR(t *testing.T) {
	for _, name := range []string{
		"co2", "ec2_disk_write_bytes_c0d644", "edge_cases", "log_co2", "nottem",
		"rds_cpu_utilization_e47b3b", "rds_cpu_utilization_e47b3b_full",
	} {
		t.Run(name, func(t *testing.T) {
			compareFile(t, filepath.Join(reference, name+".json"))
		})
	}
}

// Cases of our own, made by testdata/make.R, so that a comparison with R is always
// there.
func TestReferenceOwnR(t *testing.T) {
	compareFile(t, "testdata/r.json")
}

func compareFile(t *testing.T, path string) {
	t.Helper()
	var file struct {
		Series rSeries
		Cases  []rCase
	}
	load(t, path, &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	worst, worstWeight := 0.0, 0.0
	for _, c := range file.Cases {
		series := &file.Series
		if c.Series != nil {
			series = c.Series
		}
		got, err := Decompose(series.Values, c.config(series.Frequency))
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		want := c.parts
		if c.Exact != nil {
			want = *c.Exact
		}
		d := max(largest(got.Seasonal, want.Seasonal), largest(got.Trend, want.Trend), largest(got.Remainder, want.Remainder))
		if s := scale(series.Values); s > 0 {
			d /= s
		}
		if worst = max(worst, d); d > 1e-11 {
			t.Errorf("%s: off by %.2g of max |x|", c.ID, d)
		}
		if want.Weights != nil && (c.CompareWeights == nil || *c.CompareWeights) {
			d := largest(got.Weights, want.Weights)
			if worstWeight = max(worstWeight, d); d > 1e-9 {
				t.Errorf("%s: weights off by %.2g", c.ID, d)
			}
		}
	}
	t.Logf("%d cases: components within %.2g of max |x|, weights within %.2g", len(file.Cases), worst, worstWeight)
}

func TestReferenceMSTL(t *testing.T) {
	var file struct {
		Cases []struct {
			ID         string
			Series     rSeries
			Components map[string][]float64
			Exact      map[string][]float64 `json:"exact_median"`
		}
	}
	load(t, filepath.Join(reference, "mstl.json"), &file)
	for _, c := range file.Cases {
		want := c.Components
		if c.Exact != nil {
			want = c.Exact
		}
		cfg := mstlConfig(c.ID)
		got, err := DecomposeMulti(c.Series.Values, cfg)
		if err != nil {
			t.Fatal(err)
		}
		d := max(largest(got.Trend, want["Trend"]), largest(got.Remainder, want["Remainder"]), largest(got.Seasonal[0], want["Seasonal24"]))
		if len(got.Periods) > 1 {
			d = max(d, largest(got.Seasonal[1], want["Seasonal168"]))
		}
		if d /= scale(c.Series.Values); d > 1e-11 {
			t.Errorf("%s: off by %.2g of max |x|", c.ID, d)
		}
		t.Logf("%s: within %.2g of max |x|", c.ID, d)
	}
}

func mstlConfig(id string) MultiConfig {
	switch id[len("H150_"):] {
	case "p24_168":
		return MultiConfig{Periods: []int{24, 168}}
	case "p24_168_robust":
		return MultiConfig{Periods: []int{168, 24}, Base: Config{Robust: true}}
	case "p24_168_s.window_iterate":
		return MultiConfig{Periods: []int{24, 168}, SeasonalWindows: []int{11}, Iterations: 3}
	}
	return MultiConfig{Periods: []int{24}}
}

func TestReferenceStatsmodels(t *testing.T) {
	values := map[string][]float64{}
	for _, name := range []string{"nottem", "co2"} {
		var series struct{ Series rSeries }
		load(t, filepath.Join(reference, name+".json"), &series)
		values[name] = series.Series.Values
	}
	var file struct {
		Cases []struct {
			Series, Call string
			Params       struct {
				Period, Seasonal, Trend int
				SeasonalDegree          int `json:"seasonal_deg"`
				LowPass                 int `json:"low_pass"`
				Robust                  bool
			}
			Seasonal, Trend, Resid, Weights []float64
		}
	}
	load(t, filepath.Join(reference, "statsmodels.json"), &file)
	for _, c := range file.Cases {
		p := c.Params
		cfg := Config{
			Period: p.Period, SeasonalWindow: p.Seasonal, TrendWindow: p.Trend, LowPassWindow: p.LowPass,
			SeasonalDegree: Constant + Degree(p.SeasonalDegree), SeasonalJump: 1, TrendJump: 1, LowPassJump: 1, Robust: p.Robust,
			Inner: 5,
		}
		if p.Robust {
			cfg.Inner = 2
		}
		got, err := Decompose(values[c.Series], cfg)
		if err != nil {
			t.Fatal(err)
		}
		d := max(largest(got.Seasonal, c.Seasonal), largest(got.Trend, c.Trend), largest(got.Remainder, c.Resid)) / scale(values[c.Series])
		if d > 1e-11 {
			t.Errorf("%s of %s: off by %.2g of max |x|", c.Call, c.Series, d)
		}
		if c.Weights != nil && largest(got.Weights, c.Weights) > 1e-9 {
			t.Errorf("%s of %s: weights off by %.2g", c.Call, c.Series, largest(got.Weights, c.Weights))
		}
	}
}

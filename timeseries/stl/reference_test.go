package stl

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// Tolerances: of components in units of the largest |x|, and of weights.
const (
	componentTolerance = 1e-9
	weightTolerance    = 1e-7
)

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

// apart is the largest difference of any component in units of the largest |x|.
func (p *parts) apart(r Result, x []float64) float64 {
	d := referencetest.Apart(slices.Concat(r.Seasonal, r.Trend, r.Remainder), slices.Concat(p.Seasonal, p.Trend, p.Remainder))
	if size := referencetest.Size(x); size > 0 {
		d /= size
	}
	return d
}

type rFile struct {
	Series rSeries
	Cases  []rCase
}

func TestReferenceR(t *testing.T) {
	for _, name := range []string{
		"co2", "ec2_disk_write_bytes_c0d644", "edge_cases", "log_co2", "nottem",
		"rds_cpu_utilization_e47b3b", "rds_cpu_utilization_e47b3b_full",
	} {
		var file rFile
		referencetest.Load(t, "stl/"+name+".json", &file)
		compareFile(t, "stl/"+name, file)
	}
}

// Cases of our own, made by testdata/make.R, so that a comparison with R is always
// there.
func TestReferenceOwnR(t *testing.T) {
	data, err := os.ReadFile("testdata/r.json")
	if err != nil {
		t.Fatal(err)
	}
	var file rFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	compareFile(t, "testdata/r.json", file)
}

func compareFile(t *testing.T, name string, file rFile) {
	t.Helper()
	if len(file.Cases) == 0 {
		t.Fatalf("%s has no cases", name)
	}
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
		referencetest.Within(t, name, "stl "+c.ID+", of max |x|", want.apart(got, series.Values), componentTolerance)
		if want.Weights != nil && (c.CompareWeights == nil || *c.CompareWeights) {
			referencetest.Within(t, name, "stl "+c.ID+", weights", referencetest.Apart(got.Weights, want.Weights), weightTolerance)
		}
	}
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
	referencetest.Load(t, "stl/mstl.json", &file)
	for _, c := range file.Cases {
		want := c.Components
		if c.Exact != nil {
			want = c.Exact
		}
		got, err := DecomposeMulti(c.Series.Values, mstlConfig(c.ID))
		if err != nil {
			t.Fatal(err)
		}
		d := referencetest.Apart(slices.Concat(got.Trend, got.Remainder, slices.Concat(got.Seasonal...)),
			slices.Concat(want["Trend"], want["Remainder"], want["Seasonal24"], want["Seasonal168"]))
		referencetest.Within(t, "stl/mstl", "mstl "+c.ID+", of max |x|", d/referencetest.Size(c.Series.Values), componentTolerance)
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
		referencetest.Load(t, "stl/"+name+".json", &series)
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
	referencetest.Load(t, "stl/statsmodels.json", &file)
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
		want := parts{Seasonal: c.Seasonal, Trend: c.Trend, Remainder: c.Resid}
		referencetest.Within(t, "stl/statsmodels", c.Call+" of "+c.Series+", of max |x|", want.apart(got, values[c.Series]), componentTolerance)
		if c.Weights != nil {
			referencetest.Within(t, "stl/statsmodels", c.Call+" of "+c.Series+", weights", referencetest.Apart(got.Weights, c.Weights), weightTolerance)
		}
	}
}

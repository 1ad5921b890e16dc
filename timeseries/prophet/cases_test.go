package prophet

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// rCase is a case of testdata/cases.json, which testdata/cases.R made with R's prophet.
type rCase struct {
	Name            string
	History, Future map[string]json.RawMessage
	YScale          float64 `json:"y_scale"`
	Changepoints    []float64
	Params          struct {
		K, M  float64
		Delta []float64
		Beta  map[string]float64
		Sigma float64 `json:"sigma_obs"`
	}
	LogPosterior *float64 `json:"log_posterior"`
	Forecast     map[string]referencetest.Values
}

var playoffs = []Holiday{
	{Name: "playoff", Days: dates("2023-04-10", "2023-05-20", "2023-07-02", "2023-09-20"), Before: 1, After: 2, Scale: 5},
	{Name: "sale", Days: dates("2023-03-15", "2023-06-15", "2023-08-01", "2023-10-01"), Scale: 0.05},
}

// configs say in Go what the calls in cases.R say in R.
var configs = map[string]Config{
	"holidays":                {Holidays: playoffs},
	"holidays multiplicative": {Holidays: playoffs, SeasonalityMode: Multiplicative, HolidayScale: 0.5},
	"regressors": {Regressors: []Regressor{
		{Name: "load"}, {Name: "backup", Scale: 0.1}, {Name: "share", Mode: Multiplicative}, {Name: "raw", Raw: true}, {Name: "same"},
	}},
	"conditional": {Daily: Off, Weekly: 2, Seasonalities: []Seasonality{
		{Name: "daily_working", Period: day, Order: 3, Condition: "working"},
		{Name: "daily_weekend", Period: day, Order: 3, Condition: "weekend", Scale: 0.3},
		{Name: "shift", Period: 60 * time.Hour, Order: 2, Scale: 0.02, Mode: Multiplicative},
	}},
	"multiplicative hourly":         {SeasonalityMode: Multiplicative},
	"logistic floor":                {Growth: Logistic},
	"logistic floor multiplicative": {Growth: Logistic, SeasonalityMode: Multiplicative},
	"logistic rising cap":           {Growth: Logistic, ChangepointScale: 0.5},
	"flat multiplicative":           {Growth: Flat, SeasonalityMode: Multiplicative},
	"given changepoints":            {Changepoints: dates("2022-05-01", "2022-03-01", "2022-09-01"), ChangepointScale: 0.2},
	"no changepoints":               {ChangepointCount: Off},
}

func dates(list ...string) []time.Time {
	days := make([]time.Time, len(list))
	for i, s := range list {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			panic(err)
		}
		days[i] = d
	}
	return days
}

// rows turns a data frame into rows and values.
func frame(t *testing.T, columns map[string]json.RawMessage) (rows Rows, y []float64) {
	t.Helper()
	rows.Regressors, rows.Conditions = map[string][]float64{}, map[string][]bool{}
	for name, data := range columns {
		if name == "working" || name == "weekend" {
			var holds []bool
			if err := json.Unmarshal(data, &holds); err != nil {
				t.Fatal(err)
			}
			rows.Conditions[name] = holds
			continue
		}
		var x referencetest.Values
		if err := json.Unmarshal(data, &x); err != nil {
			t.Fatal(err)
		}
		switch name {
		case "ds":
			for _, s := range x {
				rows.Times = append(rows.Times, time.Unix(int64(s), 0).UTC())
			}
		case "y":
			y = x
		case "cap":
			rows.Cap = x
		case "floor":
			rows.Floor = x
		default:
			rows.Regressors[name] = x
		}
	}
	return rows, y
}

// adopt gives the model R's parameters.
func (c *rCase) adopt(m *Model) {
	// Where there are no changepoints, R has one of no effect.
	m.Params = Params{K: c.Params.K, M: c.Params.M, Delta: c.Params.Delta[:len(m.Changepoints)], Sigma: c.Params.Sigma}
	for _, s := range m.Seasonalities {
		for i := range 2 * s.Order {
			m.Params.Beta = append(m.Params.Beta, c.Params.Beta[fmt.Sprintf("%s_delim_%d", s.Name, i+1)])
		}
	}
	for _, r := range m.Config.Regressors {
		m.Params.Beta = append(m.Params.Beta, c.Params.Beta[r.Name])
	}
	for _, h := range m.Config.Holidays {
		for d := -h.Before; d <= h.After; d++ {
			m.Params.Beta = append(m.Params.Beta, c.Params.Beta[fmt.Sprintf("%s_delim_%+d", h.Name, d)])
		}
	}
}

func forEachCase(t *testing.T, check func(t *testing.T, c rCase, rows Rows, y []float64, m *Model)) {
	data, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []rCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			rows, y := frame(t, c.History)
			m, err := Fit(rows, y, configs[c.Name])
			if err != nil {
				t.Fatal(err)
			}
			check(t, c, rows, y, m)
		})
	}
}

// At R's parameters everything but the draws is deterministic.
func TestReferenceCasesAtGivenParameters(t *testing.T) {
	forEachCase(t, func(t *testing.T, c rCase, rows Rows, y []float64, m *Model) {
		name := "prophet: " + c.Name
		size := referencetest.Size(y)
		referencetest.Within(t, name, "scale of values, of largest value", math.Abs(m.Scale-c.YScale)/size, 1e-12)
		if m.Config.Growth != Flat && c.Name != "no changepoints" {
			referencetest.Within(t, name, "changepoints, scaled times", referencetest.Apart(m.Changepoints, c.Changepoints), 1e-12)
		}
		c.adopt(m)
		if c.LogPosterior != nil {
			got, err := m.LogPosterior(rows, y)
			if err != nil {
				t.Fatal(err)
			}
			referencetest.Within(t, name, "log posterior at Stan's parameters", math.Abs(got-*c.LogPosterior), 1e-6)
		}
		future, _ := frame(t, c.Future)
		p, err := m.Predict(future, Simulation{})
		if err != nil {
			t.Fatal(err)
		}
		referencetest.Within(t, name, "trend at Stan's parameters, of largest value", apartIn(size, p.Trend, c.Forecast["trend"]), 1e-9)
		if c.Name != "logistic floor multiplicative" { // see TestFloorIsNoPartOfTheShare
			referencetest.Within(t, name, "yhat at Stan's parameters, of largest value", apartIn(size, p.Mean, c.Forecast["yhat"]), 1e-9)
		}
		for _, part := range p.Components {
			unit := 1.0
			if part.Mode == Additive {
				unit = size
			}
			want, ok := c.Forecast[part.Name]
			if !ok { // R's is 0 throughout
				want = make([]float64, len(part.Values))
			}
			referencetest.Within(t, name, part.Name+" at Stan's parameters", apartIn(unit, part.Values, want), 1e-9)
		}
	})
}

func TestReferenceCasesOptimum(t *testing.T) {
	forEachCase(t, func(t *testing.T, c rCase, rows Rows, y []float64, m *Model) {
		name := "prophet: " + c.Name
		future, _ := frame(t, c.Future)
		p, err := m.Predict(future, Simulation{})
		if err != nil {
			t.Fatal(err)
		}
		if c.LogPosterior != nil {
			referencetest.Within(t, name, "log posterior, Stan's less ours", *c.LogPosterior-m.MaxLogPosterior, 0.01)
		}
		if !strings.Contains(c.Name, "floor multiplicative") {
			referencetest.Within(t, name, "yhat ahead, Stan's, in sd", apartIn(deviation(y), p.Mean, c.Forecast["yhat"]), 0.15)
		}
	})
}

// deviation is the standard deviation of the readings, 1 for a constant.
func deviation(y []float64) float64 {
	n, mean, squares := 0.0, 0.0, 0.0
	for _, v := range y {
		if v == v {
			d := v - mean
			n++
			mean += d / n
			squares += d * (v - mean)
		}
	}
	if squares == 0 {
		return 1
	}
	return math.Sqrt(squares / (n - 1))
}

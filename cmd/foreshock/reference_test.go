package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// command runs a command line and returns what it writes.
func command(t *testing.T, args ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(&out)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out.Bytes()
}

// Command lines against what R computes for the same file; testdata/r/make.R made the files and asked R.
func TestReferenceCommands(t *testing.T) {
	data, err := os.ReadFile("testdata/r/r.json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct{ Cases []rCase }
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Cases {
		t.Run(c.Name, func(t *testing.T) {
			if c.Columns != nil {
				c.decomposed(t, command(t, c.Args...))
			} else {
				c.forecasted(t, command(t, c.Args...))
			}
		})
	}
}

type rCase struct {
	Name          string
	Args          []string
	Columns       map[string]referencetest.Values
	Forecast      map[string]referencetest.Values
	Unit          float64 // of the forecast
	Fit           *rFit
	Order         []int
	SeasonalOrder []int `json:"seasonal_order"`
}

// rFit is the fit in R's answer and in ours.
type rFit struct {
	Coef, SE                       map[string]float64
	LogLik, AIC, AICc, BIC, Sigma2 float64
	Order                          []int
}

func (c *rCase) decomposed(t *testing.T, out []byte) {
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range c.Columns {
		at := slices.Index(rows[0], name)
		if at < 0 {
			t.Fatalf("no column %s in %v", name, rows[0])
		}
		var got, value []float64
		for _, row := range rows[1:] {
			x, err := strconv.ParseFloat(row[at], 64)
			if err != nil {
				t.Fatal(err)
			}
			y, err := strconv.ParseFloat(row[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			got, value = append(got, x), append(value, y)
		}
		size := referencetest.Size(value)
		referencetest.Within(t, "foreshock decompose: "+c.Name, name+", of max |x|", referencetest.Apart(got, want)/size, 1e-9)
	}
}

func (c *rCase) forecasted(t *testing.T, out []byte) {
	var got struct {
		rFit
		SeasonalOrder []int `json:"seasonal_order"`
		Forecast      map[string]referencetest.Values
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	fixture := "foreshock forecast: " + c.Name
	if c.Order != nil && (got.Order[1] != c.Order[1] || got.SeasonalOrder[1] != c.SeasonalOrder[1]) {
		t.Errorf("%s: differences of %v %v, R has %v %v", fixture, got.Order, got.SeasonalOrder, c.Order, c.SeasonalOrder)
	}
	if c.Order != nil && !(slices.Equal(got.Order, c.Order) && slices.Equal(got.SeasonalOrder, c.SeasonalOrder)) {
		referencetest.Within(t, fixture, "another order than R's: AICc above R's", got.AICc-c.Fit.AICc, 2)
		return
	}
	if c.Fit != nil {
		c.fitted(t, fixture, &got.rFit)
	}
	tolerance := 0.01
	if c.Name == "prophet" {
		tolerance = 0.15 // as Stan stops before the optimum
	}
	for name, want := range c.Forecast {
		referencetest.Within(t, fixture, name+", in standard deviations", referencetest.Apart(got.Forecast[name], want)/c.Unit, tolerance)
	}
}

func (c *rCase) fitted(t *testing.T, fixture string, got *rFit) {
	for name, want := range c.Fit.Coef {
		referencetest.Within(t, fixture, name+", in standard errors", math.Abs(got.Coef[name]-want)/c.Fit.SE[name], 0.01)
		referencetest.Within(t, fixture, "standard error of "+name+", relative", math.Abs(got.SE[name]/c.Fit.SE[name]-1), 0.01)
	}
	for _, x := range []struct {
		what                 string
		got, want, tolerance float64
	}{
		{"log-likelihood", got.LogLik, c.Fit.LogLik, 1e-2},
		{"AIC", got.AIC, c.Fit.AIC, 2e-2},
		{"AICc", got.AICc, c.Fit.AICc, 2e-2},
		{"BIC", got.BIC, c.Fit.BIC, 2e-2},
		{"sigma²", got.Sigma2, c.Fit.Sigma2, 1e-3 * c.Fit.Sigma2},
	} {
		if x.want != 0 {
			referencetest.Within(t, fixture, x.what, math.Abs(x.got-x.want), x.tolerance)
		}
	}
}

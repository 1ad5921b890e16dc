package prophet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"testing"
	"time"
)

// demand is hourly or faster demand with a daily and a weekly season, a bend in the trend and noise.
func demand(step time.Duration, n int) (Rows, []float64) {
	rows := Every(time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), step, n)
	y := make([]float64, n)
	state := uint64(1)
	for i, at := range rows.Times {
		state = state*6364136223846793005 + 1442695040888963407
		noise := float64(state>>33)/(1<<31) + float64(state>>20&0xfffff)/(1<<20) - 1
		days := at.Sub(rows.Times[0]).Hours() / 24
		y[i] = 400 + 3*days - 5*max(0, days-10) + 80*math.Sin(2*math.Pi*days) + 30*math.Sin(2*math.Pi*days/7) + 20*noise
	}
	return rows, y
}

func BenchmarkFit(b *testing.B) {
	for _, n := range []int{720, 2 * 720, 20 * 720} {
		rows, y := demand(time.Hour, n)
		for name, cfg := range map[string]Config{"additive": {}, "multiplicative": {SeasonalityMode: Multiplicative}, "logistic": {Growth: Logistic}} {
			rows.Cap = []float64{1000}
			b.Run(fmt.Sprintf("%s/n=%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Fit(rows, y, cfg); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkPredict(b *testing.B) {
	rows, y := demand(time.Hour, 720)
	rows.Cap = []float64{1000}
	for _, growth := range []Growth{Linear, Logistic} {
		m, err := Fit(rows, y, Config{Growth: growth})
		if err != nil {
			b.Fatal(err)
		}
		for _, h := range []int{24, 240} {
			b.Run(fmt.Sprintf("%s/h=%d", growth, h), func(b *testing.B) {
				b.ReportAllocs()
				future := m.Ahead(h)
				for b.Loop() {
					if _, err := m.Predict(future, Simulation{Quantiles: []float64{0.025, 0.1, 0.5, 0.9, 0.975}}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{720, 20 * 720} {
		rows, y := demand(time.Hour, n)
		m, err := Fit(rows, y, Config{})
		if err != nil {
			b.Fatal(err)
		}
		next := m.Ahead(1)
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Update(next, y[:1]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAgainstR times fit and prediction (48 rows, 1000 draws) here and in R's prophet, one after the other, and reports ours as a share of R's.
func BenchmarkAgainstR(b *testing.B) {
	type series struct {
		Name   string    `json:"name"`
		DS     []int64   `json:"ds"`
		Y      []float64 `json:"y"`
		Cap    float64   `json:"cap"`
		Growth Growth    `json:"growth"`
		Mode   Mode      `json:"mode"`
		Ahead  []int64   `json:"ahead"`
		rows   Rows
		cfg    Config
	}
	unix := func(rows Rows) (list []int64) {
		for _, t := range rows.Times {
			list = append(list, t.Unix())
		}
		return list
	}
	of := func(name string, step time.Duration, n int, cfg Config) series {
		rows, y := demand(step, n)
		rows.Cap = []float64{1000}
		ahead := Every(rows.Times[n-1].Add(step), step, 48)
		full := cfg.defaults()
		return series{name, unix(rows), y, 1000, full.Growth, full.SeasonalityMode, unix(ahead), rows, cfg}
	}
	all := []series{
		of("hourly", time.Hour, 720, Config{}),
		of("hourly multiplicative", time.Hour, 720, Config{SeasonalityMode: Multiplicative}),
		of("hourly logistic", time.Hour, 720, Config{Growth: Logistic}),
		of("daily", day, 1000, Config{}),
		of("5 minutes", 5*time.Minute, 14*288+1, Config{}),
	}
	input, err := json.Marshal(all)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("Rscript", "testdata/bench.R")
	cmd.Stdin = bytes.NewReader(input)
	output, err := cmd.Output()
	if err != nil {
		b.Skipf("Rscript with the packages prophet and jsonlite is needed: %v", err)
	}
	var r []struct {
		Name         string
		Fit, Predict float64 // seconds
		LogPosterior float64 `json:"log_posterior"`
	}
	if err := json.Unmarshal(output, &r); err != nil {
		b.Fatal(err)
	}
	for i, s := range all {
		var m *Model
		// The best of many, to leave out other work on the machine.
		against := func(b *testing.B, seconds float64, run func() error) {
			best := time.Duration(math.MaxInt64)
			for b.Loop() {
				begin := time.Now()
				if err := run(); err != nil {
					b.Fatal(err)
				}
				best = min(best, time.Since(begin))
			}
			b.ReportMetric(best.Seconds()/seconds, "of-R")
			b.ReportMetric(seconds*1e3, "ms/R")
		}
		b.Run("fit/"+s.Name, func(b *testing.B) {
			against(b, r[i].Fit, func() (err error) {
				m, err = Fit(s.rows, s.Y, s.cfg)
				return err
			})
			b.ReportMetric(m.MaxLogPosterior-r[i].LogPosterior, "nats-above-R")
		})
		b.Run("predict/"+s.Name, func(b *testing.B) {
			ahead := m.Ahead(48)
			against(b, r[i].Predict, func() error {
				_, err := m.Predict(ahead, Simulation{Quantiles: []float64{0.1, 0.9}})
				return err
			})
		})
	}
}

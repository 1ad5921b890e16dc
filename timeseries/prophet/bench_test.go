package prophet

import (
	"fmt"
	"math"
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
	m, err := Fit(rows, y, Config{})
	if err != nil {
		b.Fatal(err)
	}
	for _, h := range []int{24, 240} {
		b.Run(fmt.Sprintf("h=%d", h), func(b *testing.B) {
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

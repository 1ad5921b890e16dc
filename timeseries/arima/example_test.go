package arima_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/foreshock-io/foreshock/timeseries/arima"
)

// hourly is three weeks of a load with a daily season; each backup that runs adds to it.
func hourly() (load, backup []float64) {
	r := rand.New(rand.NewPCG(1, 2))
	level := 0.0
	for t := range 21 * 24 {
		level = 0.8*level + r.NormFloat64()
		running := 0.0
		if r.IntN(12) == 0 {
			running = 1
		}
		load = append(load, 200+40*math.Sin(2*math.Pi*float64(t)/24)+25*running+level)
		backup = append(backup, running)
	}
	return load, backup
}

func ExampleFit() {
	load, backup := hourly()
	load[100] = math.NaN() // a gap
	m, err := arima.Fit(load, arima.Config{
		Order: arima.Order{P: 1}, Seasonal: arima.Order{D: 1, Q: 1}, Period: 24,
		Regressors: []arima.Regressor{{Name: "backup", Values: backup}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Spec)
	for i, name := range m.Names() {
		fmt.Printf("%-7s %5.2f ± %.2f\n", name, m.Coef[i], m.SE()[i])
	}
	f, err := m.Forecast(3, [][]float64{{0, 1, 0}}, 0.025, 0.975) // one backup, in two hours
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("mean  %.0f\nlower %.0f\nupper %.0f\n", f.Mean, f.Quantiles[0], f.Quantiles[1])
	// Output:
	// ARIMA(1,0,0)(0,1,1)[24] with regressors
	// ar1      0.80 ± 0.03
	// sma1    -0.95 ± 0.06
	// backup  24.97 ± 0.13
	// mean  [200 235 220]
	// lower [198 232 217]
	// upper [202 238 223]
}

func ExampleChoose() {
	load, _ := hourly()
	m, err := arima.Choose(load, arima.ChooseConfig{Period: 24})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v of %d models, σ = %.1f\n", m.Spec, len(m.Tried), m.Sigma)
	// Output:
	// ARIMA(2,0,1)(2,1,0)[24] of 90 models, σ = 8.0
}

func ExampleModel_Update() {
	load, _ := hourly()
	m, err := arima.Fit(load[:480], arima.Config{Order: arima.Order{P: 1}, Seasonal: arima.Order{D: 1, Q: 1}, Period: 24})
	if err != nil {
		fmt.Println(err)
		return
	}
	kept := m.Clone() // goes on from here by itself
	sum := 0.0
	for _, reading := range load[480:] {
		sum += math.Abs(reading - m.Update(reading))
	}
	fmt.Printf("mean error one step ahead %.1f, after %d and %d readings\n", sum/24, kept.State.Steps, m.State.Steps)
	// Output:
	// mean error one step ahead 3.9, after 480 and 504 readings
}

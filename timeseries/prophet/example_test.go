package prophet_test

import (
	"fmt"
	"math"
	"time"

	"github.com/foreshock-io/foreshock/timeseries/prophet"
)

// start is a Monday.
var start = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// Three weeks of hourly IOPS of a volume, with a daily season and a trend, and the next six hours.
func Example() {
	rows := prophet.Every(start, time.Hour, 21*24)
	iops := make([]float64, len(rows.Times))
	for i := range iops {
		iops[i] = 2000 + float64(i) + 500*math.Sin(2*math.Pi*float64(i)/24) + 60*math.Sin(float64(i*i))
	}
	m, err := prophet.Fit(rows, iops, prophet.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ahead := m.Ahead(6)
	f, err := m.Predict(ahead, prophet.Simulation{Quantiles: []float64{0.05, 0.95}, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, t := range ahead.Times {
		fmt.Printf("%s  %.0f  (%.0f to %.0f), trend %.0f\n", t.Format("Mon 15:04"), f.Mean[i], f.Quantiles[0][i], f.Quantiles[1][i], f.Trend[i])
	}
	// Output:
	// Mon 00:00  2496  (2427 to 2565), trend 2501
	// Mon 01:00  2626  (2558 to 2695), trend 2502
	// Mon 02:00  2750  (2681 to 2819), trend 2503
	// Mon 03:00  2858  (2789 to 2926), trend 2504
	// Mon 04:00  2939  (2870 to 3007), trend 2505
	// Mon 05:00  2986  (2917 to 3055), trend 2506
}

// A nightly backup is known in advance: a regressor. A release is a holiday with a day of its own and one after it.
func ExampleFit_regressorsAndHolidays() {
	release := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	cfg := prophet.Config{
		Regressors: []prophet.Regressor{{Name: "backup"}},
		Holidays:   []prophet.Holiday{{Name: "release", Days: []time.Time{release, release.AddDate(0, 0, 14)}, After: 1}},
	}
	backup := func(rows prophet.Rows) prophet.Rows {
		running := make([]float64, len(rows.Times))
		for i, t := range rows.Times {
			if t.Weekday() == time.Sunday && t.Hour() < 4 {
				running[i] = 1
			}
		}
		rows.Regressors = map[string][]float64{"backup": running}
		return rows
	}
	rows := backup(prophet.Every(start, time.Hour, 21*24))
	iops := make([]float64, len(rows.Times))
	for i, t := range rows.Times {
		iops[i] = 2000 + 1500*rows.Regressors["backup"][i] + 20*math.Sin(float64(i*i))
		switch t.Day() {
		case 10:
			iops[i] += 800
		case 11:
			iops[i] += 300
		}
	}
	m, err := prophet.Fit(rows, iops, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := m.Predict(backup(m.Ahead(14*24)), prophet.Simulation{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range f.Components {
		if c.Name == "backup" || c.Name == "release" {
			fmt.Printf("%s: Tuesday %.0f, Wednesday %.0f, Sunday %.0f\n", c.Name, c.Values[24], c.Values[48], c.Values[6*24])
		}
	}
	// Output:
	// backup: Tuesday 0, Wednesday 0, Sunday 1511
	// release: Tuesday 794, Wednesday 305, Sunday 0
}

// New readings are taken in without going through the history again.
func ExampleModel_Update() {
	rows := prophet.Every(start, time.Hour, 100)
	y := make([]float64, 100)
	for i := range y {
		y[i] = 50 + 0.1*float64(i) + math.Sin(float64(i*i))
	}
	m, err := prophet.Fit(rows, y, prophet.Config{Daily: prophet.Off})
	if err != nil {
		fmt.Println(err)
		return
	}
	later, err := m.Update(m.Ahead(3), []float64{64, 65, 66})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, model := range []*prophet.Model{m, later} {
		f, err := model.Predict(later.Ahead(1), prophet.Simulation{})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d readings: %.2f\n", model.Readings, f.Mean[0])
	}
	// Output:
	// 100 readings: 60.24
	// 103 readings: 61.84
}

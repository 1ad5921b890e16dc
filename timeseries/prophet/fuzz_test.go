package prophet

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"testing"
	"time"
)

// FuzzFit makes series and settings out of anything. There is an error or a forecast of finite numbers, and the model comes through JSON.
func FuzzFit(f *testing.F) {
	seed := func(growth, mode, spread byte, values ...float64) {
		data := []byte{growth, mode, spread}
		for _, v := range values {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
		}
		f.Add(data)
	}
	seed(0, 0, 0)
	seed(0, 0, 1, 5)
	seed(0, 1, 1, 0, 0)
	seed(1, 1, 1, 1e-320, 2e-320, 3e-320)
	seed(2, 0, 1, 1e99, -1e99, 1e99)
	seed(0, 0, 0, 1, 2, 3)
	seed(1, 0, 7, 4, 4, 4, 4, 4)
	seed(0, 0, 9, math.NaN(), 1, math.NaN(), 2, 1e-9, math.NaN())
	seed(0, 1, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	f.Fuzz(fuzzOne)
}

func fuzzOne(t *testing.T, data []byte) {
	if len(data) < 3 {
		return
	}
	cfg := Config{
		Growth:          []Growth{Linear, Logistic, Flat}[data[0]%3],
		SeasonalityMode: []Mode{Additive, Multiplicative}[data[1]%2],
		Daily:           int(data[1]>>1) % 4,
		Weekly:          int(data[1]>>4) % 3,
		Regressors:      []Regressor{{Name: "x"}, {Name: "z", Mode: Multiplicative}}[:int(data[0]>>2)%3],
		Holidays:        []Holiday{{Name: "h", Days: []time.Time{time.Unix(86400, 0)}, Before: 1}}[:int(data[0]>>4)%2],
		Yearly:          int(data[0]>>5)%3 - 1,
	}
	rows, y := Rows{Cap: []float64{1e3}, Floor: []float64{-10}, Regressors: map[string][]float64{}}, []float64(nil)
	for rest := data[3:]; len(rest) >= 8 && len(y) < 300; rest = rest[8:] {
		v := math.Float64frombits(binary.LittleEndian.Uint64(rest))
		y = append(y, v)
		// Some times come twice, some out of order, some far away.
		at := int64(len(y)) * int64(1+data[2]%16) * 3600 * int64(1+rest[0]%3/2) / int64(1+data[2]>>6)
		rows.Times = append(rows.Times, time.Unix(at, int64(rest[1])*1e6))
		rows.Regressors["x"] = append(rows.Regressors["x"], float64(int8(rest[2])))
		rows.Regressors["z"] = append(rows.Regressors["z"], float64(rest[3])*1e9)
	}
	m, err := Fit(rows, y, cfg)
	if err != nil {
		return
	}
	examine(t, m, rows, y)
}

// examine checks what holds for every model that was fitted.
func examine(t *testing.T, m *Model, rows Rows, y []float64) {
	t.Helper()
	if err := m.Valid(); err != nil {
		t.Fatalf("a fitted model is not valid: %v", err)
	}
	ahead := m.Ahead(5)
	ahead.Regressors, ahead.Conditions = map[string][]float64{}, map[string][]bool{}
	for name, x := range rows.Regressors {
		ahead.Regressors[name] = append([]float64(nil), x[0], x[0], x[0], x[0], x[len(x)-1])
	}
	for name := range rows.Conditions {
		ahead.Conditions[name] = []bool{true, false, true, false, true}
	}
	for _, where := range []Rows{rows, ahead} {
		f, err := m.Predict(where, Simulation{Quantiles: []float64{0, 0.1, 0.5, 0.9, 1}, Draws: 20, Seed: 3})
		if err != nil {
			f, err = m.Predict(where, Simulation{}) // too far ahead to be simulated
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range f.Mean {
			all := []float64{v, f.Trend[i], f.Additive[i], f.Multiplicative[i]}
			sums := map[Mode]float64{}
			for _, c := range f.Components {
				all = append(all, c.Values[i])
				sums[c.Mode] += c.Values[i]
			}
			for q := range f.Quantiles {
				all = append(all, f.Quantiles[q][i], f.TrendQuantiles[q][i])
				if q > 0 && f.Quantiles[q][i] < f.Quantiles[q-1][i] {
					t.Fatalf("row %d: quantiles are not in order: %v", i, all)
				}
			}
			for _, x := range all {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					t.Fatalf("row %d holds %v", i, all)
				}
			}
			if sums[Additive] != f.Additive[i] || sums[Multiplicative] != f.Multiplicative[i] {
				t.Fatalf("row %d: components are %v together, not %g and %g", i, sums, f.Additive[i], f.Multiplicative[i])
			}
		}
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatalf("a fitted model is not plain data: %v", err)
	}
	var read Model
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	if updated, err := read.Update(rows, y); err != nil {
		t.Fatalf("update: %v", err)
	} else if err := updated.Valid(); err != nil {
		t.Fatalf("an updated model is not valid: %v", err)
	}
}

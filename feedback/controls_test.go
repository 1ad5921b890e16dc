package feedback

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// readingsOf makes steps of 10 s whose log latency and log rate are those of base, with noise.
func readingsOf(base []float64, noise float64, r *rand.Rand) (list []Reading) {
	for i, x := range base {
		list = append(list, Reading{
			Time: start.Add(time.Duration(i) * 10 * time.Second), Latency: math.Exp(x+noise*r.NormFloat64()) / 1000,
			Rate: 500 * math.Exp(x+noise*r.NormFloat64()), Share: 0.3,
		})
	}
	return list
}

// TestAlike: the likest come first, whatever the order, and those with too little in common not at all.
func TestAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	base := make([]float64, 60)
	for i := range base {
		base[i] = math.Sin(float64(i)/5) + 0.2*r.NormFloat64()
	}
	other := make([]float64, len(base))
	for i := range other {
		other[i] = r.NormFloat64()
	}
	mine := readingsOf(base, 0, r)
	list := []Control{
		{ID: "short", Steps: readingsOf(base, 0, r)[:leastCommon-1]},
		{ID: "other", Steps: readingsOf(other, 0, r)},
		{ID: "near", Steps: readingsOf(base, 0.5, r)},
		{ID: "same", Steps: readingsOf(base, 0.1, r)},
		{ID: "idle", Steps: readingsOf(make([]float64, 60), 0, r)},
		{ID: "calm", Steps: readingsOf(make([]float64, 60), 0, r)},
	}
	for range 20 {
		r.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
		var ids []foreshock.ID
		got := Alike(mine, list)
		for _, c := range got {
			ids = append(ids, c.ID)
		}
		at := slices.Index(ids, "other") // its correlation is whatever it is
		if at < 2 || !slices.Equal(slices.Delete(ids, at, at+1), []foreshock.ID{"same", "near", "calm", "idle"}) {
			t.Fatalf("%v", ids)
		}
		if got[0].Correlation < 0.95 || got[1].Correlation > 0.9 {
			t.Fatalf("%+v", got)
		}
	}
}

// TestControls: too few of them say nothing; those that confirm the forecast change nothing; those that do not are in the verdict.
func TestControls(t *testing.T) {
	with := func(latencies ...[2]float64) Input {
		in := example()
		in.After = steps(8, start, 0.004, 800, 800, false) // ten times what it should be
		for i, l := range latencies {
			c := Control{ID: foreshock.ID(rune('a' + i))}
			for k := range 16 {
				latency := l[0]
				if k >= 8 {
					latency = l[1]
				}
				c.Steps = append(c.Steps, Reading{Time: start.Add(time.Duration(k-7) * 10 * time.Second), Latency: latency, Share: 0.3})
			}
			in.Controls = append(in.Controls, c)
		}
		return in
	}
	f := func(in Input, source string, used int, slow bool) foreshock.Evaluation {
		t.Helper()
		e := Superseded(in)
		if e.Against.Source != source || len(e.Against.Controls) != used || gather(in).slow() != slow {
			t.Errorf("%+v: %s", e.Against, e.Text)
		}
		return e
	}
	calm, slower := [2]float64{0.001, 0.001}, [2]float64{0.001, 0.01}
	f(with(), "forecast", 0, true)
	f(with(slower), "forecast", 0, true)
	f(with(calm, calm), "forecast", 2, true)
	f(with(slower, slower, slower), "forecast and controls", 3, false)
	f(with(slower, slower, slower, calm), "forecast and controls", 4, false) // one of them is different
	f(with(slower, calm), "forecast", 2, true)                               // they contradict each other
	e := f(with(slower, slower, slower, slower, slower, slower, slower), "forecast and controls", mostControls, false)
	if e.Without < 0.1 || e.Against.Weight < 0.8 || math.Abs(e.Against.Change-9) > 1e-9 || e.Effect.Change > -0.9 {
		t.Errorf("%+v", e)
	}
	saturated := with(slower, slower, slower)
	for i := range saturated.Controls {
		for k := 8; k < 16; k++ {
			saturated.Controls[i].Steps[k].Share = 0.95 // that is why it became slow
		}
	}
	f(saturated, "forecast", 0, true)
	busier := with(slower, slower, slower)
	for i := range busier.Controls {
		for k := range 16 {
			busier.Controls[i].Steps[k].Share = []float64{0.1, 0.89}[k/8] // that explains most of it
		}
	}
	f(busier, "forecast", 3, true)
}

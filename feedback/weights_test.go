package feedback

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/foreshock-io/foreshock"
)

func said(loud map[string]float64) (list []Said) {
	for _, method := range []string{"zscore", "ewma", "stl"} {
		if x, ok := loud[method]; ok {
			list = append(list, Said{method, x})
		}
	}
	return list
}

// TestWeigh marks what methods say, of which one is right in 9 of 10 and the others in every second: it wins, as far as the bounds let it.
func TestWeigh(t *testing.T) {
	wrong := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 5))
		var weights []foreshock.MethodWeight
		for range 40 {
			genuine := r.IntN(2) == 0
			says := func(right float64) float64 {
				if (r.Float64() < right) == genuine {
					return 1
				}
				return 0.2 * r.Float64()
			}
			weights, _ = Weigh(weights, "a", said(map[string]float64{"zscore": says(0.5), "ewma": says(0.5), "stl": says(0.9)}), genuine, "marked")
		}
		p := foreshock.Profile{Taught: &foreshock.Taught{Weights: weights}}
		if p.Factor("stl") < 1.5*max(p.Factor("zscore"), p.Factor("ewma")) {
			wrong++
		}
	}
	t.Logf("in %d of 200 runs the method that is right does not count half as much again as the others", wrong)
	if wrong > 10 {
		t.Errorf("%d of 200 runs are wrong", wrong)
	}
}

// TestWeighBounds draws marks: no weight leaves its bounds or moves by more than a step, every move is told, and all can be taken back.
func TestWeighBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var weights []foreshock.MethodWeight
		var list []foreshock.Correction
		for range rapid.IntRange(1, 30).Draw(t, "marks") {
			loud := map[string]float64{}
			for _, method := range []string{"zscore", "ewma", "stl"} {
				if rapid.Bool().Draw(t, "ready") {
					loud[method] = rapid.Float64Range(0, 1).Draw(t, method)
				}
			}
			before := foreshock.Profile{Taught: &foreshock.Taught{Weights: weights}}
			var told []foreshock.Correction
			weights, told = Weigh(weights, "a", said(loud), rapid.Bool().Draw(t, "genuine"), "marked")
			list = append(list, told...)
			for _, w := range weights {
				moved := math.Abs(math.Log(w.Factor / before.Factor(w.Method)))
				if w.Factor < leastFactor || w.Factor > mostFactor || moved > weightRate+1e-9 {
					t.Fatalf("%s went from %g to %g", w.Method, before.Factor(w.Method), w.Factor)
				}
			}
		}
		for i := len(list) - 1; i >= 0; i-- {
			var err error
			if weights, _, err = UndoWeight(weights, list[i]); err != nil {
				t.Fatal(err)
			}
		}
		for _, w := range weights {
			if w.Factor != 1 {
				t.Fatalf("%s is at %g when all is taken back", w.Method, w.Factor)
			}
		}
	})
	if _, _, err := UndoWeight(nil, foreshock.Correction{What: "weight/stl", From: 0, To: 1}); err == nil {
		t.Error("a weight of 0 was undone")
	}
	if _, _, err := UndoWeight(nil, foreshock.Correction{What: "gain", From: 1, To: 2}); err == nil || !strings.Contains(err.Error(), `"gain"`) {
		t.Errorf("a gain was undone as a weight: %v", err)
	}
}

// TestSaidBy: a method that says the contrary says nothing, and one without history is left out.
func TestSaidBy(t *testing.T) {
	part := func(method string, score, deviation float64, ready bool) foreshock.Part {
		return foreshock.Part{Method: method, Score: score, Deviation: deviation, Ready: ready, Weight: 1}
	}
	got := SaidBy([]foreshock.Part{part("a", 3, 9, true), part("b", 0.5, -1, true), part("c", 1, 2, true), part("d", 9, 9, false)}, 2)
	want := []Said{{"a", 1}, {"b", 0}, {"c", 0.5}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("%v, want %v", got, want)
	}
	if got := SaidBy([]foreshock.Part{part("a", 3, 9, true)}, 0); got != nil {
		t.Errorf("without a threshold: %v", got)
	}
}

func TestGenuine(t *testing.T) {
	f := func(e foreshock.Evaluation, genuine, known bool) {
		t.Helper()
		if g, k := Genuine(&e); g != genuine || k != known {
			t.Errorf("%s: %t, %t", e.Verdict, g, k)
		}
	}
	f(foreshock.Evaluation{Verdict: foreshock.Helped}, true, true)
	f(foreshock.Evaluation{Verdict: foreshock.TooLittle}, true, true)
	f(foreshock.Evaluation{Verdict: foreshock.TooMuch, Effect: foreshock.Effect{Upper: -0.5}}, true, true)
	f(foreshock.Evaluation{Verdict: foreshock.TooMuch, Effect: foreshock.Effect{Upper: 0.1}}, false, true)
	f(foreshock.Evaluation{Verdict: foreshock.DidNotHelp}, false, false)
	f(foreshock.Evaluation{Verdict: foreshock.Unclear}, false, false)
	f(foreshock.Evaluation{Verdict: foreshock.Helped, Reduced: true}, false, false)
}

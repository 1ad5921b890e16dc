package surprise

import (
	"math"
	"math/rand/v2"
	"testing"
)

// observe judges a deviation and then learns it.
func observe(r *Records, size, usual float64) float64 {
	s := r.judge(size, usual)
	r.learn(size, usual)
	return s
}

// Whatever the power of a tail, as far as the bound on the lead leaves it alone, records surprise alike. More than one in ten surprises by a decade beyond being one: a record is
// likelier where the greatest happen to lie close together. By Rényi's representation of their distances the share beyond is the product
// over i = 1..k-1 of (1 + 1/i)/(1 + 1/i + r/(k-1)).
func TestRecordsOfPowerLaws(t *testing.T) {
	share := func(decades float64) float64 {
		p, r := 1.0, math.Pow(10, decades/(tops-1))-1
		for i := 1.0; i < tops; i++ {
			p *= (1 + 1/i) / (1 + 1/i + r)
		}
		return p
	}
	f := func(index float64) {
		t.Helper()
		rng := rand.New(rand.NewPCG(11, 11))
		records, beyond := 0.0, [2]float64{}
		for range 2000 {
			var r Records
			for range 100 {
				s := observe(&r, math.Exp(rng.ExpFloat64()/index), 1)
				observe(&r, 0, 1)
				if s == 0 {
					continue
				}
				records++
				for i := range beyond {
					if s-greatest > float64(i+1) {
						beyond[i]++
					}
				}
			}
		}
		for i := range beyond {
			if got, want := beyond[i]/records, share(float64(i+1)); math.Abs(got-want) > 0.1*want {
				t.Errorf("index %g: of %g records %.4f are %d decades beyond, want %.4f", index, records, got, i+1, want)
			}
		}
	}
	f(1.5)
	f(2)
	f(3)
}

func TestARecordIsToldFromSpikesOfUsualHeight(t *testing.T) {
	f := func(height float64, record bool) {
		t.Helper()
		rng := rand.New(rand.NewPCG(12, 12))
		said := play(6000, func(i int) float64 {
			switch x := rng.NormFloat64(); {
			case i == 5990:
				return height
			case i%40 == 30:
				return 60 + 3*x
			default:
				return x
			}
		})
		if alert := said[5990].Alert; alert > 1.4 != record {
			t.Errorf("a spike of %g among spikes of 60: %.2f", height, alert)
		}
	}
	f(62, false)
	f(66, false)
	f(100, true)
}

// An excursion counts once, by its greatest deviation, and is compared with those before it only.
func TestAnExcursionIsOne(t *testing.T) {
	var r Records
	for i := range 8 {
		for _, size := range []float64{2, 10 + float64(i), 3, 0.5} {
			observe(&r, size, 1)
		}
	}
	for i, top := range r.Greatest {
		if want := height(float64(17 - i)); top != want {
			t.Errorf("the height of place %d is %d, want %d", i, top, want)
		}
	}
	first := observe(&r, 40, 1)
	if second := observe(&r, 40, 1); first <= greatest || second != first {
		t.Errorf("the same excursion surprises by %g, then by %g", first, second)
	}
	observe(&r, 0, 1)
	if again := observe(&r, 40, 1); again != 0 {
		t.Errorf("what was reached before surprises by %g", again)
	}
}

// One giant leads by a factor of twenty only: what is that high above all others is a record still.
func TestAGiantHidesNothing(t *testing.T) {
	var r Records
	for i := range 8 {
		observe(&r, 10+float64(i), 1)
		observe(&r, 0, 1)
	}
	observe(&r, 1e6, 1)
	observe(&r, 0, 1)
	if s := observe(&r, 400, 1); s <= greatest {
		t.Errorf("after a giant, what is far above all others surprises by %g", s)
	}
}

// All excursions are scaled, the one that lasts too; what was one stays one, and none is none.
func TestScaledRecords(t *testing.T) {
	f := func(factor float64, from, want Records) {
		t.Helper()
		if from.scale(factor); from != want {
			t.Errorf("times %g: %+v, want %+v", factor, from, want)
		}
	}
	doubled := uint16(math.Round(math.Log(2) * perFold))
	some := Records{Greatest: [tops]uint16{9000, 8000, 7000, 6000, 5000}, Lasting: 4000}
	more := some
	for i := range 5 {
		more.Greatest[i] += doubled
	}
	more.Lasting += doubled
	f(1, some, some)
	f(2, some, more)
	f(0.5, more, some)
	f(1e-300, some, Records{Greatest: [tops]uint16{1, 1, 1, 1, 1}, Lasting: 1})
	f(1e300, some, Records{Greatest: [tops]uint16{math.MaxUint16, math.MaxUint16, math.MaxUint16, math.MaxUint16, math.MaxUint16}, Lasting: math.MaxUint16})
	f(2, Records{}, Records{})
}

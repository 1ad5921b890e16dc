package rehearse

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// noisy is the nightly backup on a demand that goes up and down; it is unusual now and then.
func noisy(i int) Need {
	draw := rand.New(rand.NewPCG(uint64(i), 9))
	n := Need{
		Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: nightly(i) * math.Exp(0.3*draw.NormFloat64()), Known: i%301 != 0, Hidden: i%97 == 0,
		Expected: nightly(i + 5),
	}
	if i%11 == 0 {
		n.Score = 3 * draw.Float64()
	}
	n.Latency, n.Size = 2*draw.Float64()-1, 0.3*draw.NormFloat64()
	return n
}

// seen is a rehearsal that has seen the minutes from from to before to, with a forest where one is due.
func seen(r *Rehearsal, from, to int) *Rehearsal {
	for i := from; i < to; i++ {
		r.Observe(noisy(i))
		if r.GrowDue() {
			r.SetForest(r.Grow())
		}
	}
	return r
}

var someTerms = map[string]Terms{
	"free":   {Quantum: 500, Min: 500, Max: 16000, Delay: 4 * time.Minute, Late: 20},
	"scarce": {Quantum: 100, Min: 100, Max: 16000, Delay: 6 * time.Minute, Spacing: 6 * time.Hour, Late: 20, Worth: 0.15},
}

func again(t *testing.T, r *Rehearsal) *Rehearsal {
	t.Helper()
	data, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 600_000 {
		t.Errorf("%d bytes after %d minutes", len(data), r.past.n)
	}
	back, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := back.Encode(); err != nil || !bytes.Equal(twice, data) {
		t.Errorf("what was decoded is encoded otherwise: %d bytes, %d before, %v", len(twice), len(data), err)
	}
	return back
}

// TestGoesOn: what was written and read again advises in every minute of the next day what it would have advised, to the last bit, also where
// the rings have gone round.
func TestGoesOn(t *testing.T) {
	for name, terms := range someTerms {
		for _, minutes := range []int{1, 90, 2*day + 17, kept + 2*day + 31} {
			r := New(terms)
			if minutes > kept { // most of it without the rules' work
				for i := range kept {
					r.past.add(minute{need: noisy(i).Amount, score: noisy(i).Score, known: true})
				}
				r.end = monday.Add(kept * time.Minute)
				seen(r, kept, minutes)
			} else {
				seen(r, 0, minutes)
			}
			back := again(t, r)
			for i := minutes; i < minutes+day/4; i++ {
				seen(r, i, i+1)
				seen(back, i, i+1)
				a, ok := r.Advice()
				if b, also := back.Advice(); a != b || ok != also {
					t.Fatalf("%s, after %d minutes and %d more: %+v, %v, but without the break %+v, %v", name, minutes, i-minutes, b, also, a, ok)
				}
			}
		}
	}
}

// TestOtherRules: costs of other rules than there are now are of no use; what was needed is, and these are tried on it.
func TestOtherRules(t *testing.T) {
	r := seen(New(someTerms["free"]), 0, 3*day)
	c := r.record()
	c.Rules++
	back, err := c.rehearsal()
	if err != nil {
		t.Fatal(err)
	}
	a, _ := r.Advice()
	b, ok := back.Advice()
	if !ok || back.past.n != r.past.n || back.growths != r.growths || math.Abs(b.Amount/a.Amount-1) > 0.35 || math.Abs(b.Cost/a.Cost-1) > 0.3 { // what forecasts said is not kept
		t.Errorf("%v, %+v; with the costs as they were learned %+v", ok, b, a)
	}
}

// TestFollows: what came while the store had not answered yet is taken in.
func TestFollows(t *testing.T) {
	r := seen(New(someTerms["free"]), 0, day)
	back := again(t, r)
	live := seen(New(someTerms["free"]), day+5, day+60)
	back.Follow(live)
	seen(r, day, day+60)
	if !back.end.Equal(r.end) || back.past.n != r.past.n || back.past.at(day+30) != r.past.at(day+30) || back.past.is(day+2, known) {
		t.Errorf("%d minutes until %s, want %d until %s", back.past.n, back.end, r.past.n, r.end)
	}
	n := back.past.n
	if back.Follow(live); back.past.n != n {
		t.Error("what is known was taken in again")
	}
	back.Follow(New(someTerms["free"]))
	if a, ok := back.Advice(); !ok || a.Amount < 500 || a.Amount > 16000 {
		t.Errorf("%v, %+v", ok, a)
	}
}

// TestRefuses what is cut, of another version, or not plausible.
func TestRefuses(t *testing.T) {
	r := seen(New(someTerms["scarce"]), 0, 200)
	data, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(data); n += 1 + len(data)/200 {
		if _, err := Decode(data[:n]); err == nil {
			t.Fatalf("%d of %d bytes are taken", n, len(data))
		}
	}
	other := bytes.Clone(data)
	if other[0]++; !errors.Is(func() error { _, err := Decode(other); return err }(), ErrVersion) {
		t.Error("another version is taken")
	}
	for what, spoil := range map[string]func(*record){
		"too many minutes":    func(c *record) { c.Minutes++ },
		"a need without end":  func(c *record) { scatter(c.Needs, 3, float32(math.Inf(1))) },
		"a score of nothing":  func(c *record) { scatter(c.Scores, 3, float32(math.NaN())) },
		"an unknown mark":     func(c *record) { c.Marks[0] = 9 },
		"a rule too few":      func(c *record) { c.Trials = c.Trials[1:] },
		"a cost below zero":   func(c *record) { c.Trials[0].Cost[0] = -1 },
		"a cost too few":      func(c *record) { c.Trials[0].Cost = nil },
		"a wish too many":     func(c *record) { c.Trials[0].Past = make([]float64, 99) },
		"a plan too few":      func(c *record) { c.Plans = nil },
		"a plan below zero":   func(c *record) { c.Plans[0][1] = -1 },
		"a change to come":    func(c *record) { c.Trials[0].Held[0][2] = 1e9 },
		"no lead time":        func(c *record) { c.Terms.Delay = -time.Minute },
		"a forest to come":    func(c *record) { c.Knows = c.Minutes + 1 },
		"no price":            func(c *record) { c.Terms.Late = 0 },
		"half a minute":       func(c *record) { c.End++ },
		"a rung above all":    func(c *record) { c.Lowest = mostRung },
		"a growth of nothing": func(c *record) { c.Growths[0] = math.NaN() },
	} {
		c := r.Clone().record()
		spoil(c)
		if err := c.valid(); err == nil {
			if _, err = c.rehearsal(); err == nil {
				t.Errorf("%s is taken", what)
			}
		}
	}
}

// FuzzDecode: whatever bytes come, there is an error, or a rehearsal that goes on.
func FuzzDecode(f *testing.F) {
	for _, terms := range someTerms {
		data, err := seen(New(terms), 0, 150).Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Decode(data)
		if err != nil {
			return
		}
		r.Observe(Need{Time: r.end.Add(3 * time.Minute), Amount: 5, Known: true})
		if a, ok := r.Advice(); ok && !amounts(a.Amount, a.Lower, a.Upper, a.Cost) {
			t.Errorf("it advises %+v", a)
		}
		if _, err := r.Encode(); err != nil {
			t.Errorf("it cannot be written again: %v", err)
		}
	})
}

// What was written before deviations were kept is read; it has none.
func TestDecodeWithoutDeviations(t *testing.T) {
	c := seen(New(someTerms["free"]), 0, 500).record()
	c.Apart, c.Pending.Apart = nil, deviations{}
	if err := c.valid(); err != nil {
		t.Fatal(err)
	}
	r, err := c.rehearsal()
	if err != nil || r.past.n != 500 || r.past.deviationsAt(400) != (deviations{}) || r.past.scoreAt(407) == 0 {
		t.Errorf("%v, %d minutes, deviations %v, score %g", err, r.past.n, r.past.deviationsAt(400), r.past.scoreAt(407))
	}
}

// TestShorterDelay: a lead time that has become shorter does not keep a rehearsal from being written.
func TestShorterDelay(t *testing.T) {
	terms := someTerms["free"]
	terms.Delay = 20 * time.Minute
	r := seen(New(terms), 0, 3*60)
	terms.Delay = time.Minute
	r.SetTerms(terms)
	again(t, r)
}

// TestForestOfOtherTerms: a forest that was grown while changes were free is of no use once they are scarce.
func TestForestOfOtherTerms(t *testing.T) {
	terms := someTerms["free"]
	r := seen(New(terms), 0, day)
	grown := r.Clone().Grow()
	terms.Spacing = 6 * time.Hour
	r.SetTerms(terms)
	if !r.GrowDue() {
		t.Error("none is due")
	}
	if r.SetForest(grown); r.forests != nil {
		t.Error("it is in use")
	}
	r = seen(New(someTerms["free"]), 0, day)
	if r.SetForest(grown); r.forests == nil {
		t.Error("it is not in use where it was grown")
	}
}

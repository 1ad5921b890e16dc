package profile

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// made is coarse history: days days of quarter hours.
func made(days int, at func(day, quarter int) float64) SeasonWork {
	w := SeasonWork{End: start.Add(time.Duration(days) * 24 * time.Hour), Length: 15 * time.Minute, Floor: 0.5, Relative: 0.02}
	for i := range days * 96 {
		w.Values = append(w.Values, at(i/96, i%96))
	}
	return w
}

func TestFindSeason(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	noise := func(sd float64) float64 { return math.Exp(sd * rng.NormFloat64()) }
	f := func(name string, w SeasonWork, want ...int) foreshock.Season {
		t.Helper()
		s, err := FindSeason(w)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(s.Periods) != len(want) {
			t.Fatalf("%s: periods %v, want %v", name, s.Periods, want)
		}
		for i := range want {
			if s.Periods[i] != want[i] || len(s.Table[i]) != want[i] {
				t.Errorf("%s: periods %v, want %v", name, s.Periods, want)
			}
		}
		if err := seasonValid(&s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return s
	}
	shape := func(q int) float64 { return 1 + 0.8*math.Sin(2*math.Pi*float64(q)/96) }
	s := f("a day", made(4, func(_, q int) float64 { return 1000 * shape(q) * noise(0.05) }), 96)
	for q := range 96 { // the middle of a quarter of the next day
		at, _, _ := s.At(start.Add(4*24*time.Hour + time.Duration(q)*15*time.Minute + 450*time.Second))
		closeTo(t, "season", s.Value(s.Level+at), 1000*shape(q), 0.25)
	}
	if s.Strength < 0.9 {
		t.Errorf("strength %g", s.Strength)
	}
	if s := f("changes are relative", made(5, func(_, q int) float64 { return 1000 * math.Pow(10, math.Sin(2*math.Pi*float64(q)/96)) * noise(0.2) }), 96); !s.Log {
		t.Error("no logarithm was taken of relative changes")
	}
	if s := f("changes are absolute", made(5, func(_, q int) float64 { return 3000 + 2500*math.Sin(2*math.Pi*float64(q)/96) + 50*rng.NormFloat64() }), 96); s.Log {
		t.Error("the logarithm was taken of absolute changes")
	}
	f("gaps and outliers", made(5, func(d, q int) float64 {
		switch {
		case d == 2 && q > 20 && q < 70:
			return math.NaN()
		case d == 3 && q > 40 && q < 50:
			return 50000
		}
		return 1000 * shape(q) * noise(0.05)
	}), 96)
	f("a week", made(28, func(d, q int) float64 {
		week := 1.0
		if d%7 >= 5 {
			week = 0.3
		}
		return 1000 * week * shape(q) * noise(0.05)
	}), 96, 672)
	f("noise", made(6, func(int, int) float64 { return 1000 * noise(0.5) }))
	f("a constant", made(6, func(int, int) float64 { return 1000 }))
	f("nothing", made(6, func(int, int) float64 { return math.NaN() }))
	f("zero", made(6, func(int, int) float64 { return 0 }))
	f("too short", made(2, func(_, q int) float64 { return 1000 * shape(q) }))
	y := 0.0
	f("a random walk", made(7, func(int, int) float64 { y += 0.05 * rng.NormFloat64(); return 1000 * math.Exp(y) }))
	if _, err := FindSeason(SeasonWork{}); err == nil {
		t.Error("a coarse step without length was accepted")
	}
}

func TestSeasonDue(t *testing.T) {
	f := newFeed(15 * time.Minute)
	due := func() bool { return SeasonDue(f.p, foreshock.IOPS, f.now, &f.cfg) }
	for range 288 {
		f.learn(foreshock.IOPS, 1000, 0)
		if due() {
			t.Fatalf("due after %d coarse steps", f.p.Steps)
		}
	}
	f.learn(foreshock.IOPS, 1000, 0)
	if !due() {
		t.Fatal("not due after three days")
	}
	work := SeasonInput(f.p, foreshock.IOPS, &f.cfg)
	if len(work.Values) != 288 || !work.End.Equal(f.now.Add(-15*time.Minute)) {
		t.Errorf("%d coarse steps to %s at %s", len(work.Values), work.End, f.now)
	}
	s, err := FindSeason(work)
	if err != nil {
		t.Fatal(err)
	}
	SetSeason(f.p, foreshock.IOPS, s)
	for range 22 {
		f.learn(foreshock.IOPS, 1000, 0)
		if due() {
			t.Fatal("due again at once")
		}
	}
	for range 3 {
		f.learn(foreshock.IOPS, 1000, 0)
	}
	if !due() {
		t.Error("not due after six hours")
	}
	SetSeason(f.p, foreshock.Latency, s) // a metric that is not there: nothing happens
}

func TestSeasonAtIsContinuousAndPeriodic(t *testing.T) {
	s := foreshock.Season{Periods: []int{4}, Origin: start, Length: time.Hour, Table: [][]float32{{0, 1, 4, -2}}, Scale: 1}
	f := func(hours, want float64) {
		t.Helper()
		got, least, most := s.At(start.Add(time.Duration(hours * float64(time.Hour))))
		if math.Abs(got-want) > 1e-9 || got < least || got > most {
			t.Errorf("%g h from the origin: %g within %g to %g, want %g", hours, got, least, most, want)
		}
	}
	f(-0.5, 0)
	f(0.5, 1)
	f(1.5, 4)
	f(1, 2.5)
	f(2.5, -2)
	f(3, -1)
	f(3.5, 0)
	f(-4.5, 0)
	f(-3, 2.5)
	f(400.5, 1)
	if r := s.Remainder(7, 3, start.Add(90*time.Minute)); r != 3 {
		t.Errorf("what the season explains leaves %g, want the level 3", r)
	}
	if r := s.Remainder(9, 3, start.Add(90*time.Minute)); r != 5 {
		t.Errorf("2 more than the season explains leave %g, want 5", r)
	}
}

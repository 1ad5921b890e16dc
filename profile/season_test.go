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
	w := SeasonWork{End: start.Add(time.Duration(days) * 24 * time.Hour), Length: 15 * time.Minute}
	for i := range days * 96 {
		w.Values = append(w.Values, at(i/96, i%96))
	}
	return w
}

// What is usual in an hour of the day is the mean over the days of the week, where a week was found beside the day: from whatever day on it is looked at.
func TestDayOfAWeekIsItsMean(t *testing.T) {
	f := func(days int, weekend float64) {
		t.Helper()
		rng := rand.New(rand.NewPCG(7, 8))
		at := func(d, q int) float64 {
			x := 500 + 400*math.Sin(2*math.Pi*float64(q)/96)
			if d%7 >= 5 { // from Monday on
				x *= weekend
			}
			return x
		}
		s, err := FindSeason(made(days, func(d, q int) float64 { return at(d, q) * math.Exp(0.05*rng.NormFloat64()) }))
		if err != nil || len(s.Periods) != 2 {
			t.Fatalf("%v, %v", s.Periods, err)
		}
		for h, x := range s.Day {
			want := 0.0
			for d := range 7 {
				for q := range 4 {
					want += at(d, 4*h+q) / 28
				}
			}
			if math.Abs(x-want) > 60 {
				t.Errorf("after %d days, weekends of %g: %.0f in hour %d, want %.0f", days, weekend, x, h, want)
			}
		}
	}
	f(28, 0.2)
	f(30, 0.2)
	f(33, 0.2)
	f(30, 2)
}

func TestFindSeason(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	noise := func(sd float64) float64 { return math.Exp(sd * rng.NormFloat64()) }
	f := func(name string, w SeasonWork, want ...int) FoundSeason {
		t.Helper()
		s, err := FindSeason(w)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(s.Periods) != len(want) {
			t.Fatalf("%s: periods %v, want %v", name, s.Periods, want)
		}
		for i := range want {
			if s.Periods[i] != want[i] {
				t.Errorf("%s: periods %v, want %v", name, s.Periods, want)
			}
		}
		if len(want) > 0 && len(s.Day) != 24 || len(want) > 1 && len(s.Week) != 168 || len(want) == 0 && s.Day != nil {
			t.Errorf("%s: a day of %d hours, a week of %d", name, len(s.Day), len(s.Week))
		}
		return s
	}
	shape := func(q int) float64 { return 1 + 0.8*math.Sin(2*math.Pi*float64(q)/96) }
	s := f("a day", made(4, func(_, q int) float64 { return 1000 * shape(q) * noise(0.05) }), 96)
	for h, x := range s.Day {
		want := 0.0
		for q := range 4 {
			want += 1000 * shape(4*h+q) / 4
		}
		closeTo(t, "usual in an hour", x, want, 0.2)
	}
	if s.Strength < 0.9 {
		t.Errorf("strength %g", s.Strength)
	}
	relative := made(5, func(_, q int) float64 { return 1000 * math.Pow(10, math.Sin(2*math.Pi*float64(q)/96)) * noise(0.2) })
	if f("changes are relative", relative, 96); !spreadGrows(relative.Values, 24) {
		t.Error("no logarithm was taken of relative changes")
	}
	absolute := made(5, func(_, q int) float64 { return 3000 + 2500*math.Sin(2*math.Pi*float64(q)/96) + 50*rng.NormFloat64() })
	if f("changes are absolute", absolute, 96); spreadGrows(absolute.Values, 24) {
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
	week := f("a week", made(28, func(d, q int) float64 {
		week := 1.0
		if d%7 >= 5 {
			week = 0.3
		}
		return 1000 * week * shape(q) * noise(0.05)
	}), 96, 672)
	for h, x := range week.Week { // from Monday on
		want := 1000 * (shape(4*(h%24)) + shape(4*(h%24)+3)) / 2
		if h/24 >= 5 {
			want *= 0.3
		}
		closeTo(t, "usual in an hour of the week", x, want, 0.25)
	}
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
	work := SeasonInput(f.p, foreshock.IOPS)
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

// The shape of a season that was found takes the place of the one that was kept as readings came, at the level that they have now.
func TestSetSeasonRenewsTheShape(t *testing.T) {
	f := newFeed(15 * time.Minute)
	for i := range 3 * 96 {
		f.learn(foreshock.IOPS, 1000+500*math.Sin(2*math.Pi*float64(i)/96), 0)
	}
	s := FoundSeason{Season: foreshock.Season{Periods: []int{96}, Length: 15 * time.Minute, Renewed: f.now}, Day: make([]float64, 24)}
	for h := range s.Day {
		s.Day[h] = 100 + float64(h)
	}
	SetSeason(f.p, foreshock.IOPS, s)
	sum, before := 0.0, math.NaN()
	for h := range s.Day {
		r := &f.p.Metrics[foreshock.IOPS].Rarity
		x, _ := r.Expect(start.Add(time.Duration(h) * time.Hour).Unix())
		if h > 0 {
			closeTo(t, "step from the hour before", x-before, 1, 0.05)
		}
		sum, before = sum+x-r.Level(), x
	}
	closeTo(t, "mean of the hours", sum/24, 1000, 0.05)
	SetSeason(f.p, foreshock.Latency, s) // a metric that is not there: nothing happens
}

// Hours are those of the clock, whichever quarter of one the history begins and ends in, and what is missing in one does not count.
func TestSeasonsAreSoughtByTheHour(t *testing.T) {
	w := made(4, func(_, q int) float64 { return float64(q / 4) })
	f := func(from, to int) {
		t.Helper()
		part := SeasonWork{Values: w.Values[from:to], End: start.Add(time.Duration(to) * w.Length), Length: w.Length}
		part.Values[0] = math.NaN() // one of four
		hours, per := part.byHour()
		if want := (to / 4 * 4) - ((from + 3) / 4 * 4); per != 4 || len(hours.Values) != want/4 || !hours.End.Equal(start.Add(time.Duration(to/4)*time.Hour)) {
			t.Fatalf("%d hours of %d steps until %s, want %d", len(hours.Values), per, hours.End, want/4)
		}
		for i, x := range hours.Values {
			if want := float64(((from+3)/4 + i) % 24); x != want {
				t.Errorf("hour %d is %g, want %g", i, x, want)
			}
		}
	}
	f(0, 384)
	f(1, 384)
	f(0, 382)
	f(3, 379)
	if same, per := (SeasonWork{Values: w.Values, Length: 7 * time.Minute}).byHour(); per != 1 || len(same.Values) != len(w.Values) {
		t.Errorf("steps that no hour is made of: %d of %d", len(same.Values), per)
	}
}

package profile

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/robust"
	"github.com/foreshock-io/foreshock/timeseries/stl"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// leastStrength is the share of the variance that a season must explain to be used.
const leastStrength = 0.3

// SeasonWork is all that finding a season depends on.
type SeasonWork struct {
	Values []float64     // means of coarse steps, oldest first; NaN where missing
	End    time.Time     // of the newest
	Length time.Duration // of a coarse step
}

// FoundSeason is a season with its shape: what is usual in each hour of the day and of the week, in the metric's unit, from Monday
// on; nil where there is no such season.
type FoundSeason struct {
	foreshock.Season
	Day, Week []float64
}

// leastDays is of how many days there must be means: with fewer cycles a season cannot be told from chance.
const leastDays = 3

// SeasonDue says whether it is time to look for the season of m: when there are three days, and then every Config.Renew, in the first week four times as often.
func SeasonDue(p *foreshock.Profile, m foreshock.Metric, now time.Time, cfg *Config) bool {
	mp := p.Metrics[m]
	if mp == nil || p.Coarse.Length <= 0 {
		return false
	}
	day := int(24 * time.Hour / p.Coarse.Length)
	n := p.History.Rows()
	if day < 4 || n < leastDays*day {
		return false
	}
	every := cfg.Renew
	if n < 7*day {
		every /= 4
	}
	return mp.Season == nil || now.Sub(mp.Season.Renewed) >= every
}

// SeasonInput copies what finding the season of m needs, so that it can be done elsewhere while the profile goes on.
func SeasonInput(p *foreshock.Profile, m foreshock.Metric) SeasonWork {
	work := SeasonWork{End: p.Coarse.End().Add(-p.Coarse.Length), Length: p.Coarse.Length}
	if mp := p.Metrics[m]; mp != nil {
		work.Values = p.MeansOf(m).Values(nil)
	}
	return work
}

// FindSeason looks for a day and a week in the coarse steps and decomposes them by robust STL (several seasons: MSTL). It
// is slow, pure and safe to run anywhere. A season without Periods says that there is none.
//
// Whether the logarithm is decomposed is decided from the data by their spread-versus-level plot (Tukey 1977): when the
// spread within quarter days grows with at least the square root of their level, changes are relative.
func FindSeason(work SeasonWork) (FoundSeason, error) {
	none := FoundSeason{Season: foreshock.Season{Renewed: work.End, Length: work.Length}}
	if work.Length <= 0 {
		return none, errors.New("season: the length of a coarse step must be above 0")
	}
	work, per := work.byHour()
	day := int((24*time.Hour + work.Length/2) / work.Length)
	if day < 4 || len(work.Values) < leastDays*day-1 { // a metric may be younger than its workload; what is not a whole hour was left out
		return none, nil
	}
	middle := robust.Median(work.Values)
	if !(middle >= 0) {
		return none, nil
	}
	scale := levelScale{}
	if middle > 0 && spreadGrows(work.Values, max(4, day/4)) {
		scale = levelScale{log: true, unit: middle / 4}
	}
	y := make([]float64, len(work.Values))
	for i, x := range work.Values {
		y[i] = scale.on(x)
	}
	s := none
	for _, found := range stl.FindPeriod(y, day, 7*day) {
		if found.Strength >= leastStrength {
			s.Periods = append(s.Periods, found.Period)
		}
	}
	if len(s.Periods) == 0 {
		return none, nil
	}
	result, err := stl.DecomposeMulti(y, stl.MultiConfig{Periods: s.Periods, Base: stl.Config{Robust: true}})
	if err != nil {
		return none, fmt.Errorf("season: %w", err)
	}
	var stats robust.Workspace
	s.Periods, s.Strength = result.Periods, strength(result, &stats)
	if !finite(s.Strength) {
		return none, errors.New("season: the decomposition is not finite")
	}
	s.shape(result, scale, day, work)
	s.Periods = slices.Clone(s.Periods)
	for i := range s.Periods {
		s.Periods[i] *= per
	}
	return s, nil
}

// byHour makes hours, which is what a shape is told by, of so many shorter steps each: a decomposition of them takes a fraction of the time. What is
// not a whole hour at the end is left out.
func (w SeasonWork) byHour() (hours SeasonWork, per int) {
	per = int(time.Hour / w.Length)
	if per < 2 || time.Hour%w.Length != 0 {
		return w, 1
	}
	end := w.End.Truncate(time.Hour)
	values := w.Values[:max(0, len(w.Values)-int(w.End.Sub(end)/w.Length))]
	values = values[len(values)%per:]
	hours = SeasonWork{End: end, Length: time.Hour, Values: make([]float64, 0, len(values)/per)}
	for ; len(values) > 0; values = values[per:] {
		sum, n := 0.0, 0.0
		for _, x := range values[:per] {
			if x == x {
				sum, n = sum+x, n+1
			}
		}
		hours.Values = append(hours.Values, sum/n) // NaN where all are missing
	}
	return hours, per
}

// levelScale is that on which changes are alike at every height: the readings', or ln(1+x/unit).
type levelScale struct {
	log  bool
	unit float64
}

func (s levelScale) on(x float64) float64 {
	if s.log {
		return math.Log1p(x / s.unit)
	}
	return x
}

func (s levelScale) value(y float64) float64 {
	if s.log {
		y = s.unit * math.Expm1(min(y, 60))
	}
	return max(0, y)
}

// shape fills in the hours from the last cycle of the longest season, at the level that the trend has at its end. What is usual in an hour of the day is the
// mean over the days of a week where there is one: of a week and a day that a decomposition finds together neither has all of what comes every day.
func (s *FoundSeason) shape(r stl.MultiResult, scale levelScale, day int, work SeasonWork) {
	n := len(work.Values)
	level, cycle := r.Trend[n-1], slices.Max(r.Periods)
	for _, period := range r.Periods {
		hours := &s.Day
		if period > day {
			hours = &s.Week
		}
		*hours = hourly(period*int(work.Length/time.Second)/3600, func(yield func(time.Time, float64)) {
			for k := n - cycle; k < n; k++ {
				middle := work.End.Add(time.Duration(k+1-n)*work.Length - work.Length/2)
				added := 0.0
				for _, seasonal := range r.Seasonal {
					added += seasonal[k]
				}
				yield(middle, scale.value(level+added))
			}
		})
	}
}

// hourly is the means of what is yielded in each hour of a cycle; nil when there is nothing in one of them.
func hourly(hours int, each func(yield func(time.Time, float64))) []float64 {
	sums, counts := make([]float64, hours), make([]float64, hours)
	each(func(at time.Time, x float64) {
		i := surprise.HourOf(at.Unix(), hours)
		sums[i], counts[i] = sums[i]+x, counts[i]+1
	})
	for i := range sums {
		if sums[i] /= counts[i]; !finite(sums[i]) {
			return nil
		}
	}
	return sums
}

// strength is 1 - Var(remainder)/Var(season + remainder) (Wang, Smith, Hyndman 2006), with robust spreads.
func strength(r stl.MultiResult, stats *robust.Workspace) float64 {
	detrended := make([]float64, len(r.Remainder))
	copy(detrended, r.Remainder)
	for _, seasonal := range r.Seasonal {
		for i, v := range seasonal {
			detrended[i] += v
		}
	}
	rest := stats.MAD(r.Remainder)
	whole, mean, n := 0.0, 0.0, 0.0
	for _, v := range detrended {
		if v == v {
			n++
			d := v - mean
			mean += d / n
			whole += d * (v - mean)
		}
	}
	if !(whole > 0) {
		return 0
	}
	return max(0, 1-rest*rest/(whole/n))
}

// spreadGrows tells by the slope of ln(spread) on ln(level) over parts of the series whether changes are relative.
func spreadGrows(x []float64, part int) bool {
	var n, sx, sy, sxx, sxy float64
	var stats robust.Workspace
	for ; len(x) >= part; x = x[part:] {
		level, spread := stats.Median(x[:part]), stats.MAD(x[:part])
		if !(level > 0 && spread > 0) {
			continue
		}
		a, b := math.Log(level), math.Log(spread)
		n, sx, sy, sxx, sxy = n+1, sx+a, sy+b, sxx+a*a, sxy+a*b
	}
	if n < 4 {
		return false
	}
	variance := sxx - sx*sx/n
	return variance > 1e-6*n && (sxy-sx*sy/n)/variance >= 0.5
}

// SetSeason puts a season that FindSeason found into the profile.
func SetSeason(p *foreshock.Profile, m foreshock.Metric, s FoundSeason) {
	mp := p.Metrics[m]
	if mp == nil {
		return
	}
	season := s.Season // without the shape, which a pointer into s would keep
	mp.Season = &season
	mp.Rarity.Renew(s.Day)
	mp.Rarity.Renew(s.Week)
}

func finite(xs ...float64) bool {
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

package profile

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/ewma"
	"github.com/foreshock-io/foreshock/timeseries/robust"
	"github.com/foreshock-io/foreshock/timeseries/stl"
)

// leastStrength is the share of the variance that a season must explain to be used.
const leastStrength = 0.3

// SeasonWork is all that finding a season depends on.
type SeasonWork struct {
	Values   []float64     // means of coarse steps, oldest first; NaN where missing
	End      time.Time     // of the newest
	Length   time.Duration // of a coarse step
	Floor    float64       // least spread in the metric's unit
	Relative float64       // least spread, relative to the level
}

// SeasonDue says whether it is time to look for the season of m: when there are three days (with fewer cycles a season cannot be
// told from chance), and then every Config.Renew, in the first week four times as often.
func SeasonDue(p *foreshock.Profile, m foreshock.Metric, now time.Time, cfg *Config) bool {
	mp := p.Metrics[m]
	if mp == nil || p.Coarse.Length <= 0 {
		return false
	}
	day := int(24 * time.Hour / p.Coarse.Length)
	n := mp.Coarse.Len()
	if day < 4 || n < 3*day {
		return false
	}
	every := cfg.Renew
	if n < 7*day {
		every /= 4
	}
	return now.Sub(mp.Season.Renewed) >= every
}

// SeasonInput copies what finding the season of m needs, so that it can be done elsewhere while the profile goes on.
func SeasonInput(p *foreshock.Profile, m foreshock.Metric, cfg *Config) SeasonWork {
	work := SeasonWork{
		End: p.Coarse.End.Add(-p.Coarse.Length), Length: p.Coarse.Length,
		Floor: cfg.Floors.of(m), Relative: cfg.RelativeFloor,
	}
	if mp := p.Metrics[m]; mp != nil {
		work.Values = mp.Coarse.Values(nil)
	}
	return work
}

// FindSeason looks for a day and a week in the coarse steps and decomposes them by robust STL (several seasons: MSTL). It
// is slow, pure and safe to run anywhere. A season without Periods says that there is none.
//
// Whether the logarithm is decomposed is decided from the data by their spread-versus-level plot (Tukey 1977): when the
// spread within quarter days grows with at least the square root of their level, changes are relative.
func FindSeason(work SeasonWork) (foreshock.Season, error) {
	none := foreshock.Season{Renewed: work.End}
	if work.Length <= 0 {
		return none, errors.New("season: the length of a coarse step must be above 0")
	}
	day := int((24*time.Hour + work.Length/2) / work.Length)
	if day < 4 || len(work.Values) <= 2*day {
		return none, nil
	}
	s := foreshock.Season{Length: work.Length, Renewed: work.End, Scale: 1}
	middle := robust.Median(work.Values)
	if !(middle >= 0) {
		return none, nil
	}
	if spreadGrows(work.Values, max(4, day/4)) {
		s.Log, s.Scale = true, max(middle, work.Floor)/4
	}
	y := make([]float64, len(work.Values))
	for i, x := range work.Values {
		y[i] = s.On(x)
	}
	for _, found := range stl.FindPeriod(y, day, 7*day) {
		if found.Strength >= leastStrength {
			s.Periods = append(s.Periods, found.Period)
			s.Strength = max(s.Strength, min(1, found.Strength))
		}
	}
	if len(s.Periods) == 0 {
		return none, nil
	}
	if err := decompose(&s, y, work); err != nil {
		return none, fmt.Errorf("season: %w", err)
	}
	return s, nil
}

// decompose fills in table, level, spread, strength. The table is the last cycle of each season.
func decompose(s *foreshock.Season, y []float64, work SeasonWork) error {
	result, err := stl.DecomposeMulti(y, stl.MultiConfig{Periods: s.Periods, Base: stl.Config{Robust: true}})
	if err != nil {
		return err
	}
	n := len(y)
	s.Periods = result.Periods
	s.Origin = work.End.Add(time.Duration(1-n) * work.Length)
	for i, period := range result.Periods {
		phases := make([]float32, period)
		for k := n - period; k < n; k++ {
			phases[k%period] = float32(result.Seasonal[i][k])
		}
		s.Table = append(s.Table, phases)
	}
	var stats robust.Workspace
	s.Spread = stats.MAD(result.Remainder)
	s.Level = recentLevel(s, y, work)
	height := s.Value(s.Level)
	s.Floor = max(work.Relative*height, work.Floor)
	if s.Log {
		s.Floor = math.Log1p(s.Floor / (s.Scale + height))
	}
	s.Spread = max(s.Spread, s.Floor)
	s.Strength = strength(result, &stats)
	if !finite(s.Level, s.Spread, s.Floor, s.Strength) || !finiteTable(s.Table) {
		return errors.New("the decomposition is not finite")
	}
	return nil
}

// recentLevel is the median of the last day without its season: where the trend is now, whatever the last hour was.
func recentLevel(s *foreshock.Season, y []float64, work SeasonWork) float64 {
	n := len(y)
	rest := make([]float64, 0, s.Periods[0])
	for i := max(0, n-s.Periods[0]); i < n; i++ {
		middle := work.End.Add(time.Duration(i+1-n)*work.Length - work.Length/2)
		at, _, _ := s.At(middle)
		rest = append(rest, y[i]-at)
	}
	if level := robust.Median(rest); level == level {
		return level
	}
	return robust.Median(y)
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

// SetSeason puts a season that FindSeason found into the profile, with a level and a spread of single steps about it.
func SetSeason(p *foreshock.Profile, m foreshock.Metric, s foreshock.Season) {
	mp := p.Metrics[m]
	if mp == nil {
		return
	}
	renewed, sameScale := len(mp.Season.Periods) > 0, mp.Season.Log == s.Log
	mp.Season = s
	if len(s.Periods) == 0 {
		mp.Rest = ewma.New(mp.Rest.Alpha)
		return
	}
	mp.Rest.Mean = s.Level
	if renewed && sameScale && mp.Rest.Weight > 0 {
		return
	}
	// Steps spread more than the means of coarse steps do: by what they spread within the window as well.
	within := mp.Level.Spread
	if !s.Log {
		within *= mp.Level.Scale + mp.Level.Value(mp.Level.Mean)
	}
	mp.Rest.Variance = s.Spread*s.Spread + within*within
	mp.Rest.Weight = 1 - 1e-9
}

func finite(xs ...float64) bool {
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

func finiteTable(table [][]float32) bool {
	for _, phases := range table {
		for _, v := range phases {
			if !finite(float64(v)) {
				return false
			}
		}
	}
	return true
}

package decide

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Occasion is a time of which it is known beforehand that more will be needed.
type Occasion struct {
	Name  string        `yaml:"name"`
	Dates []Date        `yaml:"dates"`
	From  TimeOfDay     `yaml:"from"`  // when it begins on each date; default 00:00
	Lasts time.Duration `yaml:"lasts"` // default 24h; whole days of it are those of the calendar
	Lead  time.Duration `yaml:"lead"`  // how long before capacity is to be there; default 1h
	Zone  Zone          `yaml:"zone"`  // default UTC
	// Factor is demand over what is usual; 0: not known.
	Factor float64                         `yaml:"factor"`
	Min    map[foreshock.Dimension]float64 `yaml:"min"` // capacity that is to be ready, in the dimension's unit
}

// Date is a day: of one year, of every year (Year 0), of every month (Month 0), the last of every month (Day 0).
type Date struct{ Year, Month, Day int }

// monthEnd is how the last day of every month is written.
const monthEnd = "month-end"

// UnmarshalText reads 2026-12-24, 12-24 (every year), 15 (every month) and month-end.
func (d *Date) UnmarshalText(text []byte) error {
	s := string(text)
	if s == monthEnd {
		*d = Date{}
		return nil
	}
	if day, err := strconv.Atoi(s); err == nil && day >= 1 && day <= 31 {
		*d = Date{Day: day}
		return nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil && t.Year() > 0 {
		*d = Date{t.Year(), int(t.Month()), t.Day()}
		return nil
	}
	if t, err := time.Parse(time.DateOnly, "2000-"+s); err == nil { // a leap year, so that 02-29 is a date
		*d = Date{Month: int(t.Month()), Day: t.Day()}
		return nil
	}
	return fmt.Errorf("%q is no date; write for example 2026-12-24, 12-24 (every year), 15 (every month), %s", s, monthEnd)
}

// is says whether a day, at noon, is the date.
func (d Date) is(day time.Time) bool {
	if d.Day == 0 {
		return day.AddDate(0, 0, 1).Day() == 1
	}
	return d.Day == day.Day() && (d.Month == 0 || d.Month == int(day.Month())) && (d.Year == 0 || d.Year == day.Year())
}

const (
	longestOccasion = 31 * 24 * time.Hour
	mostFactor      = 100
)

// occurrence is an occasion that is near or under way.
type occurrence struct {
	*Occasion
	start, end time.Time
}

// near gives the occurrence that is near or under way at a time, the first of several.
func (o *Occasion) near(t time.Time) (occurrence, bool) {
	zone := o.Zone.location()
	y, m, first := t.Add(-o.Lasts - 25*time.Hour).In(zone).Date()
	last := t.Add(o.Lead + 24*time.Hour)
	for i := 0; ; i++ {
		day := time.Date(y, m, first+i, 12, 0, 0, 0, zone)
		if day.After(last) {
			return occurrence{}, false
		}
		for _, date := range o.Dates {
			if !date.is(day) {
				continue
			}
			at := occurrence{o, o.clock(day, 0), o.clock(day, o.Lasts)}
			if !t.Before(at.start.Add(-o.Lead)) && t.Before(at.end) {
				return at, true
			}
		}
	}
}

// clock is the moment that is From and a time later on a day; days are added by the calendar.
func (o *Occasion) clock(day time.Time, later time.Duration) time.Time {
	const whole = 24 * time.Hour
	y, m, d := day.Date()
	return time.Date(y, m, d+int(later/whole), int(o.From)/60, int(o.From)%60, 0, 0, day.Location()).Add(later % whole)
}

func (o *occurrence) String() string {
	return fmt.Sprintf("%s from %s to %s", o.Name, clock(o.start), clock(o.end))
}

// occasions lists what is near or under way.
func (d *deliberation) occasions() (list []occurrence) {
	for i := range d.policy.Calendar {
		if o, near := d.policy.Calendar[i].near(d.Now); near {
			list = append(list, o)
		}
	}
	return list
}

// awaited wants what is to be ready for the occasions that are near or under way.
func (d *deliberation) awaited() {
	for _, o := range d.occasions() {
		for _, m := range d.dims {
			if ready := o.Min[m.Dimension]; ready > d.wanted(m) {
				d.want(m, ready)
				d.because(Calendar, "%s: %s of %s is to be ready", &o, m.text(ready), m.Dimension)
			}
			d.multiplied(&o, m)
		}
	}
}

// multiplied wants, before an occasion begins, its factor times what is usual. Once it has begun, demand shows by itself.
func (d *deliberation) multiplied(o *occurrence, m measure) {
	if o.Factor <= 1 || !d.Now.Before(o.start) || !m.known {
		return
	}
	usual := d.usual(m, o.end.Sub(d.Now))
	to := d.withHeadroom(usual * o.Factor)
	if to > d.wanted(m) && to >= m.have*(1+worthwhile) {
		d.want(m, to)
		d.because(Calendar, "%s: %g times the usual %s + %s headroom = %s", o, o.Factor, m.text(usual), percent(d.policy.Headroom), m.text(to))
	}
}

// usual is the highest demand that is seen or, by a forecast that may act, expected.
func (d *deliberation) usual(m measure, over time.Duration) float64 {
	usual := m.demand
	if peak, watched := d.RecentPeak.Get(m.Dimension); watched && finite(peak) {
		usual = math.Max(usual, peak)
	}
	if _, may := d.acting(m); may {
		if e, ok := d.peak(m, over); ok {
			usual = math.Max(usual, e.peak)
		}
	}
	return usual
}

// scheduled settles, under a policy that states costs, for what is to be ready by the calendar; without one it is among what more wants.
func scheduled(d *deliberation) bool {
	if !d.policy.Objective.Stated() || len(d.Advice) == 0 {
		return false
	}
	d.awaited()
	return d.settle(foreshock.Grow)
}

// withinCalendar keeps what is to be ready, and anything at all where an occasion's factor is stated: it must not be undone at once.
func withinCalendar(d *deliberation, kind foreshock.Kind, w *wish) bool {
	if kind != foreshock.Shrink {
		return true
	}
	for _, o := range d.occasions() {
		least := o.Min[w.Dimension]
		if o.Factor > 1 {
			least = w.have
		}
		if least = math.Min(least, w.have); w.to < least {
			d.limit(w, least, Calendar, "%s of %s would do, %s is kept: %s", w.text(w.to), w.Dimension, w.text(least), &o)
			w.need = math.Max(w.need, least) // no rounding takes of it either
		}
	}
	return true
}

package decide

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Allow is what a window lets through, from the most generous.
type Allow uint8

// What a window may let through.
const (
	AllowAll         Allow = iota
	AllowGrow              // no reductions
	AllowEmergencies       // growth in an emergency, the roll-back of a reduction among it
	AllowNothing
	numAllows
)

var allowNames = [numAllows]string{"all", "grow", "emergencies", "nothing"}

func (a Allow) String() string { return allowNames[min(a, AllowNothing)] }

// UnmarshalText reads what is allowed.
func (a *Allow) UnmarshalText(text []byte) error {
	at := slices.Index(allowNames[:], string(text))
	if at < 0 {
		return fmt.Errorf("%q is nothing that can be allowed; there is: %s", text, strings.Join(allowNames[:], ", "))
	}
	*a = Allow(at)
	return nil
}

// lets says whether a change passes.
func (a Allow) lets(kind foreshock.Kind, emergency bool) bool {
	switch a {
	case AllowAll:
		return true
	case AllowGrow:
		return kind == foreshock.Grow
	case AllowEmergencies:
		return kind == foreshock.Grow && emergency
	}
	return false
}

// Window is a time of the week and what may be changed in it, and when none is open. It is told by the clock on the wall: one that begins in
// an hour that the change to summer time leaves out is shorter that day, one over the hour that comes twice is longer.
type Window struct {
	Name    string    `yaml:"name"`
	Days    []Weekday `yaml:"days"` // on which it begins; none: every day
	From    TimeOfDay `yaml:"from"` // default 00:00
	To      TimeOfDay `yaml:"to"`   // not after From: on the next day; default 00:00
	Zone    Zone      `yaml:"zone"` // default UTC
	Inside  Allow     `yaml:"inside"`
	Outside Allow     `yaml:"outside"` // while no window is open that states one
}

// open says whether a time is in the window.
func (w *Window) open(t time.Time) bool {
	local := t.In(w.Zone.location())
	now := TimeOfDay(local.Hour()*60 + local.Minute())
	today := Weekday(local.Weekday())
	if w.To > w.From {
		return w.on(today) && now >= w.From && now < w.To
	}
	return w.on(today) && now >= w.From || w.on((today+6)%7) && now < w.To
}

func (w *Window) on(day Weekday) bool { return len(w.Days) == 0 || slices.Contains(w.Days, day) }

func (w *Window) String() string {
	days := "every day"
	if len(w.Days) > 0 {
		names := make([]string, len(w.Days))
		for i, d := range w.Days {
			names[i] = d.String()
		}
		days = strings.Join(names, ", ")
	}
	if w.From != w.To {
		days += fmt.Sprintf(" %s-%s", w.From, w.To)
	}
	return fmt.Sprintf("window %q (%s %s)", w.Name, days, w.Zone)
}

// Closed says why a change of this kind may not be made at a time, or "". The strictest of the windows that are open counts, and where
// some say what holds outside of them, one of these must be open, or the strictest of that counts as well.
func (p *Policy) Closed(t time.Time, kind foreshock.Kind, emergency bool) string {
	allowed, why := AllowAll, ""
	outside, where := AllowAll, ""
	anyOpen := false
	for i := range p.Windows {
		w := &p.Windows[i]
		open := w.open(t)
		if open && w.Inside > allowed {
			allowed, why = w.Inside, w.String()+" is open"
		}
		anyOpen = anyOpen || open && w.Outside > AllowAll
		if w.Outside > outside {
			outside, where = w.Outside, w.String()+" is closed"
		}
	}
	if !anyOpen && outside > allowed {
		allowed, why = outside, where
	}
	if allowed.lets(kind, emergency) {
		return ""
	}
	return why + ", allowed: " + allowed.String()
}

// window holds back what the policy's windows do not allow at this time.
func window(d *deliberation, kind foreshock.Kind) {
	if why := d.policy.Closed(d.Now, kind, d.emergency); why != "" {
		d.hold(Windows, "%s", why)
	}
}

// Weekday is a day of the week, Sunday first.
type Weekday uint8

var weekdayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (d Weekday) String() string { return weekdayNames[d%7] }

// UnmarshalText reads the first three letters of a day's name.
func (d *Weekday) UnmarshalText(text []byte) error {
	at := slices.Index(weekdayNames[:], strings.ToLower(string(text)))
	if at < 0 {
		return fmt.Errorf("%q is no day of the week; there is: %s", text, strings.Join(weekdayNames[:], ", "))
	}
	*d = Weekday(at)
	return nil
}

// TimeOfDay is minutes after midnight, by the clock on the wall.
type TimeOfDay int

func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", t/60, t%60) }

// UnmarshalText reads 00:00 to 24:00.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	if string(text) == "24:00" {
		*t = 24 * 60
		return nil
	}
	at, err := time.Parse("15:04", string(text))
	if err != nil {
		return fmt.Errorf("%q is no time of day; write for example 08:30", text)
	}
	*t = TimeOfDay(at.Hour()*60 + at.Minute())
	return nil
}

// Zone is a time zone; the zero value is UTC.
type Zone struct{ at *time.Location }

func (z Zone) location() *time.Location {
	if z.at == nil {
		return time.UTC
	}
	return z.at
}

func (z Zone) String() string { return z.location().String() }

// Equal says whether two zones have one name.
func (z Zone) Equal(other Zone) bool { return z.String() == other.String() }

// UnmarshalText reads a name of the time zone database.
func (z *Zone) UnmarshalText(text []byte) error {
	at, err := time.LoadLocation(string(text))
	if err != nil || len(text) == 0 || string(text) == "Local" {
		return fmt.Errorf("%q is no time zone; write for example Europe/Berlin, America/New_York, UTC", text)
	}
	z.at = at
	return nil
}

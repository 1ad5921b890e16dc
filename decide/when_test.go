package decide

import (
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	x, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func berlin(t *testing.T) (z Zone) {
	t.Helper()
	if err := z.UnmarshalText([]byte("Europe/Berlin")); err != nil {
		t.Fatal(err)
	}
	return z
}

// Windows follow the clock on the wall through both changes of it: on 2026-03-29 it goes from 02:00 to 03:00, on 2026-10-25 from 03:00
// back to 02:00.
func TestWindowOverClockChange(t *testing.T) {
	w := Window{Zone: berlin(t), Days: []Weekday{0}, From: 2*60 + 30, To: 3*60 + 30}
	f := func(text string, open bool) {
		t.Helper()
		if got := w.open(at(t, text)); got != open {
			t.Errorf("%s: open %t, want %t", text, got, open)
		}
	}
	f("2026-03-29T00:59:00Z", false) // 01:59
	f("2026-03-29T01:00:00Z", true)  // 03:00
	f("2026-03-29T01:30:00Z", false) // 03:30
	f("2026-10-25T00:29:00Z", false) // 02:29, the first time
	f("2026-10-25T00:30:00Z", true)  // 02:30
	f("2026-10-25T01:15:00Z", false) // 02:15, the second time
	f("2026-10-25T01:30:00Z", true)
	f("2026-10-25T02:29:00Z", true) // 03:29
	f("2026-10-25T02:30:00Z", false)
	w.From, w.To = 22*60, 6*60
	f("2026-03-22T20:59:00Z", false) // 21:59 winter time
	f("2026-03-22T21:00:00Z", true)
	f("2026-03-29T20:00:00Z", true)  // 22:00 summer time
	f("2026-03-30T03:59:00Z", true)  // 05:59 on Monday
	f("2026-03-30T04:00:00Z", false) // 06:00
	f("2026-03-29T03:00:00Z", false) // Sunday morning, which Saturday would have to have begun
}

// Whole days of an occasion end when the calendar's do, though one of them has 23 or 25 hours.
func TestOccasions(t *testing.T) {
	f := func(o Occasion, now, start, end string) {
		t.Helper()
		got, near := o.near(at(t, now))
		switch {
		case start == "":
			if near {
				t.Errorf("%s: near %s", now, &got)
			}
		case !near || !got.start.Equal(at(t, start)) || !got.end.Equal(at(t, end)):
			t.Errorf("%s: %t, %s to %s; want %s to %s", now, near, got.start, got.end, start, end)
		}
	}
	const day = 24 * time.Hour
	spring := Occasion{Dates: []Date{{2026, 3, 29}}, Lasts: day, Lead: time.Hour, Zone: berlin(t)}
	f(spring, "2026-03-28T21:59:59Z", "", "")
	f(spring, "2026-03-28T22:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
	f(spring, "2026-03-29T22:00:00Z", "", "")
	f(spring, "2027-03-29T10:00:00Z", "", "")
	autumn := Occasion{Dates: []Date{{Month: 10, Day: 25}}, From: 6 * 60, Lasts: day + time.Hour, Zone: berlin(t)}
	f(autumn, "2026-10-25T05:00:00Z", "2026-10-25T05:00:00Z", "2026-10-26T06:00:00Z")
	f(autumn, "2031-10-25T05:00:00Z", "2031-10-25T04:00:00Z", "2031-10-26T06:00:00Z")
	f(Occasion{Dates: []Date{{}}, Lasts: day}, "2028-02-29T12:00:00Z", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z")
	f(Occasion{Dates: []Date{{}}, Lasts: day}, "2028-02-28T12:00:00Z", "", "")
	f(Occasion{Dates: []Date{{Day: 31}}, Lasts: 2 * day}, "2026-06-01T12:00:00Z", "2026-05-31T00:00:00Z", "2026-06-02T00:00:00Z")
	f(Occasion{Dates: []Date{{Day: 31}}, Lasts: day}, "2026-06-30T12:00:00Z", "", "")
	f(Occasion{Dates: []Date{{Month: 1, Day: 1}}, Lasts: day, Lead: 31 * day}, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z")
	f(Occasion{Dates: []Date{{Day: 1}}, Lasts: 31 * day}, "2026-08-31T23:59:59Z", "2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z")
}

func TestTimesAsText(t *testing.T) {
	f := func(text string, want Date, ok bool) {
		t.Helper()
		var d Date
		if err := d.UnmarshalText([]byte(text)); (err == nil) != ok || ok && d != want {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	}
	f("2026-12-24", Date{2026, 12, 24}, true)
	f("02-29", Date{0, 2, 29}, true)
	f("15", Date{Day: 15}, true)
	f("month-end", Date{}, true)
	f("2026-02-29", Date{}, false)
	f("32", Date{}, false)
	f("12-32", Date{}, false)
	f("", Date{}, false)

	g := func(text string, want TimeOfDay, ok bool) {
		t.Helper()
		var x TimeOfDay
		if err := x.UnmarshalText([]byte(text)); (err == nil) != ok || ok && x != want {
			t.Errorf("%q: %v, %v", text, x, err)
		}
	}
	g("08:30", 510, true)
	g("24:00", 1440, true)
	g("24:01", 0, false)
	g("8 am", 0, false)

	for _, text := range []string{"", "Local", "Europe/Atlantis"} {
		var z Zone
		if err := z.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "Europe/Berlin") {
			t.Errorf("zone %q: %v", text, err)
		}
	}
}

// A window that says what holds outside of it holds the last look as well as the decision.
func TestClosed(t *testing.T) {
	p := Policy{Windows: []Window{{Name: "night", From: 60, To: 120, Outside: AllowEmergencies}}}
	f := func(text string, kind foreshock.Kind, emergency, closed bool) {
		t.Helper()
		if why := p.Closed(at(t, text), kind, emergency); (why != "") != closed {
			t.Errorf("%s, %s, emergency %t: %q", text, kind, emergency, why)
		}
	}
	f("2026-03-02T01:00:00Z", foreshock.Shrink, false, false)
	f("2026-03-02T02:00:00Z", foreshock.Shrink, false, true)
	f("2026-03-02T02:00:00Z", foreshock.Grow, false, true)
	f("2026-03-02T02:00:00Z", foreshock.Grow, true, false)
	f("2026-03-02T02:00:00Z", foreshock.Shrink, true, true)
}

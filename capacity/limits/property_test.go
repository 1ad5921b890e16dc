package limits_test

import (
	"context"
	"errors"
	"maps"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/limits"
)

// book is what a bookkeeper would write down beside the planner, from its answers alone.
type book map[string]entry

type entry struct {
	from, granted float64
	committed     bool
	expires       time.Time
}

func (b book) raised(now time.Time) (sum float64) {
	maps.DeleteFunc(b, func(_ string, e entry) bool { return !e.committed && !now.Before(e.expires) })
	for _, e := range b {
		sum += max(0, e.granted-e.from)
	}
	return sum
}

// Whatever the order of calls: a pool never grants more than it has, grants lie between what is and what is asked for, and the planner's
// books are those of the bookkeeper.
func TestNeverOverThePool(t *testing.T) {
	amounts := map[string]*rapid.Generator[float64]{
		"whole":     rapid.Map(rapid.IntRange(0, 60), func(i int) float64 { return float64(i) }),
		"fractions": rapid.Float64Range(0, 60),
	}
	for name, amount := range amounts {
		t.Run(name, func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { campaign(t, amount) }) })
	}
}

func campaign(t *rapid.T, amount *rapid.Generator[float64]) {
	ctx := context.Background()
	const total = 100
	inUse, reserve := amount.Draw(t, "in use"), rapid.SampledFrom([]float64{0, 0.25}).Draw(t, "reserve")
	quantum := rapid.SampledFrom([]float64{0, 0, 7}).Draw(t, "quantum")
	cfg := limits.Config{Hold: 10 * time.Minute, Pools: []limits.Pool{
		{Name: "p", Dimension: "iops", Total: total, InUse: inUse, Reserve: reserve, Quantum: quantum, Draws: []limits.Draw{{Workload: "**"}}},
	}}
	l, err := limits.New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	usable := max(0, total*(1-reserve)-inUse)
	now, books := noon, book{}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-7 }
	ids := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
	check := func() {
		raised := books.raised(now)
		if raised > usable+1e-7 {
			t.Fatalf("%g is granted of %g", raised, usable)
		}
		if u := l.Usage(now)[0]; !near(u.Granted, raised) {
			t.Fatalf("the planner says %g, the books say %g", u.Granted, raised)
		}
	}
	t.Repeat(map[string]func(*rapid.T){
		"": func(*rapid.T) { check() },
		"reserve": func(t *rapid.T) {
			id, from, to := ids.Draw(t, "id"), amount.Draw(t, "from"), amount.Draw(t, "to")
			books.raised(now)
			known, again := books[id]
			if again {
				from = known.from
			}
			r := request(id, from, to)
			r.For = time.Duration(rapid.IntRange(0, 20).Draw(t, "for")) * time.Minute
			g, err := l.Reserve(ctx, now, r)
			if err != nil {
				t.Fatal(err)
			}
			got, stated := g.Granted.Get(foreshock.DimIOPS)
			switch {
			case !stated || !again && (got < min(from, to)-1e-9 || got > to+1e-9):
				t.Fatalf("from %g to %g: granted %g", from, to, got)
			case again && known.committed && got != known.granted, again && got > known.granted:
				t.Fatalf("granted %g, then %g", known.granted, got)
			case again && !known.committed && to >= from && got != min(known.granted, to):
				t.Fatalf("granted %g, asked again for %g: %g", known.granted, to, got)
			case !again && quantum > 0 && got < to && got > from && math.Abs(math.Remainder(got-from, quantum)) > 1e-6:
				t.Fatalf("a part of %g is no multiple of %g", got-from, quantum)
			}
			if again {
				known.granted = got
				books[id] = known
			} else if got > from || g.Reason == "" {
				books[id] = entry{from: from, granted: got, expires: g.Expires}
			}
		},
		"commit": func(t *rapid.T) {
			id := ids.Draw(t, "id")
			books.raised(now)
			e, known := books[id]
			err := l.Commit(ctx, now, id)
			if known != (err == nil) || err != nil && !errors.Is(err, capacity.ErrNotHeld) {
				t.Fatalf("known %t: %v", known, err)
			}
			if known {
				e.committed = true
				books[id] = e
			}
		},
		"release": func(t *rapid.T) {
			id := ids.Draw(t, "id")
			if err := l.Release(ctx, now, id); err != nil {
				t.Fatal(err)
			}
			delete(books, id)
		},
		"wait": func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(0, 8).Draw(t, "minutes")) * time.Minute) },
		"restart": func(t *rapid.T) {
			held := l.Held(now)
			if l, err = limits.New(cfg, capacity.Env{}); err == nil {
				err = l.Restore(ctx, now, held)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
	})
}

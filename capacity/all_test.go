package capacity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/limits"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func iops(x float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimIOPS, x)
	return a
}

func pool(total float64) *limits.Limits {
	l, err := limits.New(limits.Config{Hold: time.Hour, Pools: []limits.Pool{
		{Name: fmt.Sprint("of ", total), Dimension: "iops", Total: total, Draws: []limits.Draw{{Workload: "**"}}},
	}}, capacity.Env{})
	if err != nil {
		panic(err) // a mistake of this test
	}
	return l
}

func request(id string, from, to float64) capacity.Request {
	return capacity.Request{ID: id, Workload: "db", From: iops(from), To: iops(to), For: 10 * time.Minute}
}

func drawn(planners ...*limits.Limits) (list []float64) {
	for _, p := range planners {
		list = append(list, p.Usage(noon)[0].Granted)
	}
	return list
}

func TestTheLeastGrantWins(t *testing.T) {
	f := func(totals []float64, from, to, want float64, reasons ...string) {
		t.Helper()
		var pools []*limits.Limits
		var planners []capacity.Planner
		for _, total := range totals {
			p := pool(total)
			pools, planners = append(pools, p), append(planners, p)
		}
		all := capacity.All(planners...)
		for range 2 { // the second time it is the same grant
			g, err := all.Reserve(t.Context(), noon, request("1", from, to))
			if err != nil || g.ID != "1" || g.Granted != iops(want) {
				t.Errorf("%+v, %v; want %g", g, err, want)
			}
			for _, r := range reasons {
				if !strings.Contains(g.Reason, r) {
					t.Errorf("reason %q, want %q", g.Reason, r)
				}
			}
			reasons = nil // of what is held there is no new reason
			for i, d := range drawn(pools...) {
				if d != want-from {
					t.Errorf("%g is drawn from the pool of %g", d, totals[i])
				}
			}
		}
		if err := all.Commit(t.Context(), noon, "1"); (err == nil) != (want > from || len(totals) == 0) {
			t.Error(err)
		}
		if err := all.Release(t.Context(), noon, "1"); err != nil {
			t.Error(err)
		}
	}
	f(nil, 100, 200, 200)
	f([]float64{1000}, 100, 600, 600)
	f([]float64{1000, 1000}, 100, 600, 600)
	f([]float64{1000, 300, 900}, 100, 600, 400, "pool of 300")
	f([]float64{400, 300, 200}, 100, 600, 300, "pool of 400", "pool of 300", "pool of 200")
	f([]float64{200, 300, 400}, 100, 600, 300, "pool of 200")
}

// What nobody can have all of is given back by those who granted it.
func TestNothingIsKeptOfARefusal(t *testing.T) {
	wide, full := pool(1000), pool(1)
	if _, err := full.Reserve(t.Context(), noon, request("before", 0, 1)); err != nil {
		t.Fatal(err)
	}
	for _, all := range []capacity.Planner{capacity.All(wide, full), capacity.All(full, wide)} {
		g, err := all.Reserve(t.Context(), noon, request("1", 100, 200))
		if err != nil || g.Granted != iops(100) || !strings.Contains(g.Reason, "pool of 1 ") {
			t.Errorf("%+v, %v", g, err)
		}
		if d := drawn(wide); d[0] != 0 {
			t.Errorf("%g is kept", d[0])
		}
		if err := all.Commit(t.Context(), noon, "1"); !errors.Is(err, capacity.ErrNotHeld) {
			t.Error(err)
		}
	}
}

func TestTheEarliestExpiryHolds(t *testing.T) {
	short, err := limits.New(limits.Config{Hold: time.Minute, Pools: []limits.Pool{
		{Name: "short", Dimension: "iops", Total: 1000, Draws: []limits.Draw{{Workload: "**"}}},
	}}, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	for _, all := range []capacity.Planner{capacity.All(short, pool(1000)), capacity.All(pool(1000), short)} {
		if err := short.Release(t.Context(), noon, "1"); err != nil {
			t.Fatal(err)
		}
		g, err := all.Reserve(t.Context(), noon, request("1", 0, 1))
		if err != nil || !g.Expires.Equal(noon.Add(time.Minute)) {
			t.Errorf("%+v, %v", g, err)
		}
	}
}

// odd is a planner that answers as it is told to.
type odd struct {
	capacity.Planner
	reserve func(capacity.Request) (capacity.Grant, error)
	other   error
	calls   []string
}

func (o *odd) Reserve(_ context.Context, _ time.Time, r capacity.Request) (capacity.Grant, error) {
	o.calls = append(o.calls, "reserve")
	return o.reserve(r)
}

func (o *odd) Commit(context.Context, time.Time, string) error {
	o.calls = append(o.calls, "commit")
	return o.other
}

func (o *odd) Release(ctx context.Context, _ time.Time, _ string) error {
	o.calls = append(o.calls, "release")
	return errors.Join(o.other, ctx.Err())
}

func (o *odd) Restore(context.Context, time.Time, []capacity.Held) error {
	o.calls = append(o.calls, "restore")
	return o.other
}

var errAway = errors.New("the planner is away")

// No answer of one planner, and nothing grows: nothing stays reserved with any other.
func TestAnErrorOfAny(t *testing.T) {
	f := func(answer func(capacity.Request) (capacity.Grant, error), want string) {
		t.Helper()
		for place := range 3 {
			pools := []*limits.Limits{pool(1000), pool(500)}
			planners := []capacity.Planner{pools[0], pools[1]}
			sick := &odd{reserve: answer}
			planners = append(planners[:place:place], append([]capacity.Planner{sick}, planners[place:]...)...)
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // what was granted is given back all the same
			g, err := capacity.All(planners...).Reserve(ctx, noon, request("1", 100, 900))
			if err == nil || !strings.Contains(err.Error(), want) || !g.Granted.Empty() || errors.Is(err, context.Canceled) {
				t.Errorf("place %d: %+v, %v", place, g, err)
			}
			if d := drawn(pools...); d[0] != 0 || d[1] != 0 {
				t.Errorf("place %d: %v stays reserved", place, d)
			}
			if sick.calls[len(sick.calls)-1] != "release" {
				t.Errorf("place %d: it may have granted before it failed, but was asked: %v", place, sick.calls)
			}
		}
	}
	f(func(capacity.Request) (capacity.Grant, error) { return capacity.Grant{}, errAway }, "reserve 1: the planner is away")
	f(func(capacity.Request) (capacity.Grant, error) { return capacity.Grant{}, nil }, "does not say how much iops")
}

// A planner that, asked to take a surplus back, gives less than it did.
func TestASurplusThatCannotBeGivenBack(t *testing.T) {
	times := 0
	moody := &odd{reserve: func(r capacity.Request) (capacity.Grant, error) {
		if times++; times == 1 {
			return capacity.Grant{Granted: r.To}, nil
		}
		return capacity.Grant{Granted: r.From}, nil
	}}
	narrow := pool(10)
	_, err := capacity.All(moody, narrow).Reserve(t.Context(), noon, request("1", 0, 100))
	if err == nil || !strings.Contains(err.Error(), "give back a surplus") {
		t.Error(err)
	}
	if d := drawn(narrow); d[0] != 0 {
		t.Errorf("%v stays reserved", d)
	}
}

// A planner that grants more than it was asked for, or less than there is, is taken at its word only between the two.
func TestGrantsAreBounded(t *testing.T) {
	f := func(says, want float64) {
		t.Helper()
		g, err := capacity.All(&odd{reserve: func(capacity.Request) (capacity.Grant, error) {
			return capacity.Grant{Granted: iops(says)}, nil
		}}).Reserve(t.Context(), noon, request("1", 100, 200))
		if err != nil || g.Granted != iops(want) {
			t.Errorf("%g: %+v, %v", says, g, err)
		}
	}
	f(1e9, 200)
	f(150, 150)
	f(0, 100)
	f(-5, 100)
}

// The others are told, whatever one of them answers.
func TestAllAreTold(t *testing.T) {
	sick, well := &odd{other: errAway}, &odd{}
	for _, all := range []capacity.Planner{capacity.All(sick, well), capacity.All(well, sick)} {
		for _, err := range []error{
			all.Commit(t.Context(), noon, "1"), all.Release(t.Context(), noon, "1"), all.Restore(t.Context(), noon, nil),
		} {
			if !errors.Is(err, errAway) {
				t.Error(err)
			}
		}
	}
	for _, o := range []*odd{sick, well} {
		if got := strings.Join(o.calls, " "); got != "commit release restore commit release restore" {
			t.Error(got)
		}
	}
}

// Whatever is asked of a chain: no pool gives more than it has, and when all is released nothing is drawn from any.
func TestChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		totals := rapid.SliceOfN(rapid.IntRange(1, 50), 1, 3).Draw(t, "totals")
		var pools []*limits.Limits
		var planners []capacity.Planner
		for _, total := range totals {
			p := pool(float64(total))
			pools, planners = append(pools, p), append(planners, p)
		}
		all := capacity.All(planners...)
		ids := []string{"a", "b", "c", "d"}
		for range rapid.IntRange(1, 30).Draw(t, "calls") {
			id := rapid.SampledFrom(ids).Draw(t, "id")
			var err error
			switch rapid.SampledFrom([]string{"reserve", "reserve", "release", "commit"}).Draw(t, "call") {
			case "reserve":
				_, err = all.Reserve(ctx, noon, request(id, 0, float64(rapid.IntRange(1, 40).Draw(t, "to"))))
			case "release":
				err = all.Release(ctx, noon, id)
			case "commit":
				if err = all.Commit(ctx, noon, id); errors.Is(err, capacity.ErrNotHeld) {
					err = nil
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range drawn(pools...) {
				if d > float64(totals[i]) || d != drawn(pools[0])[0] {
					t.Fatalf("pools of %v: %v is drawn", totals, drawn(pools...))
				}
			}
		}
		for _, id := range ids {
			if err := all.Release(ctx, noon, id); err != nil {
				t.Fatal(err)
			}
		}
		for _, d := range drawn(pools...) {
			if d != 0 {
				t.Fatalf("%v is drawn when all is released", drawn(pools...))
			}
		}
	})
}

// Of several that want the last unit through a chain at the same time, at most one gets it, and no unit is lost.
func TestRaceThroughAChain(t *testing.T) {
	for range 100 {
		pools := []*limits.Limits{pool(2), pool(1)}
		all := capacity.All(pools[0], pools[1])
		var wg sync.WaitGroup
		var winners [6]bool
		for i := range winners {
			wg.Go(func() {
				g, err := all.Reserve(context.Background(), noon, request(fmt.Sprint(i), 5, 6))
				if err != nil {
					t.Error(err)
				}
				winners[i] = g.Granted == iops(6)
			})
		}
		wg.Wait()
		n := 0.0
		for _, won := range winners {
			if won {
				n++
			}
		}
		if d := drawn(pools...); n > 1 || d[0] != n || d[1] != n {
			t.Fatalf("%g won, %v is drawn", n, d)
		}
	}
}

package limits_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/capacitytest"
	"github.com/foreshock-io/foreshock/capacity/limits"
	"github.com/foreshock-io/foreshock/config"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func iops(x float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimIOPS, x)
	return a
}

func request(id string, from, to float64) capacity.Request {
	return capacity.Request{ID: id, Workload: foreshock.ID("db/" + id), Target: "production", Resource: "vol-" + id, From: iops(from), To: iops(to)}
}

func planner(t testing.TB, pools ...limits.Pool) *limits.Limits {
	t.Helper()
	cfg := limits.Defaults()
	cfg.Pools = pools
	l, err := limits.New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func pool(total float64) limits.Pool {
	return limits.Pool{Name: "array", Dimension: "iops", Total: total, Draws: []limits.Draw{{Workload: "db/*"}}}
}

func TestPlanner(t *testing.T) {
	capacitytest.Run(t, func(t *testing.T) capacitytest.Subject {
		return capacitytest.Subject{
			Planner: planner(t, pool(400)), First: request("a", 100, 0), Second: request("b", 200, 0), Dimension: foreshock.DimIOPS,
			Room: 400, Unit: 1, Why: "pool array can grant",
		}
	})
}

func TestReserve(t *testing.T) {
	f := func(p limits.Pool, from, to, want float64, why string) {
		t.Helper()
		l := planner(t, p)
		g, err := l.Reserve(t.Context(), noon, request("a", from, to))
		if err != nil {
			t.Error(err)
			return
		}
		if got, _ := g.Granted.Get(foreshock.DimIOPS); got != want {
			t.Errorf("granted %g, want %g", got, want)
		}
		if !strings.Contains(g.Reason, why) || why == "" && g.Reason != "" {
			t.Errorf("reason %q, want %q", g.Reason, why)
		}
		if u := l.Usage(noon)[0]; u.Granted != max(0, want-from) {
			t.Errorf("%g is drawn", u.Granted)
		}
	}
	f(pool(1000), 100, 600, 600, "")
	f(pool(500), 100, 600, 600, "")
	f(pool(400), 100, 600, 500, "pool array can grant 400 IOPS more")
	f(limits.Pool{InUse: 400, Name: "full", Dimension: "iops", Total: 400, Draws: pool(1).Draws}, 100, 600, 100, "pool full can grant 0 IOPS more: of 400 IOPS, 400 IOPS is in use")
	f(limits.Pool{InUse: 500, Name: "over", Dimension: "iops", Total: 400, Draws: pool(1).Draws}, 100, 600, 100, "can grant 0 IOPS")
	f(limits.Pool{Reserve: 0.25, Name: "kept", Dimension: "iops", Total: 400, Draws: pool(1).Draws}, 100, 600, 400, "100 IOPS is kept in reserve")
	f(limits.Pool{Quantum: 150, Name: "coarse", Dimension: "iops", Total: 400, Draws: pool(1).Draws}, 100, 600, 400, "coarse")
	f(pool(400), 600, 100, 100, "")
	f(pool(400), 100, 100, 100, "")
	f(limits.Pool{Name: "else", Dimension: "iops", Total: 1, Draws: []limits.Draw{{Workload: "web/**"}}}, 0, 0, 0, "")
}

func TestWhoDraws(t *testing.T) {
	f := func(fed bool, draws ...limits.Draw) {
		t.Helper()
		l := planner(t, limits.Pool{Name: "p", Dimension: "iops", Total: 10, Draws: draws})
		r := capacity.Request{ID: "1", Workload: "db/orders/main", Target: "production", Resource: "array-1/vol.1", From: iops(0), To: iops(20)}
		g, err := l.Reserve(t.Context(), noon, r)
		if err != nil || (g.Granted == iops(10)) != fed {
			t.Errorf("%+v: %+v, %v", draws, g, err)
		}
	}
	f(true, limits.Draw{Workload: "**"})
	f(true, limits.Draw{Workload: "db/**"})
	f(true, limits.Draw{Workload: "db/*/main"})
	f(false, limits.Draw{Workload: "db/*"})
	f(false, limits.Draw{Workload: "*"})
	f(true, limits.Draw{Resource: "array-?/vol.1"})
	f(false, limits.Draw{Resource: "array-1.vol.1"}, limits.Draw{Resource: "array-1/vol?"})
	f(true, limits.Draw{Target: "prod*", Resource: "array-1/*", Workload: "db/**"})
	f(false, limits.Draw{Target: "staging", Workload: "db/**"})
	f(true, limits.Draw{Target: "staging"}, limits.Draw{Target: "production"})
}

// The least of all pools that feed a workload is granted, in each dimension for itself.
func TestSeveralPoolsAndDimensions(t *testing.T) {
	throughput := limits.Pool{Name: "link", Dimension: "throughput", Total: 50, Draws: pool(1).Draws}
	host := pool(300)
	host.Name = "host"
	l := planner(t, pool(400), host, throughput)
	r := request("a", 100, 1000)
	r.From.Set(foreshock.DimThroughput, 10)
	r.To.Set(foreshock.DimThroughput, 40)
	r.From.Set(foreshock.DimSize, 1)
	r.To.Set(foreshock.DimSize, 2)
	g, err := l.Reserve(t.Context(), noon, r)
	want := iops(400)
	want.Set(foreshock.DimThroughput, 40)
	want.Set(foreshock.DimSize, 2) // no pool has it
	if err != nil || g.Granted != want || !strings.Contains(g.Reason, "pool host") {
		t.Fatalf("%+v, %v", g, err)
	}
	for i, used := range []float64{300, 300, 30} {
		if u := l.Usage(noon)[i]; u.Granted != used {
			t.Errorf("%s: %g is drawn, not %g", u.Name, u.Granted, used)
		}
	}
}

func TestReplicasAreWhole(t *testing.T) {
	l := planner(t, limits.Pool{Name: "rack", Dimension: "replicas", Total: 3.5, Draws: []limits.Draw{{Workload: "**"}}})
	var from, to foreshock.Allocation
	from.Set(foreshock.DimReplicas, 2)
	to.Set(foreshock.DimReplicas, 9)
	g, err := l.Reserve(t.Context(), noon, capacity.Request{ID: "1", Workload: "w", From: from, To: to})
	if n, _ := g.Granted.Get(foreshock.DimReplicas); err != nil || n != 5 {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestIdempotent(t *testing.T) {
	ctx := t.Context()
	l := planner(t, pool(1000))
	first, err := l.Reserve(ctx, noon, request("a", 100, 900))
	if err != nil {
		t.Fatal(err)
	}
	f := func(to, want, drawn float64) {
		t.Helper()
		g, err := l.Reserve(ctx, noon.Add(time.Minute), request("a", 100, to))
		if err != nil || g.Granted != iops(want) || !g.Expires.Equal(first.Expires) {
			t.Errorf("%+v, %v", g, err)
		}
		if u := l.Usage(noon)[0]; u.Granted != drawn {
			t.Errorf("%g is drawn, not %g", u.Granted, drawn)
		}
	}
	f(900, 900, 800)
	f(1000, 900, 800) // never more
	f(500, 500, 400)  // the surplus goes back
	f(900, 500, 400)
	if err := errors.Join(l.Commit(ctx, noon, "a"), l.Commit(ctx, noon, "a")); err != nil {
		t.Error(err)
	}
	f(300, 500, 400) // in use
	if err := errors.Join(l.Release(ctx, noon, "a"), l.Release(ctx, noon, "a"), l.Release(ctx, noon, "never")); err != nil {
		t.Error(err)
	}
	if u := l.Usage(noon)[0]; u.Granted != 0 {
		t.Errorf("%g is drawn", u.Granted)
	}
	other := request("b", 0, 10)
	if _, err := l.Reserve(ctx, noon, other); err != nil {
		t.Fatal(err)
	}
	other.Resource = "another"
	if _, err := l.Reserve(ctx, noon, other); err == nil || !strings.Contains(err.Error(), "the id is that of a grant for db/b") {
		t.Errorf("the same id for something else: %v", err)
	}
}

func TestExpiry(t *testing.T) {
	ctx := t.Context()
	l := planner(t, pool(100))
	r := request("a", 0, 100)
	r.For = 5 * time.Minute
	g, err := l.Reserve(ctx, noon, r)
	if err != nil || !g.Expires.Equal(noon.Add(5*time.Minute)) {
		t.Fatalf("%+v, %v", g, err)
	}
	refused, err := l.Reserve(ctx, g.Expires.Add(-1), request("b", 0, 100))
	if err != nil || refused.Granted != iops(0) {
		t.Fatalf("%+v, %v", refused, err)
	}
	if err := l.Commit(ctx, noon, "b"); !errors.Is(err, capacity.ErrNotHeld) {
		t.Errorf("nothing was granted: %v", err)
	}
	granted, err := l.Reserve(ctx, g.Expires, request("b", 0, 100))
	if err != nil || granted.Granted != iops(100) || !granted.Expires.Equal(g.Expires.Add(15*time.Minute)) {
		t.Fatalf("%+v, %v", granted, err)
	}
	if err := l.Commit(ctx, g.Expires, "a"); !errors.Is(err, capacity.ErrNotHeld) {
		t.Errorf("commit of what has expired: %v", err)
	}
	if err := l.Commit(ctx, granted.Expires.Add(-1), "b"); err != nil {
		t.Error(err)
	}
	if u := l.Usage(noon.AddDate(10, 0, 0))[0]; u.Granted != 100 {
		t.Errorf("what is committed does not expire, but %g is drawn", u.Granted)
	}
}

func TestBadRequests(t *testing.T) {
	l := planner(t, pool(100))
	f := func(r capacity.Request, want string) {
		t.Helper()
		g, err := l.Reserve(t.Context(), noon, r)
		if err == nil || !strings.Contains(err.Error(), want) || !g.Granted.Empty() {
			t.Errorf("%+v, %v; want %q", g, err, want)
		}
	}
	f(capacity.Request{From: iops(1), To: iops(2)}, "no id")
	f(capacity.Request{ID: "1", From: iops(1)}, "asks for nothing")
	f(capacity.Request{ID: "1", To: iops(2)}, "how much iops there is now is not said")
	f(request("1", 1, math.Inf(1)), "no amount")
	f(request("1", -1, 2), "no amount")
	f(request("1", 1, -2), "no amount")
}

func TestRestore(t *testing.T) {
	ctx := t.Context()
	l := planner(t, pool(1000))
	for i, id := range []string{"gone", "committed", "waiting"} {
		if _, err := l.Reserve(ctx, noon, request(id, 0, float64(100*(i+1)))); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Commit(ctx, noon, "committed"); err != nil {
		t.Fatal(err)
	}
	held := l.Held(noon)[:0:0]
	for _, h := range l.Held(noon) {
		if h.Grant.ID != "gone" {
			held = append(held, h)
		}
	}
	held = append(held, held[0])    // told twice, it counts once
	after := planner(t, pool(1000)) // another process
	f := func(l *limits.Limits, at time.Time, drawn float64) {
		t.Helper()
		for range 2 {
			if err := l.Restore(ctx, at, held); err != nil {
				t.Fatal(err)
			}
			if u := l.Usage(at)[0]; u.Granted != drawn {
				t.Errorf("%g is drawn, not %g", u.Granted, drawn)
			}
		}
	}
	f(l, noon, 500)
	f(after, noon, 500)
	if err := errors.Join(after.Commit(ctx, noon, "committed"), after.Commit(ctx, noon, "waiting")); err != nil {
		t.Error(err)
	}
	if err := after.Commit(ctx, noon, "gone"); !errors.Is(err, capacity.ErrNotHeld) {
		t.Error(err)
	}
	f(after, noon.Add(time.Hour), 200) // "waiting" stands as not committed, and has expired

	smaller := planner(t, pool(100))
	f(smaller, noon, 500)
	g, err := smaller.Reserve(ctx, noon, request("more", 5, 6))
	if err != nil || g.Granted != iops(5) {
		t.Errorf("a pool over its total granted %+v, %v", g, err)
	}

	held = held[:2]
	held[0].Request.From = foreshock.Allocation{} // what there was before is not known: all of it counts
	f(after, noon, 500)
	held[0].Grant.Granted = iops(700)
	f(after, noon, 1000)
}

// Two workloads need the last unit; whatever the timing, one gets it.
func TestRaceForTheLastUnit(t *testing.T) {
	for range 200 {
		l := planner(t, pool(1))
		var got [8]capacity.Grant
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i := range got {
			wg.Go(func() {
				<-start
				g, err := l.Reserve(context.Background(), noon, request(fmt.Sprint(i), 10, 11))
				if err != nil {
					t.Error(err)
				}
				got[i] = g
			})
		}
		close(start)
		wg.Wait()
		winners := 0
		for i, g := range got {
			if g.Granted == iops(11) {
				winners++
				if err := l.Commit(t.Context(), noon, fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
			} else if g.Granted != iops(10) || g.Reason == "" {
				t.Errorf("%+v", g)
			}
		}
		if winners != 1 {
			t.Fatalf("%d got the last unit", winners)
		}
	}
}

func load(text string) (capacity.Planner, error) {
	c, err := config.Parse("f.yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	p, err := limits.Factory.New(c.Capacity[0].Block.Decode, capacity.Env{})
	if err != nil {
		return nil, c.Capacity[0].Block.Fault(err)
	}
	return p, nil
}

func TestSample(t *testing.T) {
	sample, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := load(string(sample))
	if err != nil {
		t.Fatal(err)
	}
	u := p.(*limits.Limits).Usage(noon)
	if len(u) != 2 || u[0].Free != 70_000 || u[1].Free != 12 || u[1].Quantum != 1 {
		t.Errorf("%+v", u)
	}
}

func TestConfig(t *testing.T) {
	f := func(block string, want ...string) {
		t.Helper()
		_, err := load("capacity:\n- limits: " + block + "\n")
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s:\n%v\nwant %q", block, err, w)
			}
		}
	}
	f("{}", "pools is empty")
	f("{hold: -1s, pools: [{}]}", "hold must be above 0", `pools[0]: dimension: no dimension is called ""`, "name is missing", "total must be", "draws is missing")
	f("{pools: [{name: a, dimension: iops, total: 1, in_use: -1, reserve: 100%, quantum: -1, draws: [{}]}]}",
		"in_use must be", "reserve is a share", "quantum must be", "draws[0]: it has no glob")
	f(`{pools: [{name: a, dimension: iops, total: 1, draws: [{workload: "[a]"}]}, {name: a, dimension: iops, total: 1, draws: [{workload: a}]}]}`,
		`pools[0]: draws[0]: workload is "[a]"`, `pools[1]: the name "a" is taken`)
	f("{pool: []}", "did you mean pools?")
}

func BenchmarkReserve(b *testing.B) {
	for _, n := range []int{100, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := planner(b, pool(1e12), limits.Pool{Name: "rest", Dimension: "iops", Total: 1e12, Draws: []limits.Draw{{Target: "production"}}})
			for i := range n {
				l.Reserve(b.Context(), noon, request(fmt.Sprint("held", i), 0, 10))
			}
			b.ReportAllocs()
			for b.Loop() {
				l.Reserve(b.Context(), noon, request("x", 0, 10))
				l.Release(b.Context(), noon, "x")
			}
		})
	}
}

package limits_test

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/limits"
)

// A pool is shown as it stands: what was granted is off what is free until it has expired.
func TestShow(t *testing.T) {
	l, err := limits.New(limits.Config{Hold: time.Minute, Pools: []limits.Pool{
		{Name: "p", Dimension: "iops", Total: 1000, InUse: 200, Reserve: 0.1, Draws: []limits.Draw{{Workload: "**"}}},
	}}, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	r := capacity.Request{ID: "a", Workload: "vol/a", For: time.Minute}
	r.From.Set(foreshock.DimIOPS, 100)
	r.To.Set(foreshock.DimIOPS, 400)
	if _, err := l.Reserve(t.Context(), now, r); err != nil {
		t.Fatal(err)
	}
	f := func(at time.Time, granted, free float64, grants int) {
		t.Helper()
		list := capacity.All(l).(capacity.Shower).Show(at)
		if len(list) != 1 {
			t.Fatalf("%d pools", len(list))
		}
		p := &list[0]
		if p.Name != "p" || p.Total != 1000 || p.InUse != 200 || p.Reserve != 100 || p.Granted != granted || p.Free() != free || p.Grants != grants {
			t.Errorf("at %s: %+v, free %g", at, *p, p.Free())
		}
	}
	f(now, 300, 400, 1)
	f(now.Add(2*time.Minute), 0, 700, 0)
}

package capacity_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
)

// host has so many processors; what runs on it has some of them.
type host struct {
	mu          sync.Mutex
	total, used float64
	away        error
}

func (h *host) rooms(context.Context, *capacity.Request) ([]capacity.Room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return []capacity.Room{{Name: "host", Dimension: foreshock.DimVCPU, Free: h.total - h.used, Quantum: 1}}, h.away
}

func vcpus(x float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimVCPU, x)
	return a
}

func processors(id string, from, to float64) capacity.Request {
	return capacity.Request{ID: id, Workload: foreshock.ID(id), Target: "t", Resource: id, From: vcpus(from), To: vcpus(to)}
}

func TestAsk(t *testing.T) {
	ctx, now := t.Context(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	h := &host{total: 10, used: 4}
	a := capacity.Ask(10*time.Minute, h.rooms, nil)
	reserve := func(id string, from, to, want float64, why string) {
		t.Helper()
		g, err := a.Reserve(ctx, now, processors(id, from, to))
		got, _ := g.Granted.Get(foreshock.DimVCPU)
		if err != nil || got != want || !strings.Contains(g.Reason, why) || why == "" && g.Reason != "" {
			t.Errorf("%s from %g to %g: %g (%s), %v, want %g", id, from, to, got, g.Reason, err, want)
		}
	}
	do := func(what string, f func(context.Context, time.Time, string) error, id string, want error) {
		t.Helper()
		if err := f(ctx, now, id); !errors.Is(err, want) {
			t.Errorf("%s %s: %v, want %v", what, id, err, want)
		}
	}
	reserve("a", 2, 6, 6, "")
	reserve("b", 2, 6, 4, "host has 2 vCPU left") // a part
	reserve("c", 2, 3, 2, "host has 0 vCPU left") // nothing
	do("commit", a.Commit, "c", capacity.ErrNotHeld)
	reserve("a", 2, 6, 6, "") // the same again
	reserve("a", 2, 4, 4, "") // and less
	reserve("c", 2, 5, 4, "host has 2 vCPU left")
	do("release", a.Release, "c", nil)
	do("release", a.Release, "unknown", nil)
	h.used += 2 // a has its own
	do("commit", a.Commit, "a", nil)
	do("commit", a.Commit, "a", nil)
	reserve("d", 0, 9, 2, "host has 2 vCPU left") // 10, less 6 in use, less 2 that b will have
	now = now.Add(time.Hour)                      // b and d were never begun
	reserve("e", 0, 9, 4, "host has 4 vCPU left")
	held := a.Held(now)
	a = capacity.Ask(10*time.Minute, h.rooms, nil) // the program was started again
	if err := a.Restore(ctx, now, held); err != nil {
		t.Fatal(err)
	}
	reserve("f", 0, 1, 0, "host has 0 vCPU left")
	do("commit", a.Commit, "a", nil)
	do("release", a.Release, "e", nil)
	reserve("f", 0, 1, 1, "")
	h.away = errors.New("away")
	if _, err := a.Reserve(ctx, now, processors("g", 0, 1)); !errors.Is(err, h.away) {
		t.Errorf("a host that is away: %v", err)
	}
	for _, r := range []capacity.Request{{}, {ID: "x"}, {ID: "x", To: vcpus(1)}, {ID: "x", From: vcpus(-1), To: vcpus(1)}} {
		if _, err := a.Reserve(ctx, now, r); err == nil {
			t.Errorf("%+v is granted", r)
		}
	}
}

// Of many that want the last processor at once, one gets it.
func TestLastOne(t *testing.T) {
	h := &host{total: 5, used: 4}
	a := capacity.Ask(10*time.Minute, h.rooms, nil)
	var working sync.WaitGroup
	granted := make(chan string, 16)
	for _, id := range strings.Split("a b c d e f g h i j k l m n o p", " ") {
		working.Go(func() {
			g, err := a.Reserve(t.Context(), time.Now(), processors(id, 1, 2))
			if n, _ := g.Granted.Get(foreshock.DimVCPU); err == nil && n == 2 {
				granted <- id
				h.mu.Lock() // it is put to use, and then committed
				h.used++
				h.mu.Unlock()
				if err := a.Commit(t.Context(), time.Now(), id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
	if n := len(granted); n != 1 || h.used != 5 {
		t.Errorf("%d got the last one", n)
	}
}

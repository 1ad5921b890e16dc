package pipeline

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/detect/ewma"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/profile"
	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/storetest"
)

// disk is the executor, and what it knows of the one volume.
type disk struct{}

func (disk) Submit(foreshock.Action) error { return nil }

func (disk) Read(_ context.Context, target, resource string) (foreshock.Resource, error) {
	r := foreshock.Resource{Target: target, Name: resource, At: time.Now(), Rules: map[foreshock.Dimension]foreshock.Rule{foreshock.DimIOPS: {Min: 100, Max: 1e5, Quantum: 100, Down: true}}}
	r.Allocated.Set(foreshock.DimIOPS, 6000)
	return r, nil
}

// costing is a pipeline that runs, of a volume whose policy states costs.
type costing struct {
	t      *testing.T
	p      *Pipeline
	log    bytes.Buffer
	handle ingest.Handle
	ended  chan error
	cancel context.CancelFunc
}

const volumeID = foreshock.ID("disk/a")

// startCosting starts one, which goes on for another where that is given, under a policy that may be changed.
func startCosting(t *testing.T, profiles store.Profiles, before *costing, change ...func(*decide.Policy)) *costing {
	t.Helper()
	c := &costing{t: t}
	method, err := ewma.Factory.New(func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	detector, err := detect.New(detect.Default(), detect.Weighted{Method: method, Weight: 1})
	if err != nil {
		t.Fatal(err)
	}
	policy := decide.Default()
	policy.Name, policy.Match, policy.Target, policy.Forecast = "p", []string{"disk/*"}, "t", false
	policy.Bounds = map[foreshock.Dimension]decide.Bounds{foreshock.DimIOPS: {}}
	policy.Objective = decide.Costs{UnitHour: 1, LateSecond: 0.005, Utilisation: 0.8}
	for _, f := range change {
		f(&policy)
	}
	c.p = New(Stages{Profile: profile.Default(), Detector: detector, Policies: []decide.Policy{policy}, Executor: disk{}, Profiles: profiles}, Options{
		Log: slog.New(slog.NewTextHandler(&c.log, nil)), Step: time.Minute, Most: 10, Snapshot: time.Minute, Owners: 1,
	})
	if before != nil {
		c.p.Inherit(before.p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c.ended, c.cancel = make(chan error, 1), cancel
	go func() { c.ended <- c.p.Run(ctx) }()
	if c.handle, err = c.p.Register(volumeID, ingest.About{Source: "test", Step: time.Minute}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *costing) stop() { c.stops(nil) }

// stops ends it, which gives an error or nil.
func (c *costing) stops(want error) {
	c.t.Helper()
	c.cancel()
	if err := <-c.ended; !errors.Is(err, want) {
		c.t.Errorf("it stops with %v, not %v", err, want)
	}
}

// watch lets minutes pass.
func (c *costing) watch(minutes int) {
	c.t.Helper()
	for range minutes {
		time.Sleep(time.Minute)
		if err := c.p.Push(c.t.Context(), seenNow(c.handle)); err != nil {
			c.t.Fatal(err)
		}
	}
}

// seenNow is what the volume does now.
func seenNow(h ingest.Handle) []ingest.Reading {
	now := time.Now()
	iops := 2000 + 900*math.Sin(float64(now.Unix()/60)/40) + 200*math.Sin(float64(now.Unix()/60%977))
	return []ingest.Reading{
		{Handle: h, Field: ingest.IOPS, Time: now.UnixMilli(), Value: iops},
		{Handle: h, Field: ingest.Latency, Time: now.UnixMilli(), Value: 0.001},
	}
}

// knows are the minutes that the rehearsal has seen, and what it advises.
func (c *costing) knows() (seen int, a foreshock.Advice, ok bool) {
	synctest.Wait()
	answer := make(chan struct{})
	c.p.ask(volumeID, func(_ *owner, w *workload) {
		defer close(answer)
		if r := w.rehearsals[foreshock.DimIOPS]; r != nil {
			seen = r.Seen()
			a, ok = r.Advice()
		}
	})
	<-answer
	return seen, a, ok
}

// TestCostsSurvive a stop, a kill and a reload: the advice goes on as without them.
func TestCostsSurvive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := storetest.NewMemory()
		whole, first := startCosting(t, storetest.NewMemory(), nil), startCosting(t, kept, nil)
		done := make(chan struct{})
		go func() {
			whole.watch(310)
			close(done)
		}()
		first.watch(250)
		killed := storetest.NewMemory(kept.Entries()...)
		wasSeen, _, _ := first.knows()
		first.stop()
		runs := map[string]*costing{
			"stopped": startCosting(t, kept, nil), "killed": startCosting(t, killed, nil), "reloaded": startCosting(t, storetest.NewMemory(), first),
		}
		for name, c := range runs {
			lost := 0
			if name == "killed" {
				lost = 60
			}
			time.Sleep(time.Second)
			if seen, _, ok := c.knows(); !ok || seen < wasSeen-lost {
				t.Errorf("%s: at once it has seen %d of %d minutes, advice %v", name, seen, wasSeen, ok)
			}
		}
		var all sync.WaitGroup
		for _, c := range runs {
			all.Go(func() { c.watch(60) })
		}
		all.Wait()
		<-done
		seen, want, _ := whole.knows()
		for name, c := range runs {
			n, a, ok := c.knows()
			tolerance := 0.05
			if name == "killed" { // up to an hour in five is not in the costs: a rule near by may be the cheapest
				tolerance = 0.2
			}
			if !ok || n < seen-2 || math.Abs(a.Amount/want.Amount-1) > tolerance || math.Abs(a.Cost/want.Cost-1) > tolerance {
				t.Errorf("%s: after %d minutes it advises %+v; without a break, after %d, %+v", name, n, a, seen, want)
			}
			c.stop()
		}
		whole.stop()
	})
}

// A lead time above a day is no reason to learn anew what capacity costs.
func TestCostsOfSlowTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept, slow := storetest.NewMemory(), func(p *decide.Policy) { p.LeadTime = 48 * time.Hour }
		c := startCosting(t, kept, nil, slow)
		c.watch(150)
		c.stop()
		c = startCosting(t, kept, nil, slow)
		c.watch(1)
		if seen, _, ok := c.knows(); !ok || seen < 145 || strings.Contains(c.log.String(), "WARN") {
			t.Errorf("%d minutes are seen, advice %v; the log says %s", seen, ok, c.log.String())
		}
		c.stop()
	})
}

// TestDamagedCosts are refused with a line in the log, and learned anew.
func TestDamagedCosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := storetest.NewMemory()
		c := startCosting(t, kept, nil)
		c.watch(150)
		c.stop()
		key := keeperKey(volumeID, foreshock.DimIOPS)
		found, err := kept.Get(t.Context(), []foreshock.ID{key})
		if err != nil {
			t.Fatal(err)
		}
		whole := found[key]
		if len(whole) == 0 || len(whole) > 1<<20 {
			t.Fatalf("%d bytes are kept", len(whole))
		}
		_, payload, err := store.Open(key, whole)
		if err != nil {
			t.Fatal(err)
		}
		older := bytes.Clone(payload)
		older[0]--
		for what, value := range map[string][]byte{
			"cut": whole[:len(whole)/2], "changed": append([]byte{whole[0] ^ 1}, whole[1:]...), "old": store.Seal(key, 0, older), "cut inside": store.Seal(key, 1, payload[:len(payload)/2]),
		} {
			c := startCosting(t, storetest.NewMemory(store.Entry{ID: key, Value: value}), nil)
			c.watch(3)
			if seen, _, ok := c.knows(); ok || seen == 0 || seen > 3 || c.p.stats.damaged.load() != 1 {
				t.Errorf("%s: %d minutes are seen, advice %v", what, seen, ok)
			}
			c.stop()
			if log := c.log.String(); !strings.Contains(log, "is of no use; it is learned anew\" what=rehearsals") || !strings.Contains(log, string(volumeID)) {
				t.Errorf("%s: the log says %s", what, log)
			}
		}
	})
}

// away is a store that cannot be read for some time.
type away struct {
	*storetest.Memory
	until time.Time
}

func (a *away) Get(ctx context.Context, ids []foreshock.ID) (map[foreshock.ID][]byte, error) {
	if time.Now().Before(a.until) {
		return nil, errors.New("nobody answers")
	}
	return a.Memory.Get(ctx, ids)
}

// Of a store that is away at the start, profiles and rehearsals are asked for again, and each time it is counted and told.
func TestReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := storetest.NewMemory()
		c := startCosting(t, kept, nil)
		c.watch(150)
		c.stop()
		c = startCosting(t, &away{kept, time.Now().Add(5 * retryStore)}, nil)
		time.Sleep(10 * retryStore)
		seen, _, ok := c.knows()
		log, errs := c.log.String(), int(c.p.stats.saveErrors.load())
		profiles, rehearsals := strings.Count(log, "what=profiles waiting=1"), strings.Count(log, "what=rehearsals waiting=1")
		if !ok || seen < 145 || profiles < 2 || rehearsals < 2 || profiles+rehearsals != errs {
			t.Errorf("%d minutes are seen, advice %v; of %d errors the log says %s", seen, ok, errs, log)
		}
		c.stop()
	})
}

// A profile that an older program has written is read, one of a newer program is not.
func TestUnseal(t *testing.T) {
	data, err := os.ReadFile("../profile/testdata/v1.cbor")
	if err != nil {
		t.Fatal(err)
	}
	want, err := profile.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := unseal(want.ID, store.Seal(want.ID, 1, data)); err != nil || got.Steps != want.Steps {
		t.Errorf("version 1: %v, %v", got, err)
	}
	if _, err := unseal(want.ID, store.Seal(want.ID, profile.Version+1, data)); !errors.Is(err, profile.ErrNewer) {
		t.Errorf("a newer version: %v", err)
	}
}

// What the live program knows of costs is what a replay of the same data knows, to the bit, forests included.
func TestCostsLiveAsInReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const minutes = 12*60 + 40 // a forest is asked for after half a day, and comes into use ten minutes later
		live := startCosting(t, nil, nil)
		replay := New(live.p.Stages, Options{Log: slog.New(slog.DiscardHandler), Step: time.Minute, Most: 10, Virtual: true})
		h, err := replay.Register(volumeID, ingest.About{Source: "test", Step: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		encoded := func(o *owner, h ingest.Handle) []byte {
			b, err := o.held(h).rehearsals[foreshock.DimIOPS].Encode()
			if err != nil {
				t.Error(err)
			}
			return b
		}
		for range minutes {
			live.watch(1)
			synctest.Wait()
			if err := errors.Join(replay.Advance(t.Context(), time.Now()), replay.Push(t.Context(), seenNow(h))); err != nil {
				t.Fatal(err)
			}
		}
		answer := make(chan []byte)
		live.p.ask(volumeID, func(o *owner, w *workload) { answer <- encoded(o, w.handle) })
		if got, want := <-answer, encoded(replay.owners[0], h); !bytes.Equal(got, want) {
			t.Errorf("the live program has other costs than the replay: %d bytes and %d", len(got), len(want))
		}
		live.stop()
	})
}

package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"pgregory.net/rapid"
)

// gathered keeps what is pushed, or refuses it.
type gathered struct {
	mu       sync.Mutex
	ids      map[foreshock.ID]Handle
	readings []Reading
	most     int
	busy     bool
}

func (g *gathered) Register(id foreshock.ID, _ About) (Handle, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h, ok := g.ids[id]
	if !ok && g.most > 0 && len(g.ids) == g.most {
		return 0, ErrTooMany
	}
	if !ok {
		h = Handle(len(g.ids))
		g.ids[id] = h
	}
	return h, nil
}

func (g *gathered) Push(_ context.Context, batch []Reading) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy {
		return context.DeadlineExceeded
	}
	g.readings = append(g.readings, batch...)
	return nil
}

func (g *gathered) Slow(Operation) {}

func newIndex(t testing.TB, limits IndexLimits) (*Index, *gathered, *Drops) {
	t.Helper()
	rules, err := CompileRules([]Rule{
		{Metric: "count", Match: map[string]string{"device": "d.*"}, ID: "${device}", Field: "ops", Counter: true, Scale: 2},
		{Metric: "sum", ID: "${device}", Field: "bytes", Period: 10 * time.Second},
		{Metric: "gauge", ID: "${device}", Field: "latency_seconds"},
		{Metric: "share", ID: "${device}", Field: "pressure"},
	})
	if err != nil {
		t.Fatal(err)
	}
	sink, drops := &gathered{ids: map[foreshock.ID]Handle{}}, new(Drops)
	return NewIndex(IndexConfig{Rules: rules, Sink: sink, Drops: drops, About: About{Source: "test"}, Limits: limits}), sink, drops
}

func keyOf(name, device string) []byte {
	return Labels{{NameLabel, name}, {"device", device}}.AppendKey(nil)
}

func dropsOf(d *Drops) map[Drop]int64 {
	counts := map[Drop]int64{}
	for _, c := range d.List() {
		counts[c.Reason] = c.Count
	}
	return counts
}

func TestSamplesBecomeReadings(t *testing.T) {
	now := time.UnixMilli(1_000_000_000)
	nan, inf := math.NaN(), math.Inf(1)
	ended := math.Float64frombits(StaleMarker)
	// The points of one series, "value@seconds"; what is read of them, "value/span@seconds"; and what is dropped.
	f := func(name string, points []Point, want string, dropped map[Drop]int64) {
		t.Helper()
		x, sink, drops := newIndex(t, IndexLimits{})
		b := x.Batch(now)
		for i := range points {
			points[i].Time *= 1000
		}
		b.Add(keyOf(name, "d1"), points)
		if err := b.Push(t.Context()); err != nil {
			t.Fatal(err)
		}
		taken := b.Taken()
		b.Close()
		var got []string
		for _, r := range sink.readings {
			got = append(got, fmt.Sprintf("%g/%g@%g", r.Value, float64(r.Span)/1000, float64(r.Time)/1000))
			if math.Signbit(r.Value) {
				t.Errorf("%g has a sign", r.Value)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s %v: read %q, want %q", name, points, s, want)
		}
		if got := dropsOf(drops); fmt.Sprint(got) != fmt.Sprint(dropped) {
			t.Errorf("%s %v: dropped %v, want %v", name, points, got, dropped)
		}
		if taken != len(sink.readings) {
			t.Errorf("%s: %d taken, but %d read", name, taken, len(sink.readings))
		}
	}
	none := map[Drop]int64{}
	// Counters: the first sample says nothing; increments are scaled; no change is zero, which is data.
	f("count", []Point{{5, 100}, {7, 110}, {7, 120}}, "4/10@110 0/10@120", none)
	f("count", []Point{{5, 100}, {3, 110}, {4, 120}}, "2/10@120", map[Drop]int64{DropReset: 1})
	f("count", []Point{{5, 100}, {6, 100}, {7, 110}}, "4/10@110", map[Drop]int64{DropDuplicate: 1})
	f("count", []Point{{5, 100}, {4, 90}, {7, 110}}, "4/10@110", map[Drop]int64{DropOutOfOrder: 1})
	f("count", []Point{{5, 100}, {ended, 110}, {7, 120}}, "4/20@120", map[Drop]int64{DropStale: 1})
	f("count", []Point{{5, 100}, {7, 701}, {8, 711}}, "2/10@711", none) // a gap longer than ten minutes is no data
	f("count", []Point{{5, 100}, {1e20, 110}, {1e20, 120}}, "0/10@120", map[Drop]int64{DropAbsurd: 1})
	f("count", []Point{{5, 100}, {inf, 110}, {7, 120}, {-1, 130}, {nan, 140}}, "4/20@120", map[Drop]int64{DropNaN: 2, DropNegative: 1})
	f("count", []Point{{5, 100}, {7, 2_000_000}, {7, 110}}, "4/10@110", map[Drop]int64{DropFuture: 1}) // it does not stop the series
	f("count", []Point{{5, math.MinInt64 / 1000}, {5, 100}, {7, 110}}, "4/10@110", map[Drop]int64{DropMalformed: 1})
	// Sums of a period are rates: told twice in the period, they count once.
	f("sum", []Point{{50, 100}, {50, 105}, {50, 110}, {100, 120}}, "25/5@105 25/5@110 100/10@120", none)
	f("sum", []Point{{50, 100}, {50, 1000}}, "", none)
	// Gauges.
	f("gauge", []Point{{0.1, 100}, {0.2, 110}}, "0.1/0@100 0.2/0@110", none)
	f("gauge", []Point{{math.Copysign(0, -1), 100}, {5e-324, 110}, {1e308, 120}}, "0/0@100 5e-324/0@110", map[Drop]int64{DropAbsurd: 1})
	f("share", []Point{{1, 100}, {1.5, 110}}, "1/0@100", map[Drop]int64{DropAbsurd: 1})
	f("other", []Point{{1, 100}, {1.5, 110}}, "", map[Drop]int64{DropUnmapped: 2})
}

func TestIncrements(t *testing.T) {
	x, sink, _ := newIndex(t, IndexLimits{})
	b := x.Batch(time.UnixMilli(1_000_000))
	b.AddIncrement(keyOf("count", "d1"), Point{3, 1000}, 10*time.Second)
	b.AddIncrement(keyOf("count", "d1"), Point{3, 1000}, 10*time.Second)
	b.AddIncrement(keyOf("gauge", "d1"), Point{0.5, 1000}, 10*time.Second)
	if err := b.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.Dropped(DropDuplicate) != 1 {
		t.Error("the same increment counts twice")
	}
	b.Close()
	want := []Reading{{Value: 6, Time: 1000, Span: 10000, Field: Ops}, {Value: 0.5, Time: 1000}}
	if !slices.Equal(sink.readings, want) {
		t.Errorf("read %v, want %v", sink.readings, want)
	}
}

func TestSeriesThatCannotBe(t *testing.T) {
	f := func(key []byte, want Drop) {
		t.Helper()
		x, _, _ := newIndex(t, IndexLimits{MaxSeries: 10})
		for range 2 { // the second time by memory
			b := x.Batch(time.Now())
			b.Add(key, []Point{{1, 1000}, {2, 2000}})
			if b.Dropped(want) != 2 {
				t.Errorf("%q: %v, want 2 %s", key, b.dropped, want)
			}
			b.Close()
		}
		if x.Size() != (IndexSize{}) {
			t.Errorf("%q is remembered: %+v", key, x.Size())
		}
	}
	key := func(pairs ...string) []byte {
		var b []byte
		for i := 0; i < len(pairs); i += 2 {
			b = AppendLabel(b, pairs[i], pairs[i+1])
		}
		return b
	}
	f(nil, DropMalformed)
	f(key("device", "d1"), DropMalformed)                                     // no name
	f(key(NameLabel, "count", "device", "d1", "device", "d2"), DropMalformed) // a label twice
	f(key("device", "d1", NameLabel, "count", "device", "d1"), DropMalformed) // also when they are not sorted
	f(key(NameLabel, "count", "", "x"), DropMalformed)                        // a label without a name
	f(key(NameLabel, "count", "device", "\xff"), DropMalformed)               // not UTF-8
	f(key(NameLabel, "count", "device", strings.Repeat("d", MaxKey)), DropTooLarge)
	f([]byte{tagFirst, 200, 1, 2}, DropMalformed)
	f(key(NameLabel, "count", "device", "x1"), DropUnmapped)
	f(key(NameLabel, "gauge"), DropBadID)
}

func TestOrderOfLabelsIsNoIdentity(t *testing.T) {
	x, sink, _ := newIndex(t, IndexLimits{})
	b := x.Batch(time.UnixMilli(1_000_000))
	sorted := AppendLabel(AppendLabel(nil, NameLabel, "count"), "device", "d1")
	turned := AppendLabel(AppendLabel(nil, "device", "d1"), NameLabel, "count")
	b.Add(turned, []Point{{1, 1000}})
	b.Add(sorted, []Point{{2, 2000}})
	b.Add(turned, []Point{{2, 2000}, {4, 3000}})
	if err := b.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(sink.readings) != 2 || b.Dropped(DropDuplicate) != 1 || x.Size().Series != 1 {
		t.Errorf("read %v, %d duplicates, %+v; want one series", sink.readings, b.Dropped(DropDuplicate), x.Size())
	}
	b.Close()
}

// What was not taken can be sent again; what was taken and is sent again changes nothing.
func TestPushAgain(t *testing.T) {
	x, sink, drops := newIndex(t, IndexLimits{})
	send := func(busy bool) error {
		sink.busy = busy
		b := x.Batch(time.UnixMilli(1_000_000))
		defer b.Close()
		b.Add(keyOf("count", "d1"), []Point{{1, 1000}, {2, 2000}, {4, 3000}})
		b.Add(keyOf("gauge", "d1"), []Point{{1, 1000}})
		return b.Push(t.Context())
	}
	if err := send(true); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a busy sink gives %v", err)
	}
	if err := send(false); err != nil || len(sink.readings) != 3 {
		t.Fatalf("after a refusal: %v, read %v, want 3", err, sink.readings)
	}
	if got := dropsOf(drops); len(got) != 0 {
		t.Fatalf("dropped %v, want nothing", got)
	}
	if err := send(false); err != nil || len(sink.readings) != 3 {
		t.Fatalf("sent again: %v, read %v, want 3", err, sink.readings)
	}
	b := x.Batch(time.UnixMilli(1_000_000))
	b.Add(keyOf("count", "d1"), []Point{{5, 4000}})
	b.Close() // without Push
	b = x.Batch(time.UnixMilli(1_000_000))
	b.Add(keyOf("count", "d1"), []Point{{6, 4000}})
	if err := b.Push(t.Context()); err != nil || len(sink.readings) != 4 || sink.readings[3].Value != 4 {
		t.Fatalf("after a batch without push: %v, read %v", err, sink.readings)
	}
	b.Close()
}

func TestSeriesAreBounded(t *testing.T) {
	x, sink, drops := newIndex(t, IndexLimits{MaxSeries: 100, Idle: time.Minute})
	sink.most = 150
	b := x.Batch(time.UnixMilli(1_000_000))
	for i := range 1000 {
		b.Add(keyOf("gauge", fmt.Sprint("d", i)), []Point{{1, 1000}})
	}
	if err := b.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if got := x.Size(); got.Series != 100 || len(sink.readings) != 100 {
		t.Errorf("%+v and %d readings, want 100 of both", got, len(sink.readings))
	}
	if got := dropsOf(drops)[DropTooMany]; got != 900 {
		t.Errorf("%d refused, want 900", got)
	}
	x, _, drops = newIndex(t, IndexLimits{MaxLabelBytes: 100})
	b = x.Batch(time.UnixMilli(1_000_000))
	for i := range 10 {
		b.Add(keyOf("gauge", fmt.Sprint("d", i)), []Point{{1, 1000}})
	}
	b.Close()
	if got := x.Size(); got.LabelBytes > 100 || int64(got.Series)+dropsOf(drops)[DropTooMany] != 10 {
		t.Errorf("%+v, %v; want at most 100 bytes", got, dropsOf(drops))
	}
}

// letting is a sink that lets workloads go.
type letting struct {
	*gathered
	gone map[Handle]bool
}

func (l *letting) Holds(h Handle) bool { return !l.gone[h] }

// A series whose workload has left is registered anew with its next sample, also when it was seen all the time and had nothing of use.
func TestWorkloadThatLeftIsRegisteredAnew(t *testing.T) {
	x, sink, _ := newIndex(t, IndexLimits{})
	l := &letting{sink, map[Handle]bool{}}
	x = NewIndex(IndexConfig{Rules: x.cfg.Rules, Sink: l, Drops: x.cfg.Drops, About: x.cfg.About})
	add := func(at int64, value float64) {
		t.Helper()
		b := x.Batch(time.UnixMilli(at))
		b.Add(keyOf("gauge", "d"), []Point{{value, at}})
		if err := b.Push(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.Close()
	}
	add(1000, 1)
	add(2000, math.NaN())
	l.gone[0] = true
	delete(sink.ids, "d")
	sink.ids["other"] = 0 // so that the next has another handle
	add(3000, math.NaN())
	add(4000, 2)
	if h := sink.ids["d"]; h != 1 || len(sink.readings) != 2 || sink.readings[1].Handle != h || x.Size().Series != 1 {
		t.Errorf("the handle is %d, read was %+v of %d series", h, sink.readings, x.Size().Series)
	}
}

// Series that are seen stay, those that are not go, however many come.
func TestChurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _, drops := newIndex(t, IndexLimits{MaxSeries: 4000, Idle: 10 * time.Minute})
		for minute := range 60 {
			for range 100 { // batches
				b := x.Batch(time.Now())
				for i := range 2 {
					b.Add(keyOf("gauge", fmt.Sprintf("old%d", i)), []Point{{1, time.Now().UnixMilli()}})
					b.Add(keyOf("gauge", fmt.Sprintf("new%d.%d", minute, rand.IntN(200))), []Point{{1, time.Now().UnixMilli()}})
				}
				if err := b.Push(t.Context()); err != nil {
					t.Fatal(err)
				}
				b.Close()
				time.Sleep(600 * time.Millisecond)
			}
		}
		if got := dropsOf(drops)[DropTooMany]; got != 0 {
			t.Errorf("%d refused, though those that ended should have made room", got)
		}
		// About 126 of the 200 come in each minute, and stay for ten to twelve.
		if got := x.Size().Series; got < 1200 || got > 1700 {
			t.Errorf("%d series, want those of the last eleven minutes, about 1390", got)
		}
		time.Sleep(time.Hour)
		for range 1 << shardBits {
			x.Batch(time.Now()).Close()
		}
		if got := x.Size(); got != (IndexSize{}) {
			t.Errorf("%+v an hour later, want nothing", got)
		}
	})
}

// A shard must behave as a map does, whatever the hashes are.
func TestShard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s shard
		model := map[string]uint32{} // key to when it was seen
		hashOf := func(key string) uint64 { return uint64(key[0]%3) | uint64(key[len(key)-1]%2)<<40 }
		keys := rapid.SampledFrom(func() (keys []string) {
			for i := range 60 {
				keys = append(keys, fmt.Sprintf("%d%s%d", i, strings.Repeat("x", i*97%3000), i))
			}
			return keys
		}())
		clock := uint32(1)
		t.Repeat(map[string]func(*rapid.T){
			"see": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				e := s.find(hashOf(key), []byte(key))
				if (e != nil) != (model[key] != 0) {
					t.Fatalf("%.10s is there: %v, want %v", key, e != nil, model[key])
				}
				if e == nil {
					e = s.insert(hashOf(key), []byte(key))
					e.handle = Handle(len(key))
				}
				e.seen, model[key] = clock, clock
			},
			"evict": func(t *rapid.T) {
				since := clock - min(clock, rapid.Uint32Range(0, 20).Draw(t, "age"))
				gone, size := s.evict(since)
				for key, seen := range model {
					if seen < since {
						gone, size = gone-1, size-len(key)
						delete(model, key)
					}
				}
				if gone != 0 || size != 0 {
					t.Fatalf("evicted %d series and %d bytes too many", gone, size)
				}
			},
			"": func(t *rapid.T) {
				clock++
				if s.count != len(model) {
					t.Fatalf("%d series, want %d", s.count, len(model))
				}
				for key := range model {
					e := s.find(hashOf(key), []byte(key))
					if e == nil || !bytes.Equal(s.keys.get(e.at, e.size), []byte(key)) || e.handle != Handle(len(key)) {
						t.Fatalf("%.10s is lost", key)
					}
				}
			},
		})
	})
}

func TestConcurrentBatches(t *testing.T) {
	x, sink, _ := newIndex(t, IndexLimits{MaxSeries: 500})
	var done sync.WaitGroup
	const workers, rounds, series = 8, 50, 100
	for w := range workers {
		done.Go(func() {
			for round := range rounds {
				b := x.Batch(time.UnixMilli(1_000_000))
				for i := range series {
					b.Add(keyOf("count", fmt.Sprint("d", i)), []Point{{float64(round), int64(1000 + round)}})
				}
				if w%2 == 0 {
					_ = b.Push(t.Context())
				}
				b.Close()
			}
		})
	}
	done.Wait()
	sum := map[Handle]float64{}
	for _, r := range sink.readings {
		sum[r.Handle] += r.Value / 2
	}
	if len(sum) != series {
		t.Fatalf("%d workloads, want %d", len(sum), series)
	}
	for h, total := range sum {
		if total > rounds-1 {
			t.Errorf("workload %d rose by %g in all, but its counter only by %d", h, total, rounds-1)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add(keyOf("count", "d1"))
	f.Add([]byte{tagFirst, 200, 1, 2})
	f.Fuzz(func(t *testing.T, key []byte) {
		raw, sorted, err := parseKey(nil, key)
		if err != nil {
			return
		}
		again, _, err := parseKey(nil, appendLabels(nil, raw).AppendKey(nil))
		if err != nil || len(again) != len(raw) {
			t.Fatalf("%q: %v, %d labels, want %d", key, err, len(again), len(raw))
		}
		for i := range raw {
			if sorted && string(raw[i].name) != string(again[i].name) {
				t.Fatalf("%q: label %d is %s, want %s", key, i, again[i].name, raw[i].name)
			}
		}
	})
}

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/ingest/replay"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/embedded"
)

// bubble is when the clock of a bubble of testing/synctest starts.
var bubble = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// recording writes two days of two volumes with a daily rhythm: hours in which one is saturated, gaps of minutes and of hours, rows that come
// more often than the step and some that are out of order.
func recording(t *testing.T) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	var rows bytes.Buffer
	rows.WriteString("unix_seconds,id,latency_seconds,iops,queue_depth,throughput_bps\n")
	for i := 1; i <= 2*1440; i++ {
		for k, id := range []string{"a/disk", "b/disk", "a/log"} {
			if k == 0 && (i%500 < 4 || i >= 1900 && i < 2050) {
				continue // nothing was measured
			}
			iops := 900 + 500*math.Sin(2*math.Pi*float64(i)/1440) + 30*rng.NormFloat64()
			latency := 0.001 * math.Exp(0.1*rng.NormFloat64())
			if i%400 > 380 {
				iops, latency = 1500, 0.03*math.Exp(0.1*rng.NormFloat64())
			}
			at := bubble.Unix() + int64(60*i-rng.IntN(30))
			fmt.Fprintf(&rows, "%d,%s,%g,%g,%g,%g\n", at, id, latency, iops, iops*latency, 16384*iops)
		}
	}
	file := filepath.Join(t.TempDir(), "two-days.csv")
	if err := os.WriteFile(file, rows.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// comings writes a day of volumes that are away again and again, for about an hour.
func comings(t *testing.T, seed uint64) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 5))
	var rows bytes.Buffer
	rows.WriteString("unix_seconds,id,latency_seconds,iops,queue_depth,throughput_bps\n")
	ids := []string{"a/disk", "b/disk", "c/disk", "a/log", "b/log"}
	change, here := make([]int, len(ids)), make([]bool, len(ids))
	for i := 1; i <= 1440; i++ {
		for k, id := range ids {
			if i > change[k] {
				here[k] = !here[k]
				if change[k] = i + 57 + rng.IntN(8); here[k] {
					change[k] = i + 1 + rng.IntN(150)
				}
			}
			if !here[k] {
				continue
			}
			iops, latency := 600+200*rng.Float64(), 0.001*math.Exp(0.1*rng.NormFloat64())
			if i%240 > 225 {
				iops, latency = 1500, 0.03*math.Exp(0.1*rng.NormFloat64())
			}
			at := bubble.Unix() + int64(60*i-20-rng.IntN(20))
			fmt.Fprintf(&rows, "%d,%s,%g,%g,%g,%g\n", at, id, latency, iops, iops*latency, 16384*iops)
		}
	}
	file := filepath.Join(t.TempDir(), "a-day.csv")
	if err := os.WriteFile(file, rows.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// tape keeps what a replay pushes.
type tape struct {
	ids     []foreshock.ID
	about   []ingest.About
	batches [][]ingest.Reading
	late    func() time.Duration // after its last reading, until a batch is pushed; nil: none
}

func (v *tape) Register(id foreshock.ID, about ingest.About) (ingest.Handle, error) {
	v.ids, v.about = append(v.ids, id), append(v.about, about)
	return ingest.Handle(len(v.ids) - 1), nil
}

func (v *tape) Push(_ context.Context, batch []ingest.Reading) error {
	v.batches = append(v.batches, slices.Clone(batch))
	return nil
}

func (v *tape) Advance(context.Context, time.Time) error { return nil }

func (v *tape) Slow(ingest.Operation) {}

// events gathers, per workload, what happened as JSON.
type events map[foreshock.ID][]string

func (e events) take(event *foreshock.Event) {
	line, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	e[event.Workload()] = append(e[event.Workload()], string(line))
}

// live runs the readings of a file through the live pipeline, each when its time comes, with all its goroutines and clocks. The program is stopped and
// started anew, on the same data folder, after as many batches as stops say. Change, where it is not nil, says how the batches come.
func live(t *testing.T, c config.Config, o ReplayOptions, change func(*tape), stops ...int) events {
	t.Helper()
	reader, err := replay.Open(o.File, replay.Options{Step: o.Step})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	recorded := &tape{}
	if err := reader.Run(t.Context(), recorded); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(recorded)
	}
	found, folder := events{}, t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		from := 0
		for _, to := range append(stops, len(recorded.batches)) {
			profiles, err := embedded.OpenProfiles(folder, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			lived(t, c, o, reader.Step(), profiles, found, recorded, from, to)
			if err := profiles.Close(); err != nil {
				t.Error(err)
			}
			from = to
		}
	})
	return found
}

// lived is a program that is started before a batch, and stopped before another.
func lived(t *testing.T, c config.Config, o ReplayOptions, step time.Duration, profiles store.Profiles, found events, recorded *tape, from, to int) {
	t.Helper()
	p, err := build(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	stages := p.stages()
	stages.Ledger, stages.Profiles = act.NewLedger(), profiles
	if stages.Executor, err = p.observeOnly(o, stages.Ledger, time.Now); err != nil {
		t.Fatal(err)
	}
	line := pipeline.New(stages, pipeline.Options{
		Log: slog.New(slog.DiscardHandler), Step: step, Snapshot: time.Minute, Most: c.Limits.Workloads, Forget: c.Limits.ForgetAfter, Forecasts: c.Limits.Forecasts,
		Slowest: c.Limits.Slow, Drops: p.drops, Event: found.take,
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- line.Run(ctx) }()
	play(t, recorded, recorded.batches[from:to], line)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// play pushes each batch when its last reading is read, and then waits until its step is over for sure.
func play(t *testing.T, recorded *tape, batches [][]ingest.Reading, line *pipeline.Pipeline) {
	handles := map[ingest.Handle]ingest.Handle{}
	var newest int64
	for _, batch := range batches {
		for i := range batch {
			newest = max(newest, batch[i].Time)
		}
		wait := time.Until(time.UnixMilli(newest))
		if recorded.late != nil {
			wait += recorded.late()
		}
		time.Sleep(wait)
		for i := range batch {
			h, known := handles[batch[i].Handle]
			if !known || !line.Holds(h) {
				var err error
				if h, err = line.Register(recorded.ids[batch[i].Handle], recorded.about[batch[i].Handle]); err != nil {
					t.Fatal(err)
				}
				handles[batch[i].Handle] = h
			}
			batch[i].Handle = h
		}
		if err := line.Push(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Until(time.UnixMilli(newest).Add(2 * time.Minute)))
}

// What the live program sees, forecasts and decides on some data is to the byte what a replay of them gives, also where data are missing.
func TestLiveIsReplayed(t *testing.T) {
	got := sameLive(t, ReplayOptions{File: recording(t), AllocatedIOPS: 1500}, config.Default().Limits, 3)
	for _, part := range []string{`"bound":"not_fresh"`, `"kind":"grow"`, `"expected":[{`, `"type":"anomaly"`, `"type":"correction"`, `"type":"follow_up"`} {
		if !slices.ContainsFunc(got["a/disk"], func(line string) bool { return strings.Contains(line, part) }) {
			t.Errorf("no event has %s: the data do not try it", part)
		}
	}
}

// The same of what a real Prometheus answered to range queries; testdata/range.sh recorded it.
func TestLiveIsReplayedFromPrometheus(t *testing.T) {
	got := sameLive(t, ReplayOptions{File: "testdata/range.json.gz", AllocatedIOPS: 1500}, config.Default().Limits, 2)
	for _, part := range []string{`"kind":"grow"`, `"type":"anomaly"`} {
		if !slices.ContainsFunc(got["sda/vm-1:9100"], func(line string) bool { return strings.Contains(line, part) }) {
			t.Errorf("no event has %s: the data do not try it", part)
		}
	}
}

// The same where workloads leave that are not heard of for an hour, and come back: to the others it makes a difference when.
func TestLiveIsReplayedWhereWorkloadsLeave(t *testing.T) {
	limits := config.Default().Limits
	limits.ForgetAfter = time.Hour
	got := sameLive(t, ReplayOptions{File: recording(t), AllocatedIOPS: 1500}, limits, 4) // notes are of none
	if list := got[""]; len(list) != 1 || !strings.Contains(list[0], "a/disk was not heard of since 2000-01-02T07:") {
		t.Errorf("who has left is told as %q", list)
	}
	if !slices.ContainsFunc(got["a/disk"], func(line string) bool {
		return strings.Contains(line, `"time":"2000-01-02T1`) && strings.Contains(line, `"type":"anomaly"`)
	}) {
		t.Error("nothing is told of the workload that came back")
	}
}

// The same where most leave and come back again and again, many of them in the moment in which they would be forgotten: it makes no difference
// whether their owner has looked at the clock in between.
func TestLiveIsReplayedWhereWorkloadsComeAndGo(t *testing.T) {
	limits := config.Default().Limits
	limits.ForgetAfter = time.Hour + 30*time.Second // it ends within a step
	for seed := range uint64(2) {
		got := sameLive(t, ReplayOptions{File: comings(t, seed), AllocatedIOPS: 1500}, limits, 6)
		if n := len(got[""]); n < 10 {
			t.Errorf("seed %d: %d have left", seed, n)
		}
	}
}

// The same where workloads share what they have, whichever of them is heard of first.
func TestLiveIsReplayedWhereWorkloadsShare(t *testing.T) {
	c, err := config.Parse("f.yaml", []byte("targets:\n- cgroup: {}\npolicies:\n- {name: p, match: ['**'], target: cgroup, resource: pool}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c.Sources = nil
	o := ReplayOptions{File: recording(t), AllocatedIOPS: 4500}
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 6))
		got := sameLiveOf(t, c, o, func(v *tape) {
			apart := [][]ingest.Reading{}
			for _, batch := range v.batches {
				of := map[ingest.Handle][]ingest.Reading{}
				for _, r := range batch {
					of[r.Handle] = append(of[r.Handle], r)
				}
				for _, i := range rng.Perm(len(v.ids)) {
					if readings := of[ingest.Handle(i)]; len(readings) > 0 {
						apart = append(apart, readings)
					}
				}
			}
			v.batches, v.late = apart, func() time.Duration { return time.Duration(rng.IntN(31_000)) * time.Millisecond }
		}, 3)
		if !slices.ContainsFunc(got["a/log"], func(line string) bool { return strings.Contains(line, `"kind":"grow"`) }) {
			t.Error("nothing was to grow: the data do not try it")
		}
	}
}

// sameLive compares the events of a replay with those of the live program, workload by workload.
func sameLive(t *testing.T, o ReplayOptions, limits config.Limits, workloads int) events {
	t.Helper()
	c := config.Default()
	c.Sources, c.Limits = nil, limits
	return sameLiveOf(t, c, o, nil, workloads)
}

func sameLiveOf(t *testing.T, c config.Config, o ReplayOptions, change func(*tape), workloads int) events {
	t.Helper()
	got := live(t, c, o, change)
	want := events{}
	o.Event = want.take
	if _, err := Replay(t.Context(), c, o); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want[""]) // several owners tell these
	slices.Sort(got[""])
	for id, list := range want {
		same := 0
		for same < min(len(list), len(got[id])) && list[same] == got[id][same] {
			same++
		}
		if len(list) == same && len(got[id]) == same {
			continue
		}
		t.Errorf("%s: of %d events of the replay and %d live the first %d are the same; then\n%s\n%s",
			id, len(list), len(got[id]), same, at(list, same), at(got[id], same))
	}
	if len(want) != workloads || len(got) != workloads {
		t.Errorf("%d workloads in the replay and %d live", len(want), len(got))
	}
	return got
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(nothing)"
}

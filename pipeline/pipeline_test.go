package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/detect/ewma"
	"github.com/foreshock-io/foreshock/detect/stl"
	"github.com/foreshock-io/foreshock/detect/zscore"
	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/forecast/ets"
	"github.com/foreshock-io/foreshock/forecast/naive"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/profile"
)

func stages(t testing.TB) pipeline.Stages {
	t.Helper()
	nothing := func(any) error { return nil }
	var methods []detect.Weighted
	for _, f := range []detect.Factory{zscore.Factory, ewma.Factory, stl.Factory} {
		m, err := f.New(nothing)
		if err != nil {
			t.Fatal(err)
		}
		methods = append(methods, detect.Weighted{Method: m, Weight: 1})
	}
	detector, err := detect.New(detect.Default(), methods...)
	if err != nil {
		t.Fatal(err)
	}
	smooth, err := ets.Factory.New(nothing)
	if err != nil {
		t.Fatal(err)
	}
	cfg := forecast.Default()
	cfg.Deadline = time.Hour // virtual time must not depend on how fast the machine is
	chooser, err := forecast.New(cfg, []forecast.Model{naive.Model{}, smooth})
	if err != nil {
		t.Fatal(err)
	}
	watch := decide.Default()
	watch.Name, watch.Match = "watch", []string{"**"}
	return pipeline.Stages{Profile: profile.Default(), Detector: detector, Forecast: chooser, Policies: []decide.Policy{watch}}
}

// volume pushes minutes of a volume with a daily cycle; at bad minutes its latency is twenty times as high.
func volume(t *testing.T, p *pipeline.Pipeline, minutes int, bad func(int) bool) {
	t.Helper()
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(7, 7))
	h, err := p.Register("vol/a", ingest.About{Source: "test", Step: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for i := range minutes {
		at := begin.Add(time.Duration(i)*time.Minute + time.Second)
		iops := 500 + 300*math.Sin(2*math.Pi*float64(i)/1440) + 20*rng.NormFloat64()
		latency := 0.001 * math.Exp(0.1*rng.NormFloat64())
		if bad(i) {
			latency *= 20
		}
		ms := at.UnixMilli()
		if err := p.Push(ctx, []ingest.Reading{
			{Handle: h, Field: ingest.IOPS, Time: ms, Value: iops},
			{Handle: h, Field: ingest.Latency, Time: ms, Value: latency},
			{Handle: h, Field: ingest.QueueDepth, Time: ms, Value: iops * latency},
			{Handle: h, Field: ingest.Throughput, Time: ms, Value: iops * 16384},
		}); err != nil {
			t.Fatal(err)
		}
		if err := p.Advance(ctx, at.Add(59*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
}

func virtual(t testing.TB, event func(*foreshock.Event)) *pipeline.Pipeline {
	t.Helper()
	return pipeline.New(stages(t), pipeline.Options{
		Log: slog.New(slog.DiscardHandler), Step: time.Minute, Most: 10, Forecasts: 10, Slowest: 3, Virtual: true, Event: event,
	})
}

// An incident is found, is one anomaly with a begin and an end, and is decided upon with reasons.
func TestIncident(t *testing.T) {
	var events []foreshock.Event
	p := virtual(t, func(e *foreshock.Event) { events = append(events, *e) })
	volume(t, p, 3*1440, func(i int) bool { return i >= 4000 && i < 4040 })
	var begun, ended int
	var worst foreshock.Severity
	watched := false
	for _, e := range events {
		if a := e.Anomaly; a != nil && a.Start.After(time.Date(2026, 1, 7, 18, 0, 0, 0, time.UTC)) && a.Metric == foreshock.Latency {
			if a.End.IsZero() {
				begun++
			} else {
				ended++
			}
			worst = max(worst, a.Worst)
		}
		if e.Decision != nil && e.Decision.Severity == foreshock.High && len(e.Decision.Reasons) > 0 {
			watched = true
		}
	}
	if begun == 0 || ended != 1 || worst != foreshock.High || !watched {
		t.Errorf("begun or changed %d, ended %d, worst %s, decided on high severity %t", begun, ended, worst, watched)
	}
	d, ok, err := p.Workload(context.Background(), "vol/a")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if d.Stage != foreshock.Trusted || d.Quality != foreshock.Fresh || len(d.Forecasts) == 0 {
		t.Errorf("stage %s, quality %s, %d forecasts", d.Stage, d.Quality, len(d.Forecasts))
	}
	if s, ok := d.Normal(foreshock.Latency); !ok || s.P50 < 0.0009 || s.P50 > 0.0011 {
		t.Errorf("normal latency is %+v", s)
	}
}

// The same data give the same events, to the byte.
func TestDeterministic(t *testing.T) {
	run := func() []byte {
		var b bytes.Buffer
		p := virtual(t, func(e *foreshock.Event) {
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s\n", line)
		})
		volume(t, p, 4*1440, func(i int) bool { return i%1000 > 990 })
		return b.Bytes()
	}
	first, second := run(), run()
	if len(first) == 0 || !bytes.Equal(first, second) {
		t.Errorf("%d bytes and %d bytes that differ", len(first), len(second))
	}
}

// The bound on workloads holds, loudly, and those that are known go on.
func TestTooManyWorkloads(t *testing.T) {
	p := virtual(t, nil)
	for i := range 10 {
		if _, err := p.Register(foreshock.ID(fmt.Sprint("w", i)), ingest.About{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Register("w10", ingest.About{}); err == nil {
		t.Error("one more than the bound was registered")
	}
	if h, err := p.Register("w3", ingest.About{}); err != nil || h != 3 {
		t.Errorf("a known workload: handle %d, %v", h, err)
	}
	if _, err := p.Register("", ingest.About{}); err == nil {
		t.Error("an empty id was registered")
	}
}

// BenchmarkStep is a step of four metrics through folding, scoring and learning, over many workloads in turn.
func BenchmarkStep(b *testing.B) {
	for _, n := range []int{1000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := pipeline.New(stages(b), pipeline.Options{Log: slog.New(slog.DiscardHandler), Step: 10 * time.Second, Most: n, Virtual: true})
			handles := make([]ingest.Handle, n)
			for i := range handles {
				handles[i], _ = p.Register(foreshock.ID(fmt.Sprint("w", i)), ingest.About{})
			}
			rng := rand.New(rand.NewPCG(1, 1))
			ctx := context.Background()
			at := time.Date(2026, 1, 5, 0, 0, 1, 0, time.UTC).UnixMilli()
			batch := make([]ingest.Reading, 0, 4)
			round := func() {
				for _, h := range handles {
					x := 1 + rng.Float64()
					batch = append(batch[:0],
						ingest.Reading{Handle: h, Field: ingest.IOPS, Time: at, Value: 500 * x}, ingest.Reading{Handle: h, Field: ingest.Latency, Time: at, Value: 0.001 * x},
						ingest.Reading{Handle: h, Field: ingest.QueueDepth, Time: at, Value: 0.5 * x * x}, ingest.Reading{Handle: h, Field: ingest.Throughput, Time: at, Value: 8e6 * x})
					_ = p.Push(ctx, batch)
				}
				at += 10_000
			}
			for range 200 {
				if n > 1000 {
					break
				}
				round()
			}
			for range 30 {
				round()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += n {
				round()
			}
		})
	}
}

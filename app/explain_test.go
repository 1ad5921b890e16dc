package app

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
)

// midnight is when the volumes of these tests begin, and fiveMinutes their step.
var midnight = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const fiveMinutes = 5 * time.Minute

// watched is the program as it replays, with a volume whose I/O per second and latency at a step are given, and 3,000 IOPS provisioned.
func watched(t *testing.T, steps int, reading func(step int) (iops, latency float64)) (*parts, pipeline.Detail) {
	t.Helper()
	c := config.Default()
	c.Sources = nil
	p, err := build(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	daily := forecast.Default()
	daily.Every = 24 * time.Hour // in between, models are updated
	if p.chooser, err = forecast.New(daily, p.buildModels(nil, &faultList{})); err != nil {
		t.Fatal(err)
	}
	p.chooser = p.chooser.Unhurried()
	clock := midnight
	stages := p.stages()
	if stages.Executor, err = p.observeOnly(ReplayOptions{AllocatedIOPS: 3000}, act.NewLedger(), func() time.Time { return clock }); err != nil {
		t.Fatal(err)
	}
	line := pipeline.New(stages, pipeline.Options{
		Log: slog.New(slog.DiscardHandler), Step: fiveMinutes, Most: 1, Forecasts: 1, Virtual: true, Drops: p.drops, Event: func(*foreshock.Event) {},
	})
	ctx := context.Background()
	h, err := line.Register("vol/a", ingest.About{Source: "test", Step: fiveMinutes})
	if err != nil {
		t.Fatal(err)
	}
	for i := range steps {
		clock = midnight.Add(time.Duration(i) * fiveMinutes)
		iops, latency := reading(i)
		ms := clock.Add(time.Second).UnixMilli()
		if err := line.Push(ctx, []ingest.Reading{
			{Handle: h, Field: ingest.IOPS, Time: ms, Value: iops},
			{Handle: h, Field: ingest.Latency, Time: ms, Value: latency},
			{Handle: h, Field: ingest.QueueDepth, Time: ms, Value: iops * latency},
		}); err != nil {
			t.Fatal(err)
		}
		if err := line.Advance(ctx, clock.Add(fiveMinutes-time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	d, ok, err := line.Workload(ctx, "vol/a")
	if err != nil || !ok {
		t.Fatalf("the workload is not known: %v", err)
	}
	return p, d
}

// An explanation shows how demand is forecast, how good that was on the past, and what the last decision was told: here the peak of each noon, a quarter of an hour
// before it comes.
func TestExplainForecast(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const day, noon = 288, 144
	_, d := watched(t, 6*day+noon-3, func(i int) (float64, float64) {
		iops := 400 + 20*rng.NormFloat64()
		if phase := i % day; phase >= noon && phase < noon+24 {
			iops += 1600 + 60*rng.NormFloat64()
		}
		return iops, 0.001 * math.Exp(0.1*rng.NormFloat64())
	})
	text := api.Explain(&api.Explanation{Workload: d})
	for _, want := range []string{"Forecast of iops by ", "skill ", " against seasonal naive, coverage ", "fitted to 2026-03-0", "updated to 2026-03-08 11:", "it was told: iops for the next "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if d.Last == nil || len(d.Last.Expected) == 0 {
		t.Fatalf("the last decision knew of no forecast:\n%s", text)
	}
	e := d.Last.Expected[len(d.Last.Expected)-1]
	if e.Dimension != foreshock.DimIOPS || e.Over < 15*time.Minute || e.Level < 0.9 || e.Level > 0.97 || !(e.Peak > 1800 && e.Peak < 2600) {
		t.Errorf("%+v was expected:\n%s", e, text)
	}
}

// Where demand rose after each anomaly of the past, it is expected to rise when one comes again, and not otherwise; without the scores nothing tells.
func TestAnomalyRaisesForecast(t *testing.T) {
	const hour, days, quarter = 12, 8, 15 * time.Minute
	const last = days * 24 * hour
	// highest is the middle of what is expected within two hours, with the scores and without.
	highest := func(again bool) (with, without float64) {
		rng := rand.New(rand.NewPCG(2, 2))
		incidents := map[int]bool{last - 3: again}
		for at := 24 * hour; at < last-12*hour; at += 6*hour + rng.IntN(10*hour) {
			incidents[at] = true
		}
		since := last
		var peaks []float64 // of each quarter of an hour, as the program keeps them
		p, d := watched(t, last+2, func(i int) (float64, float64) {
			since++
			if incidents[i] {
				since = 0
			}
			iops, latency := 400+20*rng.NormFloat64(), 0.001*math.Exp(0.1*rng.NormFloat64())
			if since < 3 {
				latency *= 30
			}
			if since >= 6 && since < 24 {
				iops += 1500
			}
			if i%3 == 0 {
				peaks = append(peaks, 0)
			}
			peaks[len(peaks)-1] = max(peaks[len(peaks)-1], iops)
			return iops, latency
		})
		unscored := p.chooser.Choose(t.Context(), forecast.History{
			Workload: "vol/a", Dimension: foreshock.DimIOPS, Start: midnight.Add(quarter), Length: quarter, Values: peaks[:last/3],
		}).Forecast()
		middle := func(f *foreshock.Forecast) float64 {
			if f.At != midnight.Add(days*24*time.Hour) {
				t.Fatalf("the forecast begins at %s: %s", f.At, f.Reason)
			}
			peak, _, _ := f.Peak(0.5, f.At, f.At.Add(2*time.Hour))
			return peak
		}
		for _, f := range d.Forecasts {
			if f.Dimension == foreshock.DimIOPS {
				with = middle(f)
			}
		}
		return with, middle(&unscored)
	}
	if with, without := highest(true); with < 1000 || without > 600 {
		t.Errorf("after an anomaly %.0f IOPS are expected with the scores, %.0f without", with, without)
	}
	if with, without := highest(false); with > 600 || without > 600 {
		t.Errorf("without an anomaly %.0f IOPS are expected with the scores, %.0f without", with, without)
	}
}

package pipeline_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
)

// readings are those of minute i of a volume whose demand rises and falls daily, and stands a third higher from the last evening on.
func readings(h ingest.Handle, begin time.Time, i int) []ingest.Reading {
	iops := 500 + 300*math.Sin(2*math.Pi*float64(i)/1440) + float64(i*7919%101)/5
	if i > 3*1440-4*60 {
		iops *= 1.3
	}
	ms := begin.Add(time.Duration(i)*time.Minute + time.Second).UnixMilli()
	return []ingest.Reading{
		{Handle: h, Field: ingest.IOPS, Time: ms, Value: iops},
		{Handle: h, Field: ingest.Latency, Time: ms, Value: 0.001 + float64(i*31%17)*1e-5},
	}
}

// What the live program forecasts is what a replay of the same data forecasts, to the last digit; and between two fits of the models a forecast follows what has come since.
func TestForecastsLiveAsInReplay(t *testing.T) {
	const minutes = 3 * 1440
	run := func(isVirtual bool) (told pipeline.Detail) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			s := stages(t)
			s.Policies[0].Target, s.Policies[0].Bounds = "t", map[foreshock.Dimension]decide.Bounds{foreshock.DimIOPS: {}}
			p := pipeline.New(s, pipeline.Options{
				Log: slog.New(slog.DiscardHandler), Step: time.Minute, Most: 10, Forecasts: 10, Snapshot: time.Hour, Virtual: isVirtual, Owners: 1,
			})
			if !isVirtual {
				go func() { _ = p.Run(ctx) }()
			}
			h, err := p.Register("vol/a", ingest.About{Source: "test", Step: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now().UTC()
			for i := range minutes {
				if err := p.Push(ctx, readings(h, begin, i)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				synctest.Wait() // the background is done
				if isVirtual {
					if err := p.Advance(ctx, time.Now()); err != nil {
						t.Fatal(err)
					}
				}
			}
			detail, ok, err := p.Workload(ctx, "vol/a")
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			told = detail
			cancel()
			synctest.Wait()
		})
		return told
	}
	live, replayed := run(false), run(true)
	same := func(what string, live, replayed any) {
		t.Helper()
		a, _ := json.Marshal(live)
		b, _ := json.Marshal(replayed)
		if string(a) != string(b) {
			t.Fatalf("%s: live %s\nreplayed %s", what, a, b)
		}
	}
	same("forecasts", live.Forecasts, replayed.Forecasts)
	same("learned", live.Learned, replayed.Learned)
	if len(live.Forecasts) == 0 {
		t.Fatal("there are no forecasts")
	}
	if f := live.Forecasts[0]; !f.Usable() || !f.At.After(f.Fitted) {
		t.Errorf("fitted %s, up to date until %s: %s", f.Fitted, f.At, f.Reason)
	}
	if l := live.Learned["iops"]; l.Checks < 50 || l.Covered < 0.5 || l.Quantile == 0.95 || l.Quantile < 0.8 || l.Quantile > 0.99 {
		t.Errorf("coverage %+v", l)
	}
}

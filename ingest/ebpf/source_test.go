package ebpf

import (
	"context"
	"log/slog"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// made is a source as a configuration file makes it.
func made(set func(*Config)) (*Source, error) {
	decode := func(into any) error {
		if set != nil {
			set(into.(*Config))
		}
		return nil
	}
	source, err := Factory.New(decode, ingest.Env{
		Log: slog.New(slog.DiscardHandler), Step: 10 * time.Second, Drops: new(ingest.Drops),
	})
	if err != nil {
		return nil, err
	}
	return source.(*Source), nil
}

func TestSettings(t *testing.T) {
	f := func(set func(*Config), want string) {
		t.Helper()
		_, err := made(set)
		switch {
		case want == "" && err != nil:
			t.Error(err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("got %v, want something with %q", err, want)
		}
	}
	f(nil, "")
	f(func(c *Config) { c.Cgroups.Max = 100 }, "")
	f(func(c *Config) { c.Devices.Include = "(" }, "devices.include: ")
	f(func(c *Config) { c.Devices.Exclude = "(" }, "devices.exclude: ")
	f(func(c *Config) { c.Cgroups.Include = "(" }, "cgroups.include: ")
	f(func(c *Config) { c.Cgroups.Max = -1 }, "cgroups.max must be from 0 to 100000, not -1")
	f(func(c *Config) { c.Interval = time.Millisecond }, "interval must be from 100ms to 1h, not 1ms")
	f(func(c *Config) { c.Interval = 2 * time.Hour }, "interval")
	f(func(c *Config) { c.Step = -1 }, "step must be above 0")
	f(func(c *Config) { c.MaxMemory = 1000 }, "max_memory must be from 1048576 (1 MiB)")
}

func TestIntervalFollowsStep(t *testing.T) {
	f := func(set func(*Config), want time.Duration) {
		t.Helper()
		s, err := made(set)
		if err != nil {
			t.Fatal(err)
		}
		if s.cfg.Interval != want {
			t.Errorf("the interval is %v, want %v", s.cfg.Interval, want)
		}
	}
	f(nil, 10*time.Second)
	f(func(c *Config) { c.Step = time.Minute }, time.Minute)
	f(func(c *Config) { c.Interval = time.Second }, time.Second)
}

func TestSample(t *testing.T) {
	data, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Sources []struct{ Ebpf Config }
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	want := Defaults(ingest.Env{Step: 10 * time.Second})
	want.Interval = want.Step
	if diff := cmp.Diff(want, file.Sources[0].Ebpf); diff != "" {
		t.Error("the sample differs from the defaults", diff)
	}
	if _, err := New(file.Sources[0].Ebpf, ingest.Env{}); err != nil {
		t.Error(err)
	}
}

func TestDevices(t *testing.T) {
	f := func(include, device string, want bool) {
		t.Helper()
		s, err := made(func(c *Config) { c.Devices.Include = include })
		if err != nil {
			t.Fatal(err)
		}
		if got := s.devices.Want(device); got != want {
			t.Errorf("include %q: %s is wanted: %v", include, device, got)
		}
	}
	f("", "vda", true)
	f("", "nvme0n1", true)
	f("", "ram0", false)
	f("vd.", "vda", true)
	f("vd.", "xvda", false)
	f("vd.", "vdab", false)
	f("ram.*", "ram0", false)
}

func TestReadings(t *testing.T) {
	busy := &gain{Delta: Delta{LatencySum: 40 * time.Millisecond, Ops: 4, Bytes: 16384, InFlight: 3}}
	for _, ms := range []time.Duration{1, 1, 2, 36} {
		busy.Latency.Add(ms * time.Millisecond)
	}
	cgroup := &gain{Delta: busy.Delta, cgroup: true}
	stuck := &gain{Delta: Delta{InFlight: 1}}
	over := window{at: time.UnixMilli(0), length: 10 * time.Second}

	f := func(set func(*Config), g *gain, want string) {
		t.Helper()
		s, err := made(set)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range s.readings(g, over) {
			got = append(got, describe(t, r))
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Error(diff)
		}
	}
	counters := func(c *Config) { c.Counters = true }
	replace := func(c *Config) { c.Replace = true }
	f(nil, busy, "p50=1ms p95=36ms p99=36ms")
	f(replace, busy, "p50=1ms p95=36ms p99=36ms latency=10ms")
	f(nil, cgroup, "p50=1ms p95=36ms p99=36ms latency=10ms")
	f(counters, busy, "p50=1ms p95=36ms p99=36ms ops+4/10000 bytes+16384/10000 seconds+0.04/10000 depth=3")
	f(nil, stuck, "")
	f(replace, stuck, "")
	f(counters, stuck, "ops+0/10000 bytes+0/10000 seconds+0/10000 depth=1")
}

// describe writes percentiles to the whole millisecond that lies within the histogram's error.
func describe(t *testing.T, r ingest.Reading) string {
	t.Helper()
	text := func(x float64) string {
		return strings.TrimSuffix(strings.TrimSuffix(slog.Float64Value(x).String(), ".0"), ".")
	}
	ms := func(x float64) string {
		for _, candidate := range []float64{1, 2, 36} {
			if math.Abs(x*1000/candidate-1) <= RelativeError {
				return text(candidate) + "ms"
			}
		}
		return text(x)
	}
	switch r.Field {
	case ingest.LatencyP50:
		return "p50=" + ms(r.Value)
	case ingest.LatencyP95:
		return "p95=" + ms(r.Value)
	case ingest.LatencyP99:
		return "p99=" + ms(r.Value)
	case ingest.Latency:
		return "latency=" + text(r.Value*1000) + "ms"
	case ingest.QueueDepth:
		return "depth=" + text(r.Value)
	}
	names := map[ingest.Field]string{ingest.Ops: "ops", ingest.Bytes: "bytes", ingest.OpSeconds: "seconds"}
	return names[r.Field] + "+" + text(r.Value) + "/" + text(float64(r.Span))
}

func TestEarlier(t *testing.T) {
	end := time.UnixMilli(20_000)
	f := func(now, want int64) {
		t.Helper()
		if got := earlier(time.UnixMilli(now), end).UnixMilli(); got != want {
			t.Errorf("a reading at %d is put at %d, want %d", now, got, want)
		}
	}
	f(19_900, 19_900)
	f(19_999, 19_999)
	f(20_000, 19_999)
	f(20_300, 19_999)
}

// full refuses every workload.
type full struct{}

func (full) Register(foreshock.ID, ingest.About) (ingest.Handle, error) { return 0, ingest.ErrTooMany }
func (full) Push(context.Context, []ingest.Reading) error               { return nil }
func (full) Slow(ingest.Operation)                                      {}

func TestRefusedWorkloads(t *testing.T) {
	s, err := made(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{Source: s, sink: full{}, log: s.env.Log}
	found := map[foreshock.ID]*gain{"disk/a": {}, "disk/b": {}, "disk/\x00": {}}
	if batch := r.batch(found, window{}); len(batch) != 0 {
		t.Errorf("pushed %v", batch)
	}
	want := []ingest.Dropped{
		{Source: "ebpf", Reason: ingest.DropBadID, Count: 1},
		{Source: "ebpf", Reason: ingest.DropTooMany, Count: 2},
	}
	if diff := cmp.Diff(want, s.env.Drops.List()); diff != "" {
		t.Error(diff)
	}
	if len(r.said) != 2 {
		t.Errorf("%d different warnings, want 2: %v", len(r.said), r.said)
	}
}

func TestLossIsCounted(t *testing.T) {
	s, err := made(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{Source: s, log: s.env.Log}
	r.report(Reading{Unmeasured: 3})
	r.report(Reading{Unmeasured: 4})
	want := []ingest.Dropped{{Source: "ebpf", Reason: ingest.DropTooMany, Count: 7}}
	if diff := cmp.Diff(want, s.env.Drops.List()); diff != "" || len(r.said) != 1 {
		t.Errorf("%d warnings; %s", len(r.said), diff)
	}
}

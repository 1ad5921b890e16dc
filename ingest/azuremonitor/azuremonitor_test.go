package azuremonitor

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act/acttest/azuretest"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/ingest"
)

// sink folds what it is given.
type sink struct {
	ids   []string
	folds []*ingest.Fold
	steps map[string][]foreshock.Step // by id
	drops []ingest.Drop
	taken chan struct{} // after each batch
}

func newSink() *sink {
	return &sink{steps: map[string][]foreshock.Step{}, taken: make(chan struct{}, 1)}
}

func (s *sink) Register(id foreshock.ID, about ingest.About) (ingest.Handle, error) {
	s.ids, s.folds = append(s.ids, string(id)), append(s.folds, ingest.NewFold(about.Step, 0))
	return ingest.Handle(len(s.ids) - 1), nil
}

func (s *sink) Push(_ context.Context, batch []ingest.Reading) error {
	for i := range batch {
		s.close(int(batch[i].Handle), batch[i].Time)
		if why := s.folds[batch[i].Handle].Add(&batch[i]); why != "" {
			s.drops = append(s.drops, why)
		}
	}
	select {
	case s.taken <- struct{}{}:
	default:
	}
	return nil
}

func (s *sink) Slow(ingest.Operation) {}

func (s *sink) close(handle int, now int64) {
	var step foreshock.Step
	for s.folds[handle].Close(now, &step) {
		s.steps[s.ids[handle]] = append(s.steps[s.ids[handle]], step)
	}
}

// newCloud is a machine with a disk of an operating system and two data disks, of which the first is busy for three minutes; the caller has the
// rights of the README, and no more.
func newCloud(t *testing.T, begin time.Time) (*azuretest.Cloud, Config) {
	t.Helper()
	c, cfg := azuretest.New(), Defaults()
	cfg.Endpoint = c.Start(t)
	text, err := os.ReadFile("README.md")
	var role struct{ Actions []string }
	if err == nil {
		err = json.Unmarshal(regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(text)[1], &role)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.Allow(role.Actions...)
	c.AddVM("prod/db", azuretest.VM{Size: "Standard_D4s_v5"})
	c.AddVM("prod/empty", azuretest.VM{Size: "Standard_D4s_v5"})
	c.AddDisk("prod/data-a", azuretest.Disk{SKU: "PremiumV2_LRS", Size: 100, IOPS: 3000, MBps: 125, VM: "prod/db"})
	c.AddDisk("prod/data-b", azuretest.Disk{SKU: "PremiumV2_LRS", Size: 100, IOPS: 3000, MBps: 125, VM: "prod/db"})
	c.AddDisk("prod/os", azuretest.Disk{SKU: "Premium_LRS", Size: 128, VM: "prod/db", OS: true})
	put := func(metric, lun string, values ...float64) {
		c.Measure(azuretest.Points{VM: "prod/db", Metric: metric, LUN: lun, Begin: begin, Values: values})
	}
	put("Data Disk Read Operations/Sec", "0", 1000, 1000, 1000)
	put("Data Disk Write Operations/Sec", "0", 2000, 2000, 2000)
	put("Data Disk Read Bytes/sec", "0", 4e6, 4e6, 4e6)
	put("Data Disk Write Bytes/sec", "0", 8e6, 8e6, 8e6)
	put("Data Disk Latency", "0", 2, 2, 2)
	put("Data Disk Queue Depth", "0", 6, 6, 6)
	put("Data Disk IOPS Consumed Percentage", "0", 98.9, 99, 100)
	put("Data Disk Bandwidth Consumed Percentage", "0", 9, 9, 9)
	put("Data Disk Read Operations/Sec", "1", 10)
	put("Data Disk Bandwidth Consumed Percentage", "1", 101)
	put("OS Disk Read Operations/Sec", "", 20)
	return c, cfg
}

// What Azure Monitor has of a machine's disks comes as steps, with the time at the end of each period.
func TestSteps(t *testing.T) {
	now := time.Now().UTC()
	begin := now.Add(-20 * time.Minute).Truncate(time.Minute)
	f := func(change func(*Config), want ...string) *sink {
		t.Helper()
		_, cfg := newCloud(t, begin)
		cfg.Backfill = time.Hour
		change(&cfg)
		s, err := New(cfg, ingest.Env{})
		if err != nil {
			t.Fatal(err)
		}
		got := newSink()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx, got) }()
		<-got.taken
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		for i := range got.folds {
			got.close(i, now.Add(time.Hour).UnixMilli())
		}
		if !slices.Equal(got.ids, want) || got.drops != nil {
			t.Errorf("workloads %v, drops %v; want %v", got.ids, got.drops, want)
		}
		return got
	}
	got := f(func(*Config) {}, "azure/disk/prod/data-a", "azure/disk/prod/data-b")
	steps := got.steps["azure/disk/prod/data-a"]
	if len(steps) != 3 {
		t.Fatalf("%d steps", len(steps))
	}
	for i, step := range steps {
		var values []string
		for _, m := range []foreshock.Metric{foreshock.IOPS, foreshock.Throughput, foreshock.Latency, foreshock.QueueDepth} {
			x, _ := step.Values.Get(m)
			values = append(values, fmt.Sprint(x))
		}
		pressure := []float64{0, 1, 1}[i]
		if got := strings.Join(values, " "); got != "3000 1.2e+07 0.002 6" || step.Pressure != pressure || !step.Time.Equal(begin.Add(time.Duration(i+1)*time.Minute)) {
			t.Errorf("step %d: %s, pressure %g at %s", i, got, step.Pressure, step.Time)
		}
	}
	if b := got.steps["azure/disk/prod/data-b"]; len(b) != 1 || b[0].Values.Has(foreshock.Latency) || b[0].Pressure != 1 {
		t.Errorf("%+v", b)
	}
	got = f(func(c *Config) { c.Machines, c.OS, c.ID = []string{"prod/db"}, true, "azure/${disk}" }, "azure/os", "azure/data-a", "azure/data-b")
	if os := got.steps["azure/os"]; len(os) != 1 {
		t.Errorf("%+v", os)
	}
}

// A service that gives no answer is asked again, and no credential is told.
func TestFailure(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)
	c, cfg := newCloud(t, now.Add(-20*time.Minute))
	s, err := New(cfg, ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if said, err := s.Probe(t.Context()); err != nil || said != "answers; metrics of machines may be read" {
		t.Errorf("%s, %v", said, err)
	}
	begin := now.Add(-time.Hour).Truncate(time.Minute)
	f := s.feed(newSink(), now)
	f.Done = begin
	c.Allow("Microsoft.Compute/virtualMachines/read")
	if _, err := s.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "Microsoft.Insights/metrics/read") {
		t.Errorf("%v", err)
	}
	err = f.advance(t.Context(), now)
	if err == nil || !strings.Contains(err.Error(), "AuthorizationFailed") || !f.Done.Equal(begin) {
		t.Errorf("%v, done %s", err, f.Done)
	}
	for _, secret := range azuretest.Secrets() {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("a credential is told: %v", err)
		}
	}
	c.Allow("Microsoft.Insights/metrics/read") // which disks there are is known for a while
	if err := f.advance(t.Context(), now); err != nil || !f.Done.Equal(time.Date(2026, 3, 1, 11, 57, 0, 0, time.UTC)) {
		t.Errorf("%v, done %s", err, f.Done)
	}
	if err := f.advance(t.Context(), now.Add(10*time.Minute)); err == nil || !strings.Contains(err.Error(), "find the disks") {
		t.Errorf("%v", err)
	}
	f.found, f.Done = now, now.Add(-24*time.Hour).Truncate(time.Minute) // one call gives a bounded time
	if err := f.advance(t.Context(), now); err != nil || !f.Done.Equal(now.Add(-24*time.Hour).Truncate(time.Minute).Add(maxPeriods*time.Minute)) {
		t.Errorf("%v, done %s", err, f.Done)
	}
}

func TestSettings(t *testing.T) {
	for name, value := range azuretest.Environment("http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := Defaults()
		change(&cfg)
		if _, err := New(cfg, ingest.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(c *Config) { c.ID = "disk" }, "it must contain ${disk}")
	f(func(c *Config) { c.Period = 2 * time.Minute }, "period is 2m0s; there is: 1m, 5m")
	f(func(c *Config) { c.Backfill = 94 * 24 * time.Hour }, "backfill is 2256h")
	f(func(c *Config) { c.Lag = -1 }, "lag is -1ns")
	f(func(c *Config) { c.Machines = []string{"db"} }, `vms[0] is "db"; write GROUP/NAME`)
	f(func(c *Config) { c.Most = 0 }, "most is 0")
	f(func(c *Config) { c.Discover = 0 }, "discover is 0s")
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Factory.New(file.Sources[0].Block.Decode, ingest.Env{}); err != nil || file.Sources[0].Kind != Factory.Name {
		t.Error(err)
	}
}

package cloudmonitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act/acttest/gcptest"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/ingest"
)

// sink keeps what it is given.
type sink struct {
	ids      []foreshock.ID
	readings []ingest.Reading
	taken    chan struct{} // after the first batch
}

func (s *sink) Register(id foreshock.ID, _ ingest.About) (ingest.Handle, error) {
	s.ids = append(s.ids, id)
	return ingest.Handle(len(s.ids) - 1), nil
}

func (s *sink) Push(_ context.Context, batch []ingest.Reading) error {
	s.readings = append(s.readings, batch...)
	select {
	case s.taken <- struct{}{}:
	default:
	}
	return nil
}

func (s *sink) Slow(ingest.Operation) {}

// steps folds the readings of a workload.
func (s *sink) steps(id foreshock.ID, step time.Duration) (list []foreshock.Step) {
	f := ingest.NewFold(step, 0)
	var one foreshock.Step
	for _, r := range s.readings {
		if s.ids[r.Handle] != id {
			continue
		}
		for f.Close(r.Time, &one) {
			list = append(list, one)
		}
		f.Add(&r)
	}
	for f.Close(time.Now().AddDate(10, 0, 0).UnixMilli(), &one) {
		list = append(list, one)
	}
	return list
}

// disk is what is metered of one: a sample each minute, the same for all of them.
type disk struct {
	zone, instance, device string
	sample                 map[string]float64 // by metric
}

// service is Cloud Monitoring. It has the samples of each minute.
type service struct {
	disks   []disk
	away    bool
	filters []string
	page    int // series at most in an answer; 0: any number
}

var filtered = regexp.MustCompile(`^metric.type = "compute.googleapis.com/instance/disk/([a-z_]+)" AND resource.type = "gce_instance"(?: AND metric.labels.device_name = one_of\((.*)\))?$`)

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.filters = append(s.filters, q.Get("filter"))
	m := filtered.FindStringSubmatch(q.Get("filter"))
	begin, err1 := time.Parse(time.RFC3339, q.Get("interval.startTime"))
	end, err2 := time.Parse(time.RFC3339, q.Get("interval.endTime"))
	period, err3 := time.ParseDuration(q.Get("aggregation.alignmentPeriod"))
	w.Header().Set("Content-Type", "application/json")
	switch {
	case s.away || r.Header.Get("Authorization") == "":
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"error": {"code": 403, "message": "Permission denied for %s", "status": "PERMISSION_DENIED", "errors": [{"reason": "forbidden"}]}}`, r.Header.Get("Authorization"))
		return
	case m == nil || err1 != nil || err2 != nil || err3 != nil || r.URL.Path != "/v3/projects/"+gcptest.Project+"/timeSeries" || !strings.HasSuffix(q.Get("aggregation.alignmentPeriod"), "s"):
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error": {"code": 400, "message": "not of the API's form: %s"}}`, r.URL)
		return
	}
	var series []any
	for _, d := range s.disks {
		x, metered := d.sample[m[1]]
		if !metered || m[2] != "" && !strings.Contains(m[2], `"`+d.device+`"`) {
			continue
		}
		series = append(series, d.series(m[1], x, begin, end, period, q.Get("aggregation.perSeriesAligner")))
	}
	answer := map[string]any{}
	from := 0
	_, _ = fmt.Sscan(q.Get("pageToken"), &from)
	if to := from + s.page; s.page > 0 && to < len(series) {
		answer["nextPageToken"], series = fmt.Sprint(to), series[:to]
	}
	answer["timeSeries"] = series[from:]
	_ = json.NewEncoder(w).Encode(answer)
}

// series are the points that end in (begin, end], the newest first, as the service has them.
func (d disk) series(name string, x float64, begin, end time.Time, period time.Duration, aligner string) any {
	value := map[string]any{"doubleValue": x}
	if aligner == "ALIGN_DELTA" {
		value = map[string]any{"int64Value": fmt.Sprintf("%.0f", x*period.Minutes())}
	}
	var points []any
	for at := end; at.After(begin); at = at.Add(-period) {
		points = append(points, map[string]any{
			"interval": map[string]any{"startTime": at.Add(-period).Format(time.RFC3339), "endTime": at.Format(time.RFC3339)}, "value": value,
		})
	}
	return map[string]any{
		"metric":   map[string]any{"type": prefix + name, "labels": map[string]any{"device_name": d.device, "instance_name": d.instance, "storage_type": "hyperdisk-balanced"}},
		"resource": map[string]any{"type": "gce_instance", "labels": map[string]any{"zone": d.zone, "instance_id": "1"}}, "points": points,
	}
}

func newSource(t *testing.T, s *service, cfg Config) *Source {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", gcptest.Credentials(t))
	cfg.Project, cfg.Endpoint = gcptest.Project, server.URL
	source, err := New(cfg, ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func busy() *service {
	return &service{disks: []disk{
		{"europe-west4-a", "db", "orders", map[string]float64{
			"read_ops_count": 60_000, "write_ops_count": 120_000, "read_bytes_count": 60_000 * 8192, "write_bytes_count": 120_000 * 8192,
			"average_io_latency": 2000, "average_io_queue_depth": 6,
		}},
		{"europe-west4-b", "web", "boot", map[string]float64{"read_ops_count": 600, "write_ops_count": 0, "average_io_latency": 0, "average_io_queue_depth": 0.5}},
	}}
}

// What the service has of two disks comes as steps, with the time at the end of each period, over several pages.
func TestSteps(t *testing.T) {
	service := busy()
	service.page = 1
	cfg := Defaults()
	cfg.Backfill = 15 * time.Minute
	s, got := newSource(t, service, cfg), &sink{taken: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx, got) }()
	<-got.taken
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got.ids) != "[gcp/disk/europe-west4-a/orders gcp/disk/europe-west4-b/boot]" {
		t.Errorf("workloads %v", got.ids)
	}
	steps := got.steps("gcp/disk/europe-west4-a/orders", time.Minute)
	if len(steps) != 15 {
		t.Fatalf("%d steps", len(steps))
	}
	for i, step := range steps {
		values := fmt.Sprint(step.Values.Get(foreshock.IOPS)) + fmt.Sprint(step.Values.Get(foreshock.Throughput)) +
			fmt.Sprint(step.Values.Get(foreshock.Latency)) + fmt.Sprint(step.Values.Get(foreshock.QueueDepth))
		if want := "3000 true2.4576e+07 true0.002 true6 true"; values != want || i > 0 && !step.Time.Equal(steps[i-1].Time.Add(time.Minute)) {
			t.Errorf("step %d: %s at %s; want %s", i, values, step.Time, want)
		}
	}
	if b := got.steps("gcp/disk/europe-west4-b/boot", time.Minute); len(b) != 15 || b[0].Values.Has(foreshock.Latency) || b[0].Values.Has(foreshock.Throughput) {
		t.Errorf("%+v", b)
	}
}

// Only disks that are named are read, and the template may tell instances apart.
func TestNamed(t *testing.T) {
	f := func(cfg Config, want, filter string) {
		t.Helper()
		service := busy()
		got := &sink{}
		now := time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)
		f := newSource(t, service, cfg).feed(got, now)
		if err := f.advance(t.Context(), now); err != nil || fmt.Sprint(got.ids) != want {
			t.Errorf("%v, %v; want %s", got.ids, err, want)
		}
		if !strings.HasSuffix(service.filters[0], filter) || len(service.filters) != len(metrics) {
			t.Error(service.filters)
		}
	}
	cfg := Defaults()
	cfg.Disks = []string{"europe-west4-a/orders", "europe-west4-a/boot"} // there is no boot in this zone
	f(cfg, "[gcp/disk/europe-west4-a/orders]", `one_of("boot","orders")`)
	for i := range 60 {
		cfg.Disks = append(cfg.Disks, fmt.Sprintf("europe-west4-a/more-%d", i))
	}
	f(cfg, "[gcp/disk/europe-west4-a/orders]", `"gce_instance"`)
	cfg = Defaults()
	cfg.ID = "${instance}/${device}"
	f(cfg, "[db/orders web/boot]", `"gce_instance"`)
	cfg.Most = 1
	f(cfg, "[db/orders]", `"gce_instance"`)
}

// A service that gives no answer is asked again, and no credential is told.
func TestFailure(t *testing.T) {
	service := busy()
	service.away = true
	got := &sink{}
	now := time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)
	source := newSource(t, service, Defaults())
	if _, err := source.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "monitoring.timeSeries.list") {
		t.Error(err)
	}
	f := source.feed(got, now)
	begin := now.Add(-time.Hour).Truncate(time.Minute)
	f.Done = begin
	err := f.advance(t.Context(), now)
	if err == nil || !strings.Contains(err.Error(), "403 forbidden: Permission denied") || strings.Contains(err.Error(), "eyJ") || !f.Done.Equal(begin) {
		t.Errorf("%v, done %s", err, f.Done)
	}
	service.away = false
	if said, err := source.Probe(t.Context()); err != nil || said != "answers; metrics may be read" {
		t.Errorf("%s, %v", said, err)
	}
	if err := f.advance(t.Context(), now); err != nil || !f.Done.Equal(time.Date(2026, 3, 1, 11, 55, 0, 0, time.UTC)) {
		t.Errorf("%v, done %s", err, f.Done)
	}
	if !slices.IsSortedFunc(got.readings, func(a, b ingest.Reading) int { return int(a.Time - b.Time) }) || len(got.readings) != 55*9 {
		t.Errorf("%d readings", len(got.readings))
	}
	f.Done = now.Add(-24 * time.Hour).Truncate(time.Minute) // one call is for a bounded time
	if err := f.advance(t.Context(), now); err != nil || !f.Done.Equal(now.Add(-21*time.Hour).Truncate(time.Minute)) {
		t.Errorf("%v, done %s", err, f.Done)
	}
}

func TestSettings(t *testing.T) {
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := Defaults()
		cfg.Project = gcptest.Project
		change(&cfg)
		if _, err := New(cfg, ingest.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(c *Config) { c.Project = "" }, "GOOGLE_CLOUD_PROJECT")
	f(func(c *Config) { c.ID = "gcp" }, "it must contain ${device}")
	f(func(c *Config) { c.Period = 90 * time.Second }, "period is 1m30s")
	f(func(c *Config) { c.Backfill = 1500 * time.Hour }, "backfill is 1500h")
	f(func(c *Config) { c.Disks = []string{"orders"} }, `disks[0] is "orders"`)
	f(func(c *Config) { c.Most = 0 }, "most is 0")
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Factory.New(file.Sources[0].Block.Decode, ingest.Env{}); err != nil || file.Sources[0].Kind != Factory.Name {
		t.Error(err)
	}
}

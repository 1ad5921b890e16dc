package cloudwatch

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act/acttest/awstest"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/providers/awssdk"
)

const (
	volA = "vol-0a1b2c3d4e5f60718"
	volB = "vol-0b1b2c3d4e5f60718"
)

// sink folds what it is given.
type sink struct {
	ids   []foreshock.ID
	folds []*ingest.Fold
	steps map[string][]foreshock.Step // by id
	drops []ingest.Drop
	taken chan struct{} // after each batch
}

func newSink() *sink {
	return &sink{steps: map[string][]foreshock.Step{}, taken: make(chan struct{}, 1)}
}

func (s *sink) Register(id foreshock.ID, about ingest.About) (ingest.Handle, error) {
	if at := slices.Index(s.ids, id); at >= 0 {
		return ingest.Handle(at), nil
	}
	s.ids, s.folds = append(s.ids, id), append(s.folds, ingest.NewFold(about.Step, 0))
	return ingest.Handle(len(s.ids) - 1), nil
}

func (s *sink) Push(_ context.Context, batch []ingest.Reading) error {
	for i := range batch {
		f, id := s.folds[batch[i].Handle], string(s.ids[batch[i].Handle])
		var step foreshock.Step
		for f.Close(batch[i].Time, &step) {
			s.steps[id] = append(s.steps[id], step)
		}
		if why := f.Add(&batch[i]); why != "" {
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

// end closes the steps that are open.
func (s *sink) end(now time.Time) {
	for i, f := range s.folds {
		var step foreshock.Step
		for f.Close(now.Add(time.Hour).UnixMilli(), &step) {
			s.steps[string(s.ids[i])] = append(s.steps[string(s.ids[i])], step)
		}
	}
}

func settings(t *testing.T, endpoint string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"AWS_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
}

// put gives moto a period of a volume.
func put(t *testing.T, volume string, begin time.Time, values map[string]float64) {
	t.Helper()
	loaded, err := awssdk.Load("")
	if err != nil {
		t.Fatal(err)
	}
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String(namespace)}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		in.MetricData = append(in.MetricData, types.MetricDatum{
			MetricName: &name, Timestamp: &begin, Value: aws.Float64(values[name]),
			Dimensions: []types.Dimension{{Name: aws.String(dimension), Value: aws.String(volume)}},
		})
	}
	if _, err := cloudwatch.NewFromConfig(loaded).PutMetricData(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// What moto has of two volumes comes as steps, with the time at the end of each period.
func TestMoto(t *testing.T) {
	moto := awstest.Moto(t)
	settings(t, moto.URL)
	now := time.Now().UTC()
	begin := now.Add(-20 * time.Minute).Truncate(time.Minute)
	busy := map[string]float64{
		"VolumeReadOps": 60_000, "VolumeWriteOps": 120_000, "VolumeReadBytes": 60_000 * 8192, "VolumeWriteBytes": 120_000 * 8192,
		"VolumeTotalReadTime": 120, "VolumeTotalWriteTime": 240, "VolumeQueueLength": 6, "VolumeIOPSExceededCheck": 1, "VolumeThroughputExceededCheck": 0,
	}
	for i := range 3 {
		put(t, volA, begin.Add(time.Duration(i)*time.Minute), busy)
	}
	put(t, volB, begin, map[string]float64{"VolumeReadOps": 600, "VolumeWriteOps": 0, "VolumeQueueLength": 0.5})

	f := func(volumes []string, want ...string) *sink {
		t.Helper()
		cfg := Defaults()
		cfg.Volumes, cfg.Backfill = volumes, time.Hour
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
		got.end(now)
		if fmt.Sprint(got.ids) != fmt.Sprint(want) || got.drops != nil {
			t.Errorf("workloads %v, drops %v; want %v", got.ids, got.drops, want)
		}
		return got
	}
	got := f(nil, "ebs/"+volA, "ebs/"+volB)
	steps := got.steps["ebs/"+volA]
	if len(steps) != 3 {
		t.Fatalf("%d steps", len(steps))
	}
	for i, step := range steps {
		values := fmt.Sprint(step.Values.Get(foreshock.IOPS)) + fmt.Sprint(step.Values.Get(foreshock.Throughput)) +
			fmt.Sprint(step.Values.Get(foreshock.Latency)) + fmt.Sprint(step.Values.Get(foreshock.QueueDepth))
		if want := "3000 true2.4576e+07 true0.002 true6 true"; values != want || step.Pressure != 1 || !step.Time.Equal(begin.Add(time.Duration(i+1)*time.Minute)) {
			t.Errorf("step %d: %s, pressure %g at %s; want %s at %s", i, values, step.Pressure, step.Time, want, begin.Add(time.Duration(i+1)*time.Minute))
		}
	}
	if b := got.steps["ebs/"+volB]; len(b) != 1 || b[0].Values.Has(foreshock.Latency) || b[0].Pressure != 0 {
		t.Errorf("%+v", b)
	}
	f([]string{volB}, "ebs/"+volB)
}

// A service that gives no answer is asked again, and no credential is told.
func TestFailure(t *testing.T) {
	fails := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if fails {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Credential=AKIAIOSFODNN7EXAMPLE</Message></Error></ErrorResponse>")
			return
		}
		fmt.Fprint(w, "<GetMetricDataResponse><GetMetricDataResult><MetricDataResults/></GetMetricDataResult></GetMetricDataResponse>")
	}))
	t.Cleanup(server.Close)
	settings(t, server.URL)
	cfg := Defaults()
	cfg.Volumes = []string{volA}
	s, err := New(cfg, ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)
	begin := now.Add(-time.Hour).Truncate(time.Minute)
	f := s.feed(newSink(), now)
	f.Done = begin
	err = f.advance(t.Context(), now)
	if err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") || strings.Contains(err.Error(), "AKIA") || !f.Done.Equal(begin) {
		t.Errorf("%v, done %s", err, f.Done)
	}
	fails = false
	if err := f.advance(t.Context(), now); err != nil || !f.Done.Equal(time.Date(2026, 3, 1, 11, 57, 0, 0, time.UTC)) {
		t.Errorf("%v, done %s", err, f.Done)
	}
	f.Done = now.Add(-24 * time.Hour).Truncate(time.Minute) // one call gives a bounded time
	if err := f.advance(t.Context(), now); err != nil || !f.Done.Equal(now.Add(-24*time.Hour).Truncate(time.Minute).Add(201*time.Minute)) {
		t.Errorf("%v, done %s", err, f.Done)
	}
}

// More volumes than allowed are left out.
func TestMost(t *testing.T) {
	settings(t, "http://127.0.0.1:1")
	cfg := Defaults()
	cfg.Most = 2
	s, err := New(cfg, ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	f := s.feed(newSink(), time.Now())
	for i := range 4 {
		f.register(fmt.Sprintf("vol-%d", i))
	}
	if got := fmt.Sprint(f.volumes()); got != "[vol-0 vol-1]" || !f.Refused {
		t.Error(got)
	}
}

func TestSettings(t *testing.T) {
	settings(t, "http://127.0.0.1:1")
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := Defaults()
		change(&cfg)
		if _, err := New(cfg, ingest.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(c *Config) { c.ID = "ebs" }, "it must contain ${volume}")
	f(func(c *Config) { c.Period = 90 * time.Second }, "period is 1m30s")
	f(func(c *Config) { c.Backfill = 16 * 24 * time.Hour }, "backfill is 384h")
	f(func(c *Config) { c.Volumes = []string{"disk"} }, `volumes[0] is "disk"`)
	f(func(c *Config) { c.Most = 0 }, "most is 0")
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Factory.New(file.Sources[0].Block.Decode, ingest.Env{}); err != nil || file.Sources[0].Kind != Factory.Name {
		t.Error(err)
	}
}

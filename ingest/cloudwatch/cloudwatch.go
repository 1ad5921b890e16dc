// Package cloudwatch reads the volumes of Amazon EBS from CloudWatch: IOPS, throughput, latency and queue length of each period, and whether the volume was
// held back at its limits. At start it asks backwards, so that profiles know the last day within a minute.
package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/providers/awssdk"
)

// Config is the cloudwatch block of a configuration file. Credentials, profile and endpoint are those of the SDK's own environment and files.
type Config struct {
	Region   string        `yaml:"region"`   // default: the SDK's
	Volumes  []string      `yaml:"volumes"`  // "vol-…"; none: all of which CloudWatch has heard in the last 3 hours
	ID       string        `yaml:"id"`       // of the workload, with ${volume}; default ebs/${volume}
	Period   time.Duration `yaml:"period"`   // of the readings, a multiple of a minute; default 1m
	Lag      time.Duration `yaml:"lag"`      // how long after its end CloudWatch has a period; default 3m
	Backfill time.Duration `yaml:"backfill"` // how far to ask backwards at start; default 24h
	Discover time.Duration `yaml:"discover"` // how often to look for volumes, where none are named; default 10m
	Most     int           `yaml:"most"`     // volumes at most; default 1000
}

// name is what configuration files call this source.
const name = "cloudwatch"

// Factory offers this source to configuration files as "cloudwatch".
var Factory = ingest.Factory{Name: name, New: func(decode func(any) error, env ingest.Env) (ingest.Source, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Defaults are the settings where a file says nothing.
func Defaults() Config {
	return Config{
		ID: "ebs/" + volumeMark, Period: time.Minute, Lag: 3 * time.Minute, Backfill: 24 * time.Hour, Discover: 10 * time.Minute, Most: 1000,
	}
}

const volumeMark = "${volume}"

// Source asks CloudWatch.
type Source struct {
	cfg  Config
	env  ingest.Env
	data func(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
	list func(context.Context, *cloudwatch.ListMetricsInput, ...func(*cloudwatch.Options)) (*cloudwatch.ListMetricsOutput, error)
}

// New makes a source of the settings. It asks nothing yet.
func New(cfg Config, env ingest.Env) (*Source, error) {
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	loaded, err := awssdk.Load(cfg.Region)
	if err := errors.Join(err, cfg.check()); err != nil {
		return nil, err
	}
	c := cloudwatch.NewFromConfig(loaded) // kept as functions, so that the linker leaves out its other calls
	return &Source{cfg: cfg, env: env, data: c.GetMetricData, list: c.ListMetrics}, nil
}

// retention is how long CloudWatch keeps periods of a minute.
const retention = 15 * 24 * time.Hour

func (c Config) periods(env ingest.Env) ingest.Periods {
	return ingest.Periods{Source: name, Period: c.Period, Lag: c.Lag, Backfill: c.Backfill, Most: c.Most, Env: env}
}

func (c Config) check() error {
	errs := c.periods(ingest.Env{}).Faults(retention)
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(!strings.Contains(c.ID, volumeMark), "id is %q; it must contain %s", c.ID, volumeMark)
	fault(c.Period < time.Minute || c.Period > time.Hour || c.Period%time.Minute != 0, "period is %s; it must be whole minutes, up to 1h", c.Period)
	fault(c.Discover < time.Minute, "discover is %s; it must be 1m or more", c.Discover)
	for i, v := range c.Volumes {
		fault(!strings.HasPrefix(v, "vol-"), "volumes[%d] is %q; write for example vol-0a1b2c3d4e5f60718", i, v)
	}
	return errors.Join(errs...)
}

// feed is a running source.
type feed struct {
	*Source
	*ingest.Feed
	found time.Time // when volumes were last looked for
}

func (s *Source) feed(sink ingest.Sink, now time.Time) *feed {
	return &feed{Source: s, Feed: s.cfg.periods(s.env).Feed(sink, now)}
}

// Run catches up from where the backfill begins, and then asks for each period once CloudWatch has it.
func (s *Source) Run(ctx context.Context, sink ingest.Sink) error {
	f := s.feed(sink, time.Now())
	return f.Feed.Run(ctx, f.advance)
}

// advance asks for the periods that came, as many as one call may give, and pushes them.
func (f *feed) advance(ctx context.Context, now time.Time) error {
	if err := f.discover(ctx, now); err != nil {
		return fmt.Errorf("list the volumes: %s", awssdk.Text(err))
	}
	to := f.Next(now, maxPeriods)
	volumes := f.volumes()
	for len(volumes) > 0 {
		n := min(len(volumes), maxQueries/len(metrics))
		batch, err := f.fetch(ctx, volumes[:n], f.Done, to)
		if err != nil {
			return fmt.Errorf("read the metrics of %d volumes: %s", n, awssdk.Text(err))
		}
		if err := f.Sink.Push(ctx, batch); err != nil {
			return err
		}
		volumes = volumes[n:]
	}
	f.Done = to
	return nil
}

// register makes a workload of a volume, once.
func (f *feed) register(volume string) {
	f.Register(volume, foreshock.ID(strings.ReplaceAll(f.cfg.ID, volumeMark, volume)))
}

// Probe says whether CloudWatch answers, and lets this account list metrics.
func (s *Source) Probe(ctx context.Context) (string, error) {
	namespace := "AWS/EBS"
	if _, err := s.list(ctx, &cloudwatch.ListMetricsInput{Namespace: &namespace}); err != nil {
		return "", fmt.Errorf("list metrics: %s; the policy needs cloudwatch:ListMetrics and cloudwatch:GetMetricData", awssdk.Text(err))
	}
	return "answers; metrics may be listed", nil
}

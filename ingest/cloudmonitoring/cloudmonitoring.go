// Package cloudmonitoring reads the disks of Google Compute Engine from Cloud Monitoring: IOPS, throughput, latency and queue depth of each period, as
// the machines see them. At start it asks backwards, so that profiles know the last day within a minute.
package cloudmonitoring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/api/monitoring/v3"

	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/providers/gcpsdk"
)

// Config is the cloudmonitoring block of a configuration file. Credentials are the application default credentials.
type Config struct {
	Project  string        `yaml:"project"`  // default: $GOOGLE_CLOUD_PROJECT
	Endpoint string        `yaml:"endpoint"` // default: the public one
	Disks    []string      `yaml:"disks"`    // "ZONE/DEVICE"; none: all of the project
	ID       string        `yaml:"id"`       // of the workload, with ${device}, ${zone}, ${instance}; default gcp/disk/${zone}/${device}
	Period   time.Duration `yaml:"period"`   // of the readings, a multiple of a minute; default 1m
	Lag      time.Duration `yaml:"lag"`      // how long after its end Cloud Monitoring has a period; default 5m
	Backfill time.Duration `yaml:"backfill"` // how far to ask backwards at start; default 24h
	Most     int           `yaml:"most"`     // disks at most; default 1000
}

// name is what configuration files call this source.
const name = "cloudmonitoring"

// Factory offers this source to configuration files as "cloudmonitoring".
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
		ID: "gcp/disk/" + zoneMark + "/" + deviceMark, Period: time.Minute, Lag: 5 * time.Minute, Backfill: 24 * time.Hour, Most: 1000,
	}
}

// The marks of an ID's template.
const (
	zoneMark     = "${zone}"
	deviceMark   = "${device}"
	instanceMark = "${instance}"
)

// Source asks Cloud Monitoring.
type Source struct {
	cfg     Config
	env     ingest.Env
	account gcpsdk.Account
	series  *monitoring.ProjectsTimeSeriesService
}

// New makes a source of the settings. It asks nothing yet.
func New(cfg Config, env ingest.Env) (*Source, error) {
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	account, err := gcpsdk.Load(cfg.Project, cfg.Endpoint, gcpsdk.Monitoring)
	if err := errors.Join(err, cfg.check()); err != nil {
		return nil, err
	}
	service, err := monitoring.NewService(context.Background(), account.Options()...)
	if err != nil {
		return nil, fmt.Errorf("the SDK's settings: %s", gcpsdk.Text(err))
	}
	return &Source{cfg: cfg, env: env, account: account, series: service.Projects.TimeSeries}, nil
}

// retention is how long Cloud Monitoring keeps what it sampled each minute.
const retention = 6 * 7 * 24 * time.Hour

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
	fault(!strings.Contains(c.ID, deviceMark), "id is %q; it must contain %s", c.ID, deviceMark)
	fault(c.Period < time.Minute || c.Period > time.Hour || c.Period%time.Minute != 0, "period is %s; it must be whole minutes, up to 1h", c.Period)
	for i, d := range c.Disks {
		zone, device, _ := strings.Cut(d, "/")
		fault(zone == "" || device == "" || strings.ContainsAny(d, `"\`), "disks[%d] is %q; write for example europe-west4-a/orders", i, d)
	}
	return errors.Join(errs...)
}

// feed is a running source.
type feed struct {
	*Source
	*ingest.Feed
	named map[string]bool // zone/device; empty: all
}

func (s *Source) feed(sink ingest.Sink, now time.Time) *feed {
	f := &feed{Source: s, Feed: s.cfg.periods(s.env).Feed(sink, now), named: map[string]bool{}}
	for _, d := range s.cfg.Disks {
		f.named[d] = true
	}
	return f
}

// Run catches up from where the backfill begins, and then asks for each period once Cloud Monitoring has it.
func (s *Source) Run(ctx context.Context, sink ingest.Sink) error {
	f := s.feed(sink, time.Now())
	return f.Feed.Run(ctx, f.advance)
}

// maxPeriods is how many are asked for at once.
const maxPeriods = 180

// advance asks for the periods that came, as many as are asked for at once, and pushes them.
func (f *feed) advance(ctx context.Context, now time.Time) error {
	to := f.Next(now, maxPeriods)
	batch, err := f.fetch(ctx, f.Done, to)
	if err != nil {
		return fmt.Errorf("read the metrics of disks: %s", gcpsdk.Text(err))
	}
	if err := f.Sink.Push(ctx, batch); err != nil {
		return err
	}
	f.Done = to
	return nil
}

// Probe says whether Cloud Monitoring answers, and lets this account read metrics.
func (s *Source) Probe(ctx context.Context) (string, error) {
	f := s.feed(nil, time.Now())
	if _, err := f.call(metrics[0], f.Done, f.Done.Add(s.cfg.Period)).PageSize(1).Context(ctx).Do(); err != nil {
		return "", fmt.Errorf("read metrics: %s; the right monitoring.timeSeries.list is needed", gcpsdk.Text(err))
	}
	return "answers; metrics may be read", nil
}

// Package cloudwatch reads the volumes of Amazon EBS from CloudWatch: IOPS, throughput, latency and queue length of each period, and whether the volume was
// held back at its limits. At start it asks backwards, so that profiles know the last day within a minute.
package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
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

func (c Config) check() error {
	var errs []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(!strings.Contains(c.ID, volumeMark), "id is %q; it must contain %s", c.ID, volumeMark)
	fault(c.Period < time.Minute || c.Period > time.Hour || c.Period%time.Minute != 0, "period is %s; it must be whole minutes, up to 1h", c.Period)
	fault(c.Lag < 0 || c.Lag > time.Hour, "lag is %s; it must be between 0s and 1h", c.Lag)
	fault(c.Backfill < 0 || c.Backfill > retention, "backfill is %s; it must be between 0s and %s", c.Backfill, retention)
	fault(c.Discover < time.Minute, "discover is %s; it must be 1m or more", c.Discover)
	fault(c.Most < 1, "most is %d; it must be 1 or more", c.Most)
	for i, v := range c.Volumes {
		fault(!strings.HasPrefix(v, "vol-"), "volumes[%d] is %q; write for example vol-0a1b2c3d4e5f60718", i, v)
	}
	return errors.Join(errs...)
}

func (s *Source) about() ingest.About {
	return ingest.About{Source: name, Step: s.cfg.Period, Lateness: s.cfg.Lag + 2*s.cfg.Period}
}

// complete is the end of the last period that CloudWatch has at a time.
func (s *Source) complete(now time.Time) time.Time { return now.Add(-s.cfg.Lag).Truncate(s.cfg.Period) }

// longestPause bounds the time between two tries.
const longestPause = 5 * time.Minute

// dropFailed is the reason for which an answer is not taken; the counts are of answers.
const dropFailed ingest.Drop = "query_failed"

// Run catches up from where the backfill begins, and then asks for each period once CloudWatch has it. What cannot be had is logged once and tried again.
func (s *Source) Run(ctx context.Context, sink ingest.Sink) error {
	f := &feed{Source: s, sink: sink, handles: map[string]ingest.Handle{}, done: s.complete(time.Now().Add(-s.cfg.Backfill))}
	fails := 0
	for ctx.Err() == nil {
		wait := time.Until(f.done.Add(s.cfg.Period + s.cfg.Lag))
		if wait <= 0 {
			err := f.advance(ctx, time.Now())
			switch {
			case ctx.Err() != nil:
				return nil
			case err == nil && fails > 0:
				s.env.Log.Info("cloudwatch answers again", "source", name, "tries", fails+1)
				fallthrough
			case err == nil:
				fails = 0
				continue
			case fails == 0:
				s.env.Log.Warn("cloudwatch gives no answer; tried again", "source", name, "err", err)
			}
			s.env.Drops.Add(name, dropFailed, 1)
			pause := min(5*time.Second<<min(fails, 10), longestPause)
			wait, fails = pause/2+rand.N(pause/2), fails+1
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}

// feed is a running source.
type feed struct {
	*Source
	sink    ingest.Sink
	handles map[string]ingest.Handle // by volume
	refused bool                     // a volume, since there are too many
	found   time.Time                // when volumes were last looked for
	done    time.Time                // all periods up to here are pushed
}

// advance asks for the periods that came, as many as one call may give, and pushes them.
func (f *feed) advance(ctx context.Context, now time.Time) error {
	if err := f.discover(ctx, now); err != nil {
		return fmt.Errorf("list the volumes: %s", awssdk.Text(err))
	}
	to := f.complete(now)
	if most := f.done.Add(maxPeriods * f.cfg.Period); most.Before(to) {
		to = most
	}
	volumes := f.volumes()
	for len(volumes) > 0 {
		n := min(len(volumes), maxQueries/len(metrics))
		batch, err := f.fetch(ctx, volumes[:n], f.done, to)
		if err != nil {
			return fmt.Errorf("read the metrics of %d volumes: %s", n, awssdk.Text(err))
		}
		if err := f.sink.Push(ctx, batch); err != nil {
			return err
		}
		volumes = volumes[n:]
	}
	f.done = to
	return nil
}

// register makes a workload of a volume, once.
func (f *feed) register(volume string) {
	if _, known := f.handles[volume]; known {
		return
	}
	if len(f.handles) >= f.cfg.Most {
		f.tooMany(fmt.Errorf("there are more than %d volumes; raise most, or name those that matter", f.cfg.Most))
		return
	}
	h, err := f.sink.Register(foreshock.ID(strings.ReplaceAll(f.cfg.ID, volumeMark, volume)), f.about())
	if err != nil {
		f.tooMany(err)
		return
	}
	f.handles[volume] = h
}

// tooMany says once that volumes are left out.
func (f *feed) tooMany(err error) {
	if !f.refused {
		f.env.Log.Warn("volumes are left out", "source", name, "err", err)
	}
	f.refused = true
}

// Probe says whether CloudWatch answers, and lets this account list metrics.
func (s *Source) Probe(ctx context.Context) (string, error) {
	namespace := "AWS/EBS"
	if _, err := s.list(ctx, &cloudwatch.ListMetricsInput{Namespace: &namespace}); err != nil {
		return "", fmt.Errorf("list metrics: %s; the policy needs cloudwatch:ListMetrics and cloudwatch:GetMetricData", awssdk.Text(err))
	}
	return "answers; metrics may be listed", nil
}

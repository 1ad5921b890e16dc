// Package keda offers what is known and forecast of workloads to KEDA, as an external scaler: so KEDA scales by Foreshock's forecasts, beside its other triggers.
//
// It answers from memory, and where nothing can be said for sure with an error, never with a zero: KEDA then does what its fallback says.
package keda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"time"

	"golang.org/x/net/netutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/certs"
	"github.com/foreshock-io/foreshock/decide"
)

//go:generate ./generate.sh

// Config is the keda block of a configuration file.
type Config struct {
	Listen       string `yaml:"listen"` // address, for example 127.0.0.1:9751; default none
	certs.Server `yaml:",inline"`
}

// Program is what is asked. Its errors are about the workload: unknown to the program, or uncertain.
type Program interface {
	Need(ctx context.Context, id foreshock.ID, dim foreshock.Dimension, level float64, over time.Duration) (decide.Need, error)
	Reading(ctx context.Context, id foreshock.ID, m foreshock.Metric) (float64, error)
}

// Scaler serves KEDA.
type Scaler struct {
	listen  string
	creds   credentials.TransportCredentials // nil: without TLS
	log     *slog.Logger
	watched time.Duration // between two looks of a stream
}

// New reads the files and opens nothing. A listener that others than this machine can reach needs to know who connects.
func New(cfg Config, log *slog.Logger) (*Scaler, error) {
	host, _, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w; give host:port, for example 127.0.0.1:9751", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && !ip.IsLoopback() && cfg.ClientCA == "" {
		return nil, fmt.Errorf("%s can be reached from outside; set cert_file, key_file and client_ca_file, or listen on 127.0.0.1", cfg.Listen)
	}
	s := &Scaler{listen: cfg.Listen, log: log, watched: time.Second}
	tls, err := cfg.Config()
	if err != nil {
		return nil, err
	}
	if tls != nil {
		s.creds = credentials.NewTLS(tls)
	}
	return s, nil
}

const (
	mostConnections = 64
	mostStreams     = 10_000 // on one connection: KEDA holds one for each trigger that is pushed
	mostRequest     = 64 << 10
	patience        = 2 * time.Second // for an answer: KEDA has little
)

// Run serves until ctx ends.
func (s *Scaler) Run(ctx context.Context, p Program) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return fmt.Errorf("keda: %w", err)
	}
	return s.serve(ctx, netutil.LimitListener(listener, mostConnections), p)
}

func (s *Scaler) serve(ctx context.Context, listener net.Listener, p Program) error {
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(mostRequest), grpc.MaxConcurrentStreams(mostStreams), grpc.MaxHeaderListSize(16 << 10), grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}
	if s.creds != nil {
		options = append(options, grpc.Creds(s.creds))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(&description, &answers{Scaler: s, Program: p, ending: ctx})
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		server.GracefulStop() // the streams end with ctx, and every answer is bounded
	})
	err := server.Serve(listener)
	if stop() { // ctx goes on: Serve ended by itself
		server.Stop()
		return fmt.Errorf("keda: %w", err)
	}
	<-stopped
	return nil
}

// answers are the service's methods.
type answers struct {
	*Scaler
	Program
	ending context.Context // that of the server: its streams end with it
}

func (a *answers) isActive(ctx context.Context, r *ScaledObjectRef) (*IsActiveResponse, error) {
	t, err := read(r)
	if err != nil {
		return nil, err
	}
	x, err := a.value(ctx, &t)
	if err != nil {
		return nil, err
	}
	return &IsActiveResponse{Result: x > t.activation}, nil
}

func (a *answers) getMetricSpec(_ context.Context, r *ScaledObjectRef) (*GetMetricSpecResponse, error) {
	t, err := read(r)
	if err != nil {
		return nil, err
	}
	return &GetMetricSpecResponse{MetricSpecs: []*MetricSpec{{MetricName: t.name(), TargetSize: whole(t.target), TargetSizeFloat: t.target}}}, nil
}

func (a *answers) getMetrics(ctx context.Context, r *GetMetricsRequest) (*GetMetricsResponse, error) {
	t, err := read(r.GetScaledObjectRef())
	if err != nil {
		return nil, err
	}
	x, err := a.value(ctx, &t)
	if err != nil {
		return nil, err
	}
	return &GetMetricsResponse{MetricValues: []*MetricValue{{MetricName: r.GetMetricName(), MetricValue: whole(x), MetricValueFloat: x}}}, nil
}

// whole rounds up: a part of a unit has to be borne as well.
func whole(x float64) int64 { return int64(min(math.Ceil(x), math.MaxInt64/2)) }

// streamIsActive tells at once, and then whenever it has changed. While it cannot be said, what was told last stays.
func (a *answers) streamIsActive(ctx context.Context, r *ScaledObjectRef, send func(*IsActiveResponse) error) error {
	t, err := read(r)
	if err != nil {
		return err
	}
	var told *bool
	look := time.NewTicker(a.watched)
	defer look.Stop()
	for {
		x, err := a.value(ctx, &t)
		if err != nil && (told == nil || ctx.Err() != nil) {
			return err
		}
		if active := x > t.activation; err == nil && (told == nil || *told != active) {
			if err := send(&IsActiveResponse{Result: active}); err != nil {
				return err
			}
			told = &active
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-a.ending.Done():
			return nil
		}
	}
}

// value is what there is to bear, by a trigger.
func (a *answers) value(ctx context.Context, t *trigger) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	x, err := t.of(ctx, a.Program)
	if err == nil {
		return x, nil
	}
	code := codes.Unavailable
	if errors.Is(err, context.Canceled) {
		code = codes.Canceled
	}
	a.log.Debug("a trigger of KEDA has no answer", "object", t.object, "err", err)
	return 0, status.Error(code, err.Error())
}

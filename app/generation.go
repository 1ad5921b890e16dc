package app

import (
	"context"
	"errors"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/telemetry"
	"github.com/foreshock-io/foreshock/ui"
)

// generation is everything that one configuration made. It runs once.
type generation struct {
	app      *App
	config   config.Config
	parts    *parts
	pipeline *pipeline.Pipeline
	executor *act.Executor
	mux      *access.Mux
	reports  reports

	mu      sync.Mutex // guards sources
	sources []api.SourceStatus
}

// stages puts the components in the places where a sample passes them.
func (p *parts) stages() pipeline.Stages {
	return pipeline.Stages{
		Profile: p.profile, Detector: p.detector, Forecast: p.chooser, Planner: p.planner, Policies: p.policies, Profiles: p.profiles,
	}
}

func (a *App) newGeneration(c config.Config, p *parts) *generation {
	g := &generation{app: a, config: c, parts: p}
	if p.profiles == nil {
		p.profiles = a.store.Profiles()
	}
	g.executor = act.New(act.Options{
		Config: p.executor, Guards: guards(p.policies, g.before), Targets: p.targets, Recorder: a.store.Journal(), Ledger: a.ledger, Log: a.log,
		Notify: func(e *foreshock.Event) {
			g.told(e)
			g.pipeline.ActionChanged(e)
		},
	})
	stages := p.stages()
	stages.Executor, stages.Ledger, stages.Journal = g.executor, a.ledger, a.store.Journal()
	g.pipeline = pipeline.New(stages, pipeline.Options{
		Log: a.log, Step: c.Step, Snapshot: c.Snapshot, Most: c.Limits.Workloads, Forget: c.Limits.ForgetAfter, Forecasts: c.Limits.Forecasts, Slowest: c.Limits.Slow, Recent: c.Limits.Recent,
		Event: g.told, Drops: p.drops, Latches: &a.latches,
	})
	for _, s := range p.sources {
		g.sources = append(g.sources, api.SourceStatus{Name: s.name, Running: true})
	}
	g.mux = g.routes()
	return g
}

// before is asked by guards, which the executor has before there is a pipeline.
func (g *generation) before(a *foreshock.Action, now time.Time) decide.Counts {
	return g.pipeline.Before(a, now)
}

// routes are the API, the pages, the metrics, and what the receivers among the sources serve.
func (g *generation) routes() *access.Mux {
	guard := g.parts.access
	guard.UseSessions(g.app.sessions)
	mux := access.NewMux(guard)
	api.Register(mux, g)
	ui.Register(mux, g)
	guard.Login(mux)
	mux.Handle("GET /metrics", access.Read, telemetry.Handler(g, &g.app.counts))
	for _, s := range g.parts.sources {
		if r, ok := s.source.(ingest.Receiver); ok {
			for _, route := range r.Routes() {
				mux.Handle(route.Pattern, access.Push, route.Handler)
			}
		}
	}
	if !guard.Open() {
		for path, h := range profiles {
			mux.Handle("GET /debug/pprof/"+path, access.Admin, h)
		}
	}
	return mux
}

// profiles show what the program does inside. They are served to those who have shown that they may.
var profiles = map[string]http.HandlerFunc{
	"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
}

// run runs until ctx ends: sources first to stop, then the executor, then the pipeline, which saves, then who is told of what happened. The order lets nothing be lost
// that was accepted.
func (g *generation) run(ctx context.Context) error {
	lines, stopLine := context.WithCancel(context.WithoutCancel(ctx))
	acting, stopActing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLine()
	defer stopActing()
	telling, stopTelling := context.WithCancel(context.WithoutCancel(ctx))
	defer stopTelling()
	told := g.startNotifiers(telling)

	line := make(chan error, 1)
	go func() { line <- g.pipeline.Run(lines) }()
	g.restoreGrants(ctx)
	executor := make(chan error, 1)
	go func() { executor <- g.executor.Run(acting) }()

	var sources sync.WaitGroup
	for i := range g.parts.sources {
		sources.Go(func() { g.runSource(ctx, i) })
	}
	sources.Go(func() { g.keepPolicies(ctx) })
	sources.Go(func() { g.serveKEDA(ctx) })
	<-ctx.Done()
	sources.Wait()
	stopActing()
	err := <-executor
	stopLine()
	err = errors.Join(err, <-line)
	stopTelling()
	told()
	return err
}

// runSource runs a source; one that fails is told of, and the others go on.
func (g *generation) runSource(ctx context.Context, i int) {
	s := g.parts.sources[i]
	err := s.source.Run(ctx, g.pipeline)
	if ctx.Err() == nil {
		g.app.log.Error("a source has ended", "source", s.name, "err", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sources[i].Running = false
	if err != nil && !errors.Is(err, context.Canceled) {
		g.sources[i].Err = err.Error()
	}
}

// serveKEDA serves KEDA until ctx ends. Where its listener fails, everything else goes on.
func (g *generation) serveKEDA(ctx context.Context) {
	if g.parts.keda == nil {
		return
	}
	if err := g.parts.keda.Run(ctx, g.pipeline); err != nil {
		g.app.log.Error("KEDA is not served", "err", err)
	}
}

// restoreGrants tells the planner what the journal shows as held.
func (g *generation) restoreGrants(ctx context.Context) {
	if g.parts.planner == nil {
		return
	}
	var held []capacity.Held
	for _, h := range g.app.ledger.Held() {
		if !h.Wanted() {
			continue
		}
		held = append(held, capacity.Held{
			Request: capacity.Request{
				ID: h.Reservation.ID, Workload: h.Reservation.Workload, Target: h.Target, Resource: h.Resource, From: h.From, To: h.To,
			},
			Grant:     capacity.Grant{ID: h.Reservation.ID, Granted: h.Reservation.Granted, Expires: h.Reservation.Expires},
			Committed: h.Committed || h.State == foreshock.Done,
		})
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := g.parts.planner.Restore(ctx, time.Now(), held); err != nil {
		g.app.log.Error("the planner cannot be told what is held; it may grant it again", "held", len(held), "err", err)
	}
}

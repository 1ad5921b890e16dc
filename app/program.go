package app

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/promote"
)

// A generation is what the API and the pages show: it implements api.Program.
var _ api.Program = (*generation)(nil)

func (g *generation) Workloads(ctx context.Context) ([]pipeline.View, error) {
	return g.pipeline.Workloads(ctx)
}

func (g *generation) Workload(ctx context.Context, id foreshock.ID) (pipeline.Detail, bool, error) {
	return g.pipeline.Workload(ctx, id)
}

func (g *generation) Events(q api.Query) []foreshock.Event { return g.app.history.list(q) }

// Past reads the whole journal: what is asked of a moment may be in any of it.
func (g *generation) Past(ctx context.Context, id foreshock.ID, at time.Time) (*api.Past, error) {
	p := &api.Past{At: at.UTC(), Before: []foreshock.Event{}, After: []foreshock.Event{}}
	err := g.app.store.Journal().Read(ctx, 1, func(e *foreshock.Event) error {
		p.Take(id, e)
		return nil
	})
	return p, err
}

// Report reads the journal, the whole of it the first time.
func (g *generation) Report(ctx context.Context, policy string) (promote.Report, bool, error) {
	for i := range g.parts.policies {
		if p := &g.parts.policies[i]; p.Name == policy {
			r, err := g.reportOf(ctx, p)
			return r, true, err
		}
	}
	return promote.Report{}, false, nil
}

// Actions lists the latest last, as all lists of what happened.
func (g *generation) Actions() []foreshock.ActionChange {
	list := g.app.ledger.Actions()
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

func (g *generation) Approve(ctx context.Context, action, actor string) error {
	return g.executor.Approve(ctx, action, actor)
}

func (g *generation) Refuse(ctx context.Context, action, actor, why string) error {
	return g.executor.Refuse(ctx, action, actor, why)
}

func (g *generation) Settle(ctx context.Context, action, actor string, inEffect bool, why string) error {
	return g.executor.Settle(ctx, action, actor, inEffect, why)
}

func (g *generation) Pause(ctx context.Context, p foreshock.Pause, actor string) error {
	return g.executor.Pause(ctx, p, actor)
}

func (g *generation) Pauses() []foreshock.Pause { return g.app.ledger.Pauses(time.Now()) }

// Undo reads the event from the journal, so that what happened long ago can be undone as well.
func (g *generation) Undo(ctx context.Context, seq uint64, actor, why string) error {
	found := errors.New("found")
	var event *foreshock.Event
	err := g.app.store.Journal().Read(ctx, seq, func(e *foreshock.Event) error {
		if e.Seq == seq {
			event = e
		}
		return found
	})
	switch {
	case err != nil && !errors.Is(err, found):
		return err
	case event == nil:
		return fmt.Errorf("event %d: %w; foreshock corrections lists what can be undone", seq, act.ErrNotFound)
	case !g.app.history.claim(seq):
		return fmt.Errorf("correction %d was undone already: %w; to have it back, undo the correction that undid it", seq, act.ErrConflict)
	}
	if err := g.pipeline.Undo(ctx, *event, actor, why); err != nil {
		g.app.history.unclaim(seq)
		return err
	}
	return nil
}

// Reload is of the whole program: the generation that comes next answers what is asked of this one.
func (g *generation) Reload(ctx context.Context, actor string) error { return g.app.Reload(ctx, actor) }

func (g *generation) Status() api.Status {
	a := g.app
	s := api.Status{
		Version: a.version, Started: a.started, Mode: g.config.Mode, Config: g.config.File(), Data: a.data, Listen: a.Address(),
		Targets: []string{}, Policies: []string{}, Pauses: g.Pauses(), Journal: a.store.Journal().Last(), Counts: g.pipeline.Counts(),
	}
	for name := range g.parts.targets {
		s.Targets = append(s.Targets, name)
	}
	sort.Strings(s.Targets)
	for _, p := range g.parts.policies {
		s.Policies = append(s.Policies, p.Name)
	}
	for _, n := range g.parts.notifiers {
		s.Notifiers = append(s.Notifiers, api.NotifierStatus{Name: n.name, Counts: n.Counts()})
	}
	g.mu.Lock()
	s.Sources = append([]api.SourceStatus{}, g.sources...)
	g.mu.Unlock()
	a.mu.Lock()
	s.Reload, s.ReloadFailed = a.lastReload, a.reloadFailed
	a.mu.Unlock()
	return s
}

// Ready says why the program is not ready, or "": ready is a program that scores and can write its journal.
func (g *generation) Ready() string {
	ctx, cancel := deadline()
	defer cancel()
	if err := g.pipeline.Alive(ctx); err != nil {
		return "the pipeline does not answer: " + err.Error()
	}
	if err := g.app.store.Journal().Damaged(); err != nil {
		return "the journal is damaged: " + err.Error()
	}
	if why := g.executor.Sick(); why != "" {
		return "the journal takes nothing: " + why
	}
	return ""
}

// Package app puts the program together: the lists of components, start, stop and reload.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/kube/policies"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/embedded"
	"github.com/foreshock-io/foreshock/telemetry"
)

// App is the program that runs. Its store, journal and listener live as long as it does; everything else is a generation, which a
// reload replaces.
type App struct {
	log     *slog.Logger
	load    func() (config.Config, error) // reads the configuration again
	version string
	started time.Time

	store    *embedded.Store
	ledger   *act.Ledger
	history  *history
	opinions opinions
	latches  pipeline.Latches
	deeds    deeds
	counts   telemetry.Counts
	sessions *access.Sessions           // of browsers
	rules    map[string]foreshock.Rules // of the policies, as the journal has them last
	listener net.Listener
	data     string

	current  atomic.Pointer[generation]
	swapping atomic.Pointer[chan struct{}] // closed when the next generation is in place; nil outside a reload
	reloads  chan *reload

	mu           sync.Mutex // guards what follows
	lastReload   string
	reloadFailed bool
}

// reload is the wish for another generation.
type reload struct {
	actor   string            // who asks; "" the program itself
	objects []policies.Object // with these policies of the cluster and the configuration that runs; nil: all is read again
	reply   chan error
}

// Options say how the program runs.
type Options struct {
	Load    func() (config.Config, error) // reads the configuration; called again at each reload
	Log     *slog.Logger
	Version string
}

// Open reads the configuration, makes every component, opens the journal, and listens. Nothing runs until Run.
func Open(o Options) (*App, error) {
	c, err := o.Load()
	if err != nil {
		return nil, err
	}
	p, err := build(c, o.Log)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w; set data to a folder that can be written", err)
	}
	a := &App{
		log: o.Log, load: o.Load, version: o.Version, started: time.Now().UTC(), data: c.Data,
		ledger: act.NewLedger(), history: newHistory(), rules: map[string]foreshock.Rules{}, sessions: access.NewSessions(), reloads: make(chan *reload),
	}
	if a.store, err = embedded.Open(c.Data, embedded.Options{Log: o.Log, KeepBytes: c.Limits.Journal}); err != nil {
		return nil, err
	}
	if err := a.readJournal(); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	if a.listener, err = new(net.ListenConfig).Listen(context.Background(), "tcp", c.Listen); err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w; another program may run already, or set listen", err), a.store.Close())
	}
	p.takeObjects(c, a.readObjects(p, nil))
	a.current.Store(a.newGeneration(c, p))
	return a, nil
}

// readJournal folds what happened before into the ledger and the history.
func (a *App) readJournal() error {
	err := a.store.Journal().Read(context.Background(), 1, func(e *foreshock.Event) error {
		a.ledger.Apply(e)
		a.history.add(e)
		a.opinions.take(e)
		a.latches.Fold(e)
		a.deeds.decided(e)
		if e.Rules != nil {
			a.rules[e.Rules.Policy] = *e.Rules
		}
		return nil
	})
	if errors.Is(err, store.ErrDamaged) {
		// What can be read is read; the journal says so in the log and refuses to be written, so nothing acts until a person has looked.
		return nil
	}
	return err
}

// Run runs until ctx ends, then saves everything. It returns within ten seconds of that.
func (a *App) Run(ctx context.Context) error {
	server := a.server()
	serving := make(chan error, 1)
	go func() { serving <- a.listen(server) }()
	a.note("started "+a.version, "")

	err := a.generations(ctx, serving)

	stop, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = server.Shutdown(stop)
	a.note("stopped", "")
	return errors.Join(err, a.store.Close())
}

// generations runs one generation after another until ctx ends or the listener fails.
func (a *App) generations(ctx context.Context, serving <-chan error) error {
	for {
		g := a.current.Load()
		a.notePolicies(g.parts.policies)
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- g.run(running) }()

		var next *generation
		for next == nil {
			select {
			case err := <-ended:
				stop()
				return err
			case err := <-serving:
				stop()
				return errors.Join(fmt.Errorf("listen: %w", err), <-ended)
			case wish := <-a.reloads:
				var err error
				next, err = a.prepare(g, wish.objects)
				a.noteReload(err, wish.actor)
				wish.reply <- err
			}
		}
		swapped := make(chan struct{})
		a.swapping.Store(&swapped)
		stop()
		if err := <-ended; err != nil {
			a.log.Error("stop before the reload", "err", err)
		}
		next.pipeline.Inherit(g.pipeline)
		a.current.Store(next)
		a.swapping.Store(nil)
		close(swapped)
	}
}

// prepare makes everything of a new configuration that can fail, and touches nothing that runs. Where other policies of the cluster are given, the
// configuration is the one that runs.
func (a *App) prepare(running *generation, objects []policies.Object) (g *generation, err error) {
	c := running.config
	if objects == nil {
		if c, err = a.load(); err != nil {
			return nil, err
		}
	}
	p, err := build(c, a.log)
	if err != nil {
		return nil, err
	}
	for _, fixed := range []struct{ name, was, is string }{
		{"listen", running.config.Listen, c.Listen}, {"data", running.config.Data, c.Data}, {"access.tls", scheme(running.parts.access), scheme(p.access)},
	} {
		if fixed.was != fixed.is {
			return nil, fmt.Errorf("%s cannot be changed by a reload (from %s to %s); restart the program", fixed.name, fixed.was, fixed.is)
		}
	}
	if objects == nil {
		objects = a.readObjects(p, running.parts.objects)
	}
	p.takeObjects(c, objects)
	return a.newGeneration(c, p), nil
}

// Reload reads the configuration again and goes on with it. When it has faults, nothing changes.
func (a *App) Reload(ctx context.Context, actor string) error {
	return a.renew(ctx, &reload{actor: actor})
}

func (a *App) renew(ctx context.Context, wish *reload) error {
	wish.reply = make(chan error, 1)
	select {
	case a.reloads <- wish:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-wish.reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *App) noteReload(err error, actor string) {
	text := "succeeded " + time.Now().UTC().Format(time.RFC3339)
	if err != nil {
		text = "failed " + time.Now().UTC().Format(time.RFC3339) + ": " + err.Error()
		a.log.Error("reload: nothing was changed", "err", err)
	} else {
		a.note("reloaded", actor)
	}
	a.mu.Lock()
	a.lastReload, a.reloadFailed = text, err != nil
	a.mu.Unlock()
}

// notePolicies puts those policies into the journal that are new, or other than before: what was seen of others says nothing of them.
func (a *App) notePolicies(list []decide.Policy) {
	var events []*foreshock.Event
	for i := range list {
		if rules := list[i].Rules(); a.rules[rules.Policy] != rules {
			a.rules[rules.Policy] = rules
			events = append(events, &foreshock.Event{Time: time.Now().UTC(), Type: foreshock.EventPolicy, Rules: &rules})
		}
	}
	if len(events) == 0 {
		return
	}
	if err := a.store.Journal().Append(context.Background(), events...); err != nil {
		a.log.Error("journal", "err", err)
		return
	}
	for _, e := range events {
		a.current.Load().told(e)
	}
}

// note puts a word about the program itself into the journal; actor is whose doing it was, "" the program's own.
func (a *App) note(text, actor string) {
	e := &foreshock.Event{Time: time.Now().UTC(), Type: foreshock.EventNote, Note: text, Actor: actor}
	if err := a.store.Journal().Append(context.Background(), e); err != nil {
		a.log.Error("journal", "err", err)
		return
	}
	a.current.Load().told(e)
}

// deadline bounds a look at the program's own state.
func deadline() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 5*time.Second)
}

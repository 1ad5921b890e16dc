package app

import (
	"context"
	"log/slog"
	"sync"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/notify"
	"github.com/foreshock-io/foreshock/notify/alertmanager"
	"github.com/foreshock-io/foreshock/notify/otlp"
	"github.com/foreshock-io/foreshock/notify/webhook"
)

// notifiers are the components of stage notify. To add one, add its folder and its line.
var notifiers = []notify.Factory{
	alertmanager.Factory,
	otlp.Factory,
	webhook.Factory,
}

type namedNotifier struct {
	name string
	notify.Notifier
}

func (p *parts) buildNotifiers(c config.Config, l *faultList, log *slog.Logger) {
	name := func(f notify.Factory) string { return f.Name }
	for _, item := range c.Notify {
		f, ok := find(notifiers, item.Kind, name)
		if !ok {
			l.at(item.Block, unknown("notifier", item.Kind, notifiers, name))
			continue
		}
		n, err := f.New(decoder(item.Block), notify.Env{Log: log.With("notifier", item.Name), Name: item.Name})
		if err != nil {
			l.at(item.Block, err)
			continue
		}
		p.notifiers = append(p.notifiers, namedNotifier{item.Name, n})
	}
}

// told hands an event that the journal has to those who follow what happens.
func (g *generation) told(e *foreshock.Event) {
	g.app.history.add(e)
	g.app.opinions.take(e)
	g.app.counts.Take(e)
	g.app.deeds.take(e)
	for _, n := range g.parts.notifiers {
		n.Take(e)
	}
}

// startNotifiers lets the notifiers hear what happened before, and starts them. They stop when ctx ends; stopped then waits for them.
func (g *generation) startNotifiers(ctx context.Context) (stopped func()) {
	if len(g.parts.notifiers) > 0 {
		before := g.app.history.list(api.Query{Limit: historyKept})
		for i := range before {
			for _, n := range g.parts.notifiers {
				n.Restore(&before[i])
			}
		}
	}
	var running sync.WaitGroup
	for _, n := range g.parts.notifiers {
		running.Go(func() { n.Run(ctx) })
	}
	return running.Wait
}

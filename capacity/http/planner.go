package http

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	nethttp "net/http"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
)

// Planner is a capacity.Planner that asks over HTTP.
type Planner struct {
	cfg  Config
	base string
	http *nethttp.Client
	log  *slog.Logger
	wait func(context.Context, time.Duration) error
}

var _ capacity.Planner = (*Planner)(nil)

// Reserve asks for a grant. Only an answer of 200 with a grant between what is and what is asked for is one.
func (p *Planner) Reserve(ctx context.Context, now time.Time, r capacity.Request) (capacity.Grant, error) {
	var g Grant
	err := p.call(ctx, PathReserve, p.reserve(&r), &g)
	if err == nil {
		err = check(&r, &g)
	}
	if err != nil {
		return capacity.Grant{}, fmt.Errorf("reserve %s: %w", r.ID, err)
	}
	return capacity.Grant{ID: r.ID, Granted: g.Granted, Expires: now.Add(seconds(g.ExpiresInSeconds)), Reason: foreshock.OneLine(g.Reason)}, nil
}

func (p *Planner) reserve(r *capacity.Request) Reserve {
	return Reserve{
		Client: p.cfg.Client, ID: r.ID, Workload: r.Workload, Target: r.Target, Resource: r.Resource,
		From: r.From, To: r.To, ForSeconds: r.For.Seconds(),
	}
}

// check says what is wrong with a grant.
func check(r *capacity.Request, g *Grant) error {
	if g.ID != r.ID {
		return fmt.Errorf("the grant is that of %q", foreshock.OneLine(g.ID))
	}
	if !(g.ExpiresInSeconds > 0) {
		return fmt.Errorf("the grant expires in %g s; that must be above 0", g.ExpiresInSeconds)
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		got, stated := g.Granted.Get(d)
		to, asked := r.To.Get(d)
		from, known := r.From.Get(d)
		switch {
		case stated != asked:
			return fmt.Errorf("%s was asked for, but %s granted: the dimensions differ", r.To, g.Granted)
		case !stated:
		case got > max(from, to):
			return fmt.Errorf("granted %s of %s, more than the %s that was asked for", amount(d, got), d, amount(d, to))
		case known && got < min(from, to) || got < 0:
			return fmt.Errorf("granted %s of %s, less than the %s that there is", amount(d, got), d, amount(d, from))
		}
	}
	return nil
}

func amount(d foreshock.Dimension, x float64) string { return foreshock.FormatAmount(d, x) }

// seconds allows for answers beyond what a duration holds.
func seconds(s float64) time.Duration {
	if s >= math.MaxInt64/1e9 {
		return math.MaxInt64
	}
	return time.Duration(s * 1e9)
}

// Commit says that the capacity is in use.
func (p *Planner) Commit(ctx context.Context, _ time.Time, id string) error {
	err := p.call(ctx, PathCommit, Reference{p.cfg.Client, id}, nil)
	if status(err) == nethttp.StatusNotFound {
		err = fmt.Errorf("%w: %w", capacity.ErrNotHeld, err)
	}
	return wrap("commit", id, err)
}

// Release gives the capacity back.
func (p *Planner) Release(ctx context.Context, _ time.Time, id string) error {
	err := p.call(ctx, PathRelease, Reference{p.cfg.Client, id}, nil)
	if status(err) == nethttp.StatusNotFound {
		return nil
	}
	return wrap("release", id, err)
}

func wrap(operation, id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", operation, id, err)
}

// Restore tells which grants are held, where the planning system wants to know. Where it does not, its grants that are not
// committed expire by themselves, and the committed ones stay.
func (p *Planner) Restore(ctx context.Context, now time.Time, held []capacity.Held) error {
	all := Restore{Client: p.cfg.Client, Held: []Held{}}
	for _, h := range held {
		left := h.Grant.Expires.Sub(now).Seconds()
		if !h.Committed && left <= 0 {
			continue
		}
		all.Held = append(all.Held, Held{
			Reserve:   p.reserve(&h.Request),
			Grant:     Grant{ID: h.Grant.ID, Granted: h.Grant.Granted, ExpiresInSeconds: max(0, left), Reason: h.Grant.Reason},
			Committed: h.Committed,
		})
	}
	err := p.call(ctx, PathRestore, all, nil)
	switch status(err) {
	case nethttp.StatusNotFound, nethttp.StatusMethodNotAllowed, nethttp.StatusNotImplemented:
		p.log.Warn("the planning system does not take the list of held grants", "held", len(all.Held), "err", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// status is the HTTP status that an error of call is about, or 0.
func status(err error) int {
	if a := (*answerError)(nil); errors.As(err, &a) {
		return a.status
	}
	return 0
}

// Probe says whether the planning system answers and takes the token: it gives back a grant that was never made, which is no fault of the protocol.
func (p *Planner) Probe(ctx context.Context) (string, error) {
	if err := p.Release(ctx, time.Now(), "check"); err != nil {
		return "", fmt.Errorf("ask %s: %w; does it run there, and is the token right?", p.cfg.URL, err)
	}
	return "answers", nil
}

// Package kubernetes is a planner that asks a cluster for room before anything grows in it: the ResourceQuotas of the namespace, and what the
// nodes have left.
package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/kube"
)

// Config is the kubernetes block of capacity in a configuration file.
type Config struct {
	kube.Config `yaml:",inline"`
	Targets     []string      `yaml:"targets"`   // the names of the targets that are about this cluster; what is asked for others is granted
	Resources   kube.Places   `yaml:"resources"` // the target's
	Nodes       bool          `yaml:"nodes"`     // whether the nodes limit; default true; false where they come when they are needed
	Hold        time.Duration `yaml:"hold"`      // the longest time for which a grant waits to be committed; default 15m
}

// Factory offers this planner to configuration files as "kubernetes".
var Factory = capacity.Factory{Name: "kubernetes", New: func(decode func(any) error, _ capacity.Env) (capacity.Planner, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg)
}}

// Defaults are the settings where a file says nothing.
func Defaults() Config { return Config{Config: kube.Defaults(), Nodes: true, Hold: 15 * time.Minute} }

// Planner is a capacity.Planner. What a grant raises is drawn from the room that is read, until it is committed: then the cluster itself
// shows it as used.
type Planner struct {
	cfg     Config
	cluster *kube.Cluster

	asking sync.Mutex // one reservation at a time: none may grant the room that another one has just read
	mu     sync.Mutex // guards held
	held   map[string]*held
}

var _ capacity.Planner = (*Planner)(nil)

// held is a grant and what it draws.
type held struct {
	capacity.Held
	draws []draw
}

// New makes a planner of the settings. It calls nobody.
func New(cfg Config) (*Planner, error) {
	cluster, err := kube.Connect(cfg.Config)
	errs := []error{err, cfg.Resources.Check()}
	if cfg.Hold <= 0 {
		errs = append(errs, fmt.Errorf("hold must be above 0, not %s", cfg.Hold))
	}
	if len(cfg.Targets) == 0 {
		errs = append(errs, errors.New("targets is empty: nothing would be asked; name the targets that are about this cluster"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Planner{cfg: cfg, cluster: cluster, held: map[string]*held{}}, nil
}

// askAgain is for how long a refusal stands.
const askAgain = time.Minute

// Reserve grants what quotas and nodes have left, less what other grants wait for.
func (p *Planner) Reserve(ctx context.Context, now time.Time, r capacity.Request) (capacity.Grant, error) {
	p.asking.Lock()
	defer p.asking.Unlock()
	others, own := p.waiting(now, r.ID)
	if own != nil {
		return p.again(own, &r)
	}
	h := &held{Held: capacity.Held{Request: r, Grant: capacity.Grant{ID: r.ID, Granted: r.To, Expires: now.Add(p.cfg.Hold)}}}
	if r.For > 0 && r.For < p.cfg.Hold {
		h.Grant.Expires = now.Add(r.For)
	}
	if err := p.grant(ctx, h, others); err != nil {
		return capacity.Grant{}, fmt.Errorf("reserve %s: %w", r.ID, err)
	}
	if len(h.draws) == 0 && h.Grant.Reason != "" { // a refusal
		h.Grant.Expires = now.Add(min(askAgain, p.cfg.Hold))
		return h.Grant, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[r.ID] = h
	return h.Grant, nil
}

// waiting gives what the grants draw that are not committed, without those that have expired, and the one of an ID.
func (p *Planner) waiting(now time.Time, id string) (others []draw, own *held) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, h := range p.held {
		switch {
		case !h.Committed && !now.Before(h.Grant.Expires):
			delete(p.held, key)
		case key == id:
			own = h
		case !h.Committed:
			others = append(others, h.draws...)
		}
	}
	return others, own
}

// again answers for a grant that is held: with less where less is asked for, never with more.
func (p *Planner) again(h *held, r *capacity.Request) (capacity.Grant, error) {
	if h.Request.Workload != r.Workload || h.Request.Target != r.Target || h.Request.Resource != r.Resource {
		return capacity.Grant{}, fmt.Errorf("reserve %s: the id is that of a grant for %s (%s of %s)", r.ID, h.Request.Workload, h.Request.Resource, h.Request.Target)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if h.Committed {
		return h.Grant, nil
	}
	for _, d := range r.To.Dimensions() {
		to, _ := r.To.Get(d)
		from, _ := h.Request.From.Get(d)
		if have, granted := h.Grant.Granted.Get(d); granted && to < have {
			h.Grant.Granted.Set(d, max(to, from))
			for i := range h.draws {
				if h.draws[i].dimension == d {
					h.draws[i].units = max(to, from) - from
				}
			}
		}
	}
	return h.Grant, nil
}

// grant fills in what is granted, and why not all.
func (p *Planner) grant(ctx context.Context, h *held, others []draw) error {
	r := &h.Request
	if r.ID == "" || r.To.Empty() {
		return errors.New("the request has no id, or asks for nothing")
	}
	if !slices.Contains(p.cfg.Targets, r.Target) {
		return nil
	}
	place, err := p.cfg.Resources.Find(r.Resource)
	if err != nil {
		return err
	}
	var reasons []string
	for _, d := range r.To.Dimensions() {
		to, _ := r.To.Get(d)
		from, known := r.From.Get(d)
		if !known || !(to >= 0) || math.IsInf(to, 0) {
			return fmt.Errorf("from what to what %s is to grow is not said", d)
		}
		if to <= from {
			continue
		}
		needs, err := p.needs(ctx, place, d, to)
		if err != nil {
			return err
		}
		needs.dimension, needs.units = d, to-from
		why, err := p.limit(ctx, &needs, append(slices.Clone(others), h.draws...))
		if err != nil {
			return err
		}
		reasons = append(reasons, why...)
		h.Grant.Granted.Set(d, from+needs.units)
		if needs.units > 0 {
			h.draws = append(h.draws, needs)
		}
	}
	h.Grant.Reason = strings.Join(reasons, "; ")
	return nil
}

// limit cuts what is drawn down to the room that there is.
func (p *Planner) limit(ctx context.Context, d *draw, others []draw) (reasons []string, err error) {
	rooms, err := p.quotas(ctx, d, others)
	if err != nil {
		return nil, err
	}
	if p.cfg.Nodes && len(d.onNodes) > 0 {
		room, err := p.nodes(ctx, d, others)
		if err != nil {
			return nil, err
		}
		rooms = append(rooms, room)
	}
	for _, room := range rooms {
		if units := d.whole(room.units); units < d.units {
			d.units = units
			reasons = append(reasons, room.of+" has room for "+foreshock.FormatAmount(d.dimension, units)+" more")
		}
	}
	return reasons, nil
}

// Commit says that the capacity is in use, which the cluster itself shows from now on.
func (p *Planner) Commit(_ context.Context, now time.Time, id string) error {
	_, own := p.waiting(now, id)
	if own == nil {
		return fmt.Errorf("commit %s: %w", id, capacity.ErrNotHeld)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	own.Committed = true
	return nil
}

// Release forgets a grant.
func (p *Planner) Release(_ context.Context, _ time.Time, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.held, id)
	return nil
}

// Restore makes the grants that are held the given ones. What the uncommitted ones draw is asked of the cluster again.
func (p *Planner) Restore(ctx context.Context, now time.Time, grants []capacity.Held) error {
	p.asking.Lock()
	defer p.asking.Unlock()
	restored := map[string]*held{}
	var errs []error
	for _, g := range grants {
		g.Grant.ID = cmp.Or(g.Grant.ID, g.Request.ID)
		if !g.Committed && !now.Before(g.Grant.Expires) {
			continue
		}
		h := &held{Held: g}
		if !g.Committed {
			draws, err := p.drawn(ctx, &g)
			h.draws, errs = draws, append(errs, err)
		}
		restored[g.Grant.ID] = h
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = restored
	return errors.Join(errs...)
}

// drawn is what a grant draws that was given before.
func (p *Planner) drawn(ctx context.Context, g *capacity.Held) (draws []draw, err error) {
	place, err := p.cfg.Resources.Find(g.Request.Resource)
	if err != nil || !slices.Contains(p.cfg.Targets, g.Request.Target) {
		return nil, err
	}
	for _, d := range g.Grant.Granted.Dimensions() {
		to, _ := g.Grant.Granted.Get(d)
		from, _ := g.Request.From.Get(d)
		if to <= from {
			continue
		}
		needs, err := p.needs(ctx, place, d, to)
		if err != nil {
			return nil, fmt.Errorf("restore %s: %w", g.Grant.ID, err)
		}
		needs.dimension, needs.units = d, to-from
		draws = append(draws, needs)
	}
	return draws, nil
}

// Probe says whether the API server answers, and lets this account read what grants depend on.
func (p *Planner) Probe(ctx context.Context) (string, error) {
	if !p.cfg.Nodes {
		quotas, err := p.cluster.List(ctx, quotaKind, "", "")
		if err != nil {
			return "", fmt.Errorf("list resource quotas: %w; give the right to list them", err)
		}
		return fmt.Sprintf("answers, with %d resource quotas", len(quotas)), nil
	}
	nodes, err := p.readNodes(ctx)
	if err != nil {
		return "", fmt.Errorf("list nodes and pods: %w; give the rights that capacity/kubernetes/README.md lists, or set nodes: false", err)
	}
	return fmt.Sprintf("answers, with %d nodes that take pods", len(nodes)), nil
}

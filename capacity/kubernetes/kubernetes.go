// Package kubernetes is a planner that asks a cluster for room before anything grows in it: the ResourceQuotas of the namespace, and what the
// nodes have left.
package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// planner finds what a request draws on in the cluster, and grants what there is room for. What is committed is in use, and the cluster itself shows it.
type planner struct {
	cfg     Config
	cluster *kube.Cluster
}

// New makes a planner of the settings. It calls nobody.
func New(cfg Config) (capacity.Planner, error) {
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
	p := &planner{cfg, cluster}
	return &capacity.Grants[[]draw]{Hold: cfg.Hold, Find: p.find, Give: p.give, Answers: p.probe}, nil
}

// find says what each dimension that grows takes. What is asked for other targets takes nothing here.
func (p *planner) find(ctx context.Context, r *capacity.Request) (list []draw, err error) {
	if !slices.Contains(p.cfg.Targets, r.Target) {
		return nil, nil
	}
	place, err := p.cfg.Resources.Find(r.Resource)
	if err != nil {
		return nil, err
	}
	for _, d := range r.To.Dimensions() {
		to, _ := r.To.Get(d)
		if from, _ := r.From.Get(d); to <= from {
			continue
		}
		needs, err := p.needs(ctx, place, d, to)
		if err != nil {
			return nil, err
		}
		needs.dimension = d
		list = append(list, needs)
	}
	return list, nil
}

// give grants what quotas and nodes have left, less what other grants wait for.
func (p *planner) give(ctx context.Context, r *capacity.Request, on []draw, others []*capacity.Drawn[[]draw]) (granted foreshock.Allocation, reason string, err error) {
	granted = r.To
	var taken []draw
	for _, o := range others {
		for _, needs := range o.On {
			needs.units = o.More(needs.dimension)
			taken = append(taken, needs)
		}
	}
	var reasons []string
	for _, needs := range on {
		to, _ := r.To.Get(needs.dimension)
		from, _ := r.From.Get(needs.dimension)
		needs.units = to - from
		why, err := p.limit(ctx, &needs, taken)
		if err != nil {
			return granted, "", err
		}
		reasons = append(reasons, why...)
		granted.Set(needs.dimension, from+needs.units)
		taken = append(taken, needs)
	}
	return granted, strings.Join(reasons, "; "), nil
}

// limit cuts what is drawn down to the room that there is.
func (p *planner) limit(ctx context.Context, d *draw, others []draw) (reasons []string, err error) {
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

// probe says whether the API server answers, and lets this account read what grants depend on.
func (p *planner) probe(ctx context.Context) (string, error) {
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

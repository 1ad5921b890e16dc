package gcp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers/gcpsdk"
)

// groups are managed instance groups of a zone or a region: resources "mig/PLACE/NAME", with replicas.
type groups struct {
	target *Target
	api    clients
}

// Prefix begins the names of groups.
func (*groups) Prefix() string { return "mig/" }

// regional says whether a place is a region, as europe-west4, and not a zone of it, as europe-west4-a.
func (p place) regional() bool { return strings.Count(p.zone, "-") == 1 }

// group is what Compute Engine says of one.
type group struct {
	size       float64 // that it is to have
	ready      float64 // instances with which nothing is done
	stable     bool
	owner      string
	warmUp     time.Duration // until a new instance works
	operations []operation
}

// warmUp is the initialization period of an instance where nothing states it: an autoscaler's default.
const warmUp = time.Minute

func (g *groups) describe(ctx context.Context, at place) (group, error) {
	raw, err := g.get(ctx, at)
	if err != nil {
		return group{}, sayable(err)
	}
	x := group{
		size: float64(raw.GetTargetSize()), ready: float64(raw.GetCurrentActions().GetNone()), stable: raw.GetStatus().GetIsStable(), warmUp: warmUp,
	}
	if x.operations, err = g.api.list(ctx, g.target.account.Project, at, "instanceGroupManagers", raw.GetId()); err != nil {
		return x, sayable(err)
	}
	if strings.HasPrefix(at.name, "gke-") {
		x.owner = "Google Kubernetes Engine"
	}
	if link := raw.GetStatus().GetAutoscaler(); link != "" {
		scaler, err := g.autoscaler(ctx, at, gcpsdk.Last(link))
		if err != nil {
			return x, fmt.Errorf("its autoscaler: %w", sayable(err))
		}
		policy := scaler.GetAutoscalingPolicy()
		if policy.GetMode() != computepb.AutoscalingPolicy_OFF.String() {
			x.owner = "the autoscaler " + gcpsdk.Redact(scaler.GetName())
		}
		if policy.CoolDownPeriodSec != nil {
			x.warmUp = time.Duration(policy.GetCoolDownPeriodSec()) * time.Second
		}
	}
	return x, nil
}

func (g *groups) get(ctx context.Context, at place) (*computepb.InstanceGroupManager, error) {
	if at.regional() {
		return g.api.regionGroups.Get(ctx, &computepb.GetRegionInstanceGroupManagerRequest{
			Project: g.target.account.Project, Region: at.zone, InstanceGroupManager: at.name,
		})
	}
	return g.api.groups.Get(ctx, &computepb.GetInstanceGroupManagerRequest{Project: g.target.account.Project, Zone: at.zone, InstanceGroupManager: at.name})
}

func (g *groups) autoscaler(ctx context.Context, at place, name string) (*computepb.Autoscaler, error) {
	if at.regional() {
		return g.api.regionScalers.Get(ctx, &computepb.GetRegionAutoscalerRequest{Project: g.target.account.Project, Region: at.zone, Autoscaler: name})
	}
	return g.api.scalers.Get(ctx, &computepb.GetAutoscalerRequest{Project: g.target.account.Project, Zone: at.zone, Autoscaler: name})
}

func replicas(n float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimReplicas, n)
	return a
}

func (g *groups) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	at, err := locate(g.Prefix(), resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	x, err := g.describe(ctx, at)
	if err != nil {
		return foreshock.Resource{}, err
	}
	return foreshock.Resource{
		Allocated: replicas(x.size), Owner: x.owner, Busy: !x.stable || x.ready != x.size,
		Rules: map[foreshock.Dimension]foreshock.Rule{foreshock.DimReplicas: {Quantum: 1, Down: true}},
	}, nil
}

// Validate has no rules beyond those that were read.
func (*groups) Validate(foreshock.Resource, foreshock.Action) error { return nil }

func (g *groups) Apply(ctx context.Context, action foreshock.Action) error {
	at, err := locate(g.Prefix(), action.Resource)
	if err != nil {
		return err
	}
	x, err := g.describe(ctx, at)
	if err != nil {
		return act.Surely(err)
	}
	if err := act.Unchanged(replicas(x.size), action); err != nil {
		return err
	}
	to, stated := action.To.Get(foreshock.DimReplicas)
	switch {
	case !stated:
		return fmt.Errorf("%w: the action states no replicas; nothing was sent", act.ErrRule)
	case x.owner != "":
		return fmt.Errorf("%w: %s owns the group; nothing was sent", act.ErrRefused, x.owner)
	case to == x.size:
		return fmt.Errorf("%w: the group has %g already; nothing was sent", act.ErrRefused, to)
	}
	id, project := token(action.ID, 0), g.target.account.Project
	return g.target.once(ctx, func(ctx context.Context) error {
		if at.regional() {
			_, err := g.api.regionGroups.Resize(ctx, &computepb.ResizeRegionInstanceGroupManagerRequest{
				Project: project, Region: at.zone, InstanceGroupManager: at.name, Size: int32(to), RequestId: &id,
			})
			return err
		}
		_, err := g.api.groups.Resize(ctx, &computepb.ResizeInstanceGroupManagerRequest{
			Project: project, Zone: at.zone, InstanceGroupManager: at.name, Size: int32(to), RequestId: &id,
		})
		return err
	})
}

// Follow is done when as many instances as were asked for are there, and nothing more is done with them. New ones work after their warm-up.
func (g *groups) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	at, err := locate(g.Prefix(), action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	x, err := g.describe(ctx, at)
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: replicas(x.size)}
	to, stated := action.To.Get(foreshock.DimReplicas)
	switch {
	case !stated:
		return p, errors.New("the action states no replicas")
	case x.size != to:
		follow(&p, x.operations, action)
	case !x.stable || x.ready != to:
		p.UnderWay, p.Note = true, fmt.Sprintf("%g of %g are ready", x.ready, to)
	default:
		p.Done = true
		if was, known := action.From.Get(foreshock.DimReplicas); known && to > was {
			p.Works = g.target.Now().Add(x.warmUp)
		}
	}
	return p, nil
}

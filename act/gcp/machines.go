package gcp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers/gcpsdk"
)

// machines are instances: resources "vm/ZONE/NAME", with vCPU and memory by their type. A type is changed while an instance is stopped.
type machines struct {
	target *Target
	api    clients
	names  []string
	stop   bool
	types  act.Readings[act.Offer] // by zone/name; they never change
	seen   act.Readings[machine]

	leastTime time.Duration // that a call must have left before an instance is stopped
	every     time.Duration // between two looks at whether it has stopped
}

func newMachines(t *Target, cfg Config, api clients) *machines {
	return &machines{target: t, api: api, names: cfg.MachineTypes, stop: cfg.Stop, leastTime: 3 * time.Minute, every: 2 * time.Second}
}

// Prefix begins the names of instances.
func (*machines) Prefix() string { return "vm/" }

// The states of an instance in which its type can be changed, or it can be stopped for it.
const (
	running    = "RUNNING"
	terminated = "TERMINATED" // stopped
)

// machine is what Compute Engine says of an instance.
type machine struct {
	id    uint64
	kind  string
	state string
	owner string
	has   foreshock.Allocation
	types []act.Offer // that it may have
}

func (x *machines) describe(ctx context.Context, at place) (machine, error) {
	raw, err := x.api.instances.Get(ctx, &computepb.GetInstanceRequest{Project: x.target.account.Project, Zone: at.zone, Instance: at.name})
	if err != nil {
		return machine{}, sayable(err)
	}
	m := machine{id: raw.GetId(), kind: gcpsdk.Last(raw.GetMachineType()), state: raw.GetStatus(), owner: ownerOf(raw)}
	for _, name := range append([]string{m.kind}, x.names...) {
		offer, err := x.offer(ctx, at.zone, name)
		if err != nil {
			return machine{}, err
		}
		if name == m.kind {
			m.has = offer.Has
		}
		if slices.Contains(x.names, name) {
			m.types = append(m.types, offer)
		}
	}
	x.seen.Put(x.Prefix()+at.zone+"/"+at.name, m)
	return m, nil
}

// offer asks once for each type.
func (x *machines) offer(ctx context.Context, zone, name string) (act.Offer, error) {
	if known, is := x.types.Get(zone + "/" + name); is {
		return known, nil
	}
	raw, err := x.api.types.Get(ctx, &computepb.GetMachineTypeRequest{Project: x.target.account.Project, Zone: zone, MachineType: name})
	if err != nil {
		return act.Offer{}, fmt.Errorf("machine type %s: %w", name, sayable(err))
	}
	o := act.Offer{Name: name}
	o.Has.Set(foreshock.DimVCPU, float64(raw.GetGuestCpus()))
	o.Has.Set(foreshock.DimMemory, float64(raw.GetMemoryMb())*mib)
	x.types.Put(zone+"/"+name, o)
	return o, nil
}

// ownerOf says who must not find the instance stopped, or "".
func ownerOf(raw *computepb.Instance) string {
	if s := raw.GetScheduling(); s.GetPreemptible() || s.GetProvisioningModel() == computepb.Scheduling_SPOT.String() {
		return "the spot market, which may end it,"
	}
	for _, d := range raw.GetDisks() {
		if d.GetType() == computepb.AttachedDisk_SCRATCH.String() {
			return "its local SSD, which would be lost with a stop,"
		}
	}
	for _, item := range raw.GetMetadata().GetItems() {
		if item.GetKey() == "created-by" && strings.Contains(item.GetValue(), "/instanceGroupManagers/") {
			return "the managed instance group " + gcpsdk.Redact(gcpsdk.Last(item.GetValue()))
		}
	}
	return ""
}

// Read gives no rule to an instance that would have to be stopped and may not be.
func (x *machines) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	at, err := locate(x.Prefix(), resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	m, err := x.describe(ctx, at)
	if err != nil {
		return foreshock.Resource{}, err
	}
	r := foreshock.Resource{Allocated: m.has, Owner: m.owner, Busy: m.state != running && m.state != terminated}
	if m.state == terminated || x.stop {
		r.Rules = act.OfferRules(m.has, m.types)
	}
	return r, nil
}

// Validate keeps to the types that are allowed.
func (x *machines) Validate(_ foreshock.Resource, action foreshock.Action) error {
	m, err := x.seen.Of(action.Resource)
	if err != nil {
		return err
	}
	_, err = m.change(action)
	return err
}

func (m machine) change(action foreshock.Action) (act.Offer, error) {
	return act.Another(m.types, "type", m.kind, action.To)
}

// Apply stops a running instance, changes its type, and starts it again, whatever came of the change.
func (x *machines) Apply(ctx context.Context, action foreshock.Action) error {
	at, err := locate(x.Prefix(), action.Resource)
	if err != nil {
		return err
	}
	m, err := x.describe(ctx, at)
	if err != nil {
		return act.Surely(err)
	}
	if err := act.Unchanged(m.has, action); err != nil {
		return err
	}
	to, err := m.change(action)
	if err != nil {
		return err
	}
	switch deadline, limited := ctx.Deadline(); {
	case m.owner != "":
		return fmt.Errorf("%w: %s owns the instance; nothing was sent", act.ErrRefused, m.owner)
	case m.state == terminated:
		return x.modify(ctx, at, action.ID, to.Name)
	case m.state != running:
		return fmt.Errorf("%w: the instance is %s; nothing was sent", act.ErrRefused, m.state)
	case !x.stop:
		return fmt.Errorf("%w: the instance would have to be stopped, and stop_instances does not allow it; nothing was sent", act.ErrRefused)
	case limited && time.Until(deadline) < x.leastTime:
		return fmt.Errorf("%w: stopping an instance takes minutes; set call_timeout of the executor to 10m; nothing was sent", act.ErrRefused)
	}
	project := x.target.account.Project
	return act.Restart{
		Machine: action.Resource, Every: x.every,
		Stop: func(ctx context.Context) error {
			return x.target.once(ctx, func(ctx context.Context) error {
				_, err := x.api.instances.Stop(ctx, &computepb.StopInstanceRequest{Project: project, Zone: at.zone, Instance: at.name})
				return err
			})
		},
		Stopped: func(ctx context.Context) (bool, error) {
			m, err := x.describe(ctx, at)
			return m.state == terminated, err
		},
		Change: func(ctx context.Context) error { return x.modify(ctx, at, action.ID, to.Name) },
		Start: func(ctx context.Context) error {
			_, err := x.api.instances.Start(ctx, &computepb.StartInstanceRequest{Project: project, Zone: at.zone, Instance: at.name})
			return sayable(err)
		},
	}.Do(ctx)
}

func (x *machines) modify(ctx context.Context, at place, action, to string) error {
	id, link := token(action, 0), "zones/"+at.zone+"/machineTypes/"+to
	return x.target.once(ctx, func(ctx context.Context) error {
		_, err := x.api.instances.SetMachineType(ctx, &computepb.SetMachineTypeInstanceRequest{
			Project: x.target.account.Project, Zone: at.zone, Instance: at.name, RequestId: &id,
			InstancesSetMachineTypeRequestResource: &computepb.InstancesSetMachineTypeRequest{MachineType: &link},
		})
		return err
	})
}

// Follow is done when the instance runs with its new type, or is stopped as it was.
func (x *machines) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	at, err := locate(x.Prefix(), action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	m, err := x.describe(ctx, at)
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: m.has}
	to, err := act.Fitting(m.types, action.To)
	switch {
	case err != nil:
		return p, err
	case m.kind == to.Name && m.state == running:
		p.Done = true
	case m.state == running: // it was not changed, or not yet
		operations, err := x.api.list(ctx, x.target.account.Project, at, "instances", m.id)
		if err != nil {
			return p, sayable(err)
		}
		follow(&p, operations, action)
	case m.kind == to.Name:
		p.UnderWay, p.Note = true, fmt.Sprintf("its type is %s, and it is %s", m.kind, m.state)
	default:
		p.UnderWay, p.Note = true, fmt.Sprintf("its type is %s still, and it is %s: if it stays so, start it", m.kind, m.state)
	}
	return p, nil
}

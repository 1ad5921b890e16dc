package aws

import (
	"context"
	"fmt"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers/awssdk"
)

// machines are instances of EC2: resources "i-…", with vCPU and memory by their type. A type is changed while an instance is stopped.
type machines struct {
	target    *Target
	api       ec2Calls
	instances *instanceTypes
	names     []string
	stop      bool
	seen      act.Readings[machine]

	leastTime time.Duration // that a call must have left before an instance is stopped
	every     time.Duration // between two looks at whether it has stopped
}

func newMachines(t *Target, cfg Config, api ec2Calls, instances *instanceTypes) *machines {
	return &machines{
		target: t, api: api, instances: instances, names: cfg.Instances, stop: cfg.Stop, leastTime: 3 * time.Minute, every: 2 * time.Second,
	}
}

func (*machines) Prefix() string { return "i-" }

// machine is what EC2 says of an instance.
type machine struct {
	kind  types.InstanceType
	state types.InstanceStateName
	owner string
	has   foreshock.Allocation
	types []act.Offer // that it may have
}

func (x *machines) describe(ctx context.Context, id string) (machine, error) {
	out, err := x.api.describeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if err != nil {
		return machine{}, sayable(err)
	}
	if len(out.Reservations) != 1 || len(out.Reservations[0].Instances) != 1 || out.Reservations[0].Instances[0].State == nil {
		return machine{}, fmt.Errorf("%w: EC2 shows no instance of this name", act.ErrNotFound)
	}
	raw := out.Reservations[0].Instances[0]
	m := machine{kind: raw.InstanceType, state: raw.State.Name, owner: ownerOf(raw)}
	for _, name := range append([]string{string(m.kind)}, x.names...) {
		info, err := x.instances.get(ctx, x.api, types.InstanceType(name))
		if err != nil {
			return machine{}, err
		}
		t := act.Offer{Name: name, Has: machineOf(info)}
		if name == string(m.kind) {
			m.has = t.Has
		}
		if !t.Has.Empty() && slices.Contains(x.names, name) {
			m.types = append(m.types, t)
		}
	}
	x.seen.Put(id, m)
	return m, nil
}

// ownerOf says who must not find the instance stopped, or "".
func ownerOf(raw types.Instance) string {
	switch o := raw.Operator; {
	case o != nil && sdk.ToBool(o.Managed):
		return "the operator " + awssdk.Redact(sdk.ToString(o.Principal))
	case raw.InstanceLifecycle == types.InstanceLifecycleTypeSpot:
		return "the spot market, which may end it,"
	case raw.RootDeviceType == types.DeviceTypeInstanceStore:
		return "its instance store, which would be lost with a stop,"
	}
	for _, t := range raw.Tags {
		if sdk.ToString(t.Key) == "aws:autoscaling:groupName" {
			return "the Auto Scaling group " + awssdk.Redact(sdk.ToString(t.Value))
		}
	}
	return ""
}

// Read gives no rule to an instance that would have to be stopped and may not be.
func (x *machines) Read(ctx context.Context, id string) (foreshock.Resource, error) {
	m, err := x.describe(ctx, id)
	if err != nil {
		return foreshock.Resource{}, err
	}
	running, stopped := m.state == types.InstanceStateNameRunning, m.state == types.InstanceStateNameStopped
	r := foreshock.Resource{Allocated: m.has, Owner: m.owner, Busy: !running && !stopped}
	if stopped || x.stop {
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
	return act.Another(m.types, "type", string(m.kind), action.To)
}

// Apply stops a running instance, changes its type, and starts it again, whatever came of the change.
func (x *machines) Apply(ctx context.Context, action foreshock.Action) error {
	id := action.Resource
	m, err := x.describe(ctx, id)
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
	case m.state == types.InstanceStateNameStopped:
		return x.modify(ctx, id, to.Name)
	case m.state != types.InstanceStateNameRunning:
		return fmt.Errorf("%w: the instance is %s; nothing was sent", act.ErrRefused, m.state)
	case !x.stop:
		return fmt.Errorf("%w: the instance would have to be stopped, and stop_instances does not allow it; nothing was sent", act.ErrRefused)
	case limited && time.Until(deadline) < x.leastTime:
		return fmt.Errorf("%w: stopping an instance takes minutes; set call_timeout of the executor to 10m; nothing was sent", act.ErrRefused)
	}
	return act.Restart{
		Machine: id, Every: x.every,
		Stop: func(ctx context.Context) error {
			return x.target.once(ctx, func(ctx context.Context) error {
				_, err := x.api.stopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{id}}, func(o *ec2.Options) { o.Retryer = noRetry })
				return err
			})
		},
		Stopped: func(ctx context.Context) (bool, error) {
			m, err := x.describe(ctx, id)
			return m.state == types.InstanceStateNameStopped, err
		},
		Change: func(ctx context.Context) error { return x.modify(ctx, id, to.Name) },
		Start: func(ctx context.Context) error {
			_, err := x.api.startInstances(ctx, &ec2.StartInstancesInput{InstanceIds: []string{id}})
			return sayable(err)
		},
	}.Do(ctx)
}

func (x *machines) modify(ctx context.Context, id string, to string) error {
	return x.target.once(ctx, func(ctx context.Context) error {
		_, err := x.api.modifyInstance(ctx, &ec2.ModifyInstanceAttributeInput{
			InstanceId: &id, InstanceType: &types.AttributeValue{Value: &to},
		}, func(o *ec2.Options) { o.Retryer = noRetry })
		return err
	})
}

// Follow is done when the instance runs with its new type, or is stopped as it was.
func (x *machines) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	m, err := x.describe(ctx, action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: m.has}
	to, err := act.Fitting(m.types, action.To)
	switch {
	case err != nil:
		return p, err
	case string(m.kind) == to.Name && m.state == types.InstanceStateNameRunning:
		p.Done = true
	case m.state == types.InstanceStateNameRunning:
	case string(m.kind) == to.Name:
		p.UnderWay, p.Note = true, fmt.Sprintf("its type is %s, and it is %s", m.kind, m.state)
	default:
		p.UnderWay, p.Note = true, fmt.Sprintf("its type is %s still, and it is %s: if it stays so, start it", m.kind, m.state)
	}
	return p, nil
}

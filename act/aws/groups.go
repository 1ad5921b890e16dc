package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers/awssdk"
)

// groups are Auto Scaling groups: resources "asg/NAME", with replicas.
type groups struct {
	target   *Target
	describe func(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error)
	policies func(context.Context, *autoscaling.DescribePoliciesInput, ...func(*autoscaling.Options)) (*autoscaling.DescribePoliciesOutput, error)
	set      func(context.Context, *autoscaling.SetDesiredCapacityInput, ...func(*autoscaling.Options)) (*autoscaling.SetDesiredCapacityOutput, error)
}

func newGroups(t *Target) *groups {
	c := autoscaling.NewFromConfig(t.sdk) // see ec2Calls
	return &groups{target: t, describe: c.DescribeAutoScalingGroups, policies: c.DescribePolicies, set: c.SetDesiredCapacity}
}

func (*groups) Prefix() string { return "asg/" }

func (g *groups) group(ctx context.Context, resource string) (types.AutoScalingGroup, error) {
	name := strings.TrimPrefix(resource, g.Prefix())
	out, err := g.describe(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	switch {
	case err != nil:
		return types.AutoScalingGroup{}, sayable(err)
	case len(out.AutoScalingGroups) != 1:
		return types.AutoScalingGroup{}, fmt.Errorf("%w: there are %d groups of this name", act.ErrNotFound, len(out.AutoScalingGroups))
	}
	group := out.AutoScalingGroups[0]
	if unit := sdk.ToString(group.DesiredCapacityType); unit != "" && unit != "units" {
		return group, fmt.Errorf("the group's capacity is counted in %s, not in instances", unit)
	}
	return group, nil
}

func (g *groups) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	group, err := g.group(ctx, resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	owner, err := g.owner(ctx, group)
	if err != nil {
		return foreshock.Resource{}, err
	}
	return foreshock.Resource{
		Allocated: replicas(group.DesiredCapacity), Owner: owner, Busy: group.Status != nil || inService(group) != amount(group.DesiredCapacity),
		Rules: map[foreshock.Dimension]foreshock.Rule{
			foreshock.DimReplicas: {Min: amount(group.MinSize), Max: amount(group.MaxSize), Quantum: 1, Down: true},
		},
	}, nil
}

func replicas(n *int32) (a foreshock.Allocation) {
	a.Set(foreshock.DimReplicas, amount(n))
	return a
}

// inService is the capacity that serves.
func inService(group types.AutoScalingGroup) (n float64) {
	for _, i := range group.Instances {
		if i.LifecycleState != types.LifecycleStateInService {
			continue
		}
		weight := 1
		if w, err := strconv.Atoi(sdk.ToString(i.WeightedCapacity)); err == nil {
			weight = w
		}
		n += float64(weight)
	}
	return n
}

// owner is who else sets the group's capacity, or "".
func (g *groups) owner(ctx context.Context, group types.AutoScalingGroup) (string, error) {
	if o := group.Operator; o != nil && sdk.ToString(o.Principal) != "" {
		return "the operator " + awssdk.Redact(sdk.ToString(o.Principal)), nil
	}
	for _, p := range group.SuspendedProcesses {
		if name := sdk.ToString(p.ProcessName); name == "Launch" || name == "Terminate" {
			return "whoever suspended the process " + name, nil
		}
	}
	in := &autoscaling.DescribePoliciesInput{AutoScalingGroupName: group.AutoScalingGroupName}
	for {
		out, err := g.policies(ctx, in)
		if err != nil {
			return "", sayable(err)
		}
		owns := slices.IndexFunc(out.ScalingPolicies, func(p types.ScalingPolicy) bool {
			c := p.PredictiveScalingConfiguration
			predictsOnly := sdk.ToString(p.PolicyType) == "PredictiveScaling" && (c == nil || c.Mode != types.PredictiveScalingModeForecastAndScale)
			return (p.Enabled == nil || *p.Enabled) && !predictsOnly
		})
		if owns >= 0 {
			p := out.ScalingPolicies[owns]
			return fmt.Sprintf("the scaling policy %s (%s)", sdk.ToString(p.PolicyName), sdk.ToString(p.PolicyType)), nil
		}
		if in.NextToken = out.NextToken; sdk.ToString(in.NextToken) == "" {
			return "", nil
		}
	}
}

// Validate has no rules beyond those that were read.
func (*groups) Validate(foreshock.Resource, foreshock.Action) error { return nil }

// Apply does not wait for the group's cooldown, which is for simple scaling policies.
func (g *groups) Apply(ctx context.Context, action foreshock.Action) error {
	group, err := g.group(ctx, action.Resource)
	if err != nil {
		return act.Surely(err)
	}
	if err := act.Unchanged(replicas(group.DesiredCapacity), action); err != nil {
		return err
	}
	to, stated := action.To.Get(foreshock.DimReplicas)
	switch {
	case !stated || to < amount(group.MinSize) || to > amount(group.MaxSize):
		return fmt.Errorf("%w: %g is not between the group's %g and %g; nothing was sent", act.ErrRule, to, amount(group.MinSize), amount(group.MaxSize))
	case to == amount(group.DesiredCapacity):
		return fmt.Errorf("%w: the group has %g already; nothing was sent", act.ErrRefused, to)
	}
	return g.target.once(ctx, func(ctx context.Context) error {
		_, err := g.set(ctx, &autoscaling.SetDesiredCapacityInput{
			AutoScalingGroupName: group.AutoScalingGroupName, DesiredCapacity: whole(to), HonorCooldown: sdk.Bool(false),
		}, func(o *autoscaling.Options) { o.Retryer = noRetry })
		return err
	})
}

// Follow is done when as many instances as were asked for are in service. New ones work after their warm-up.
func (g *groups) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	group, err := g.group(ctx, action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: replicas(group.DesiredCapacity)}
	to, stated := action.To.Get(foreshock.DimReplicas)
	switch {
	case !stated:
		return p, errors.New("the action states no replicas")
	case amount(group.DesiredCapacity) != to:
	case inService(group) != to:
		p.UnderWay, p.Note = true, fmt.Sprintf("%g of %g in service", inService(group), to)
	default:
		p.Done = true
		if was, known := action.From.Get(foreshock.DimReplicas); known && to > was {
			p.Works = g.target.Now().Add(warmUp(group))
		}
	}
	return p, nil
}

// warmUp is how long a new instance takes until it works: as the group says, or else its cooldown, which is 5 minutes unless stated.
func warmUp(group types.AutoScalingGroup) time.Duration {
	seconds := group.DefaultInstanceWarmup
	if seconds == nil || *seconds < 0 {
		seconds = group.DefaultCooldown
	}
	if seconds == nil {
		return 5 * time.Minute
	}
	return time.Duration(*seconds) * time.Second
}

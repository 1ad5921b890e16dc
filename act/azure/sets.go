package azure

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

// sets are scale sets of virtual machines: resources "vmss/GROUP/NAME", with replicas.
type sets struct {
	target *Target
	api    calls
}

// How many machines a scale set may have: in one placement group, and else (Azure's page on orchestration modes).
const (
	mostInGroup = 100
	mostInSet   = 1000
)

// Prefix is how names of scale sets begin.
func (*sets) Prefix() string { return "vmss/" }

func (x *sets) set(ctx context.Context, resource string) (armcompute.VirtualMachineScaleSet, error) {
	group, name, err := names(resource, x.Prefix())
	if err != nil {
		return armcompute.VirtualMachineScaleSet{}, err
	}
	out, err := x.api.set(ctx, group, name, nil)
	if err != nil {
		return armcompute.VirtualMachineScaleSet{}, sayable(err)
	}
	if out.Properties == nil || out.SKU == nil || out.SKU.Capacity == nil {
		return armcompute.VirtualMachineScaleSet{}, errors.New("Azure shows no capacity of the scale set; one without a model of its machines has none") //nolint:staticcheck // Azure is a name
	}
	return out.VirtualMachineScaleSet, nil
}

func replicas(s armcompute.VirtualMachineScaleSet) (a foreshock.Allocation) {
	a.Set(foreshock.DimReplicas, float64(*s.SKU.Capacity))
	return a
}

func setBusy(s armcompute.VirtualMachineScaleSet) bool {
	state := azuresdk.Value(s.Properties.ProvisioningState)
	return state != succeeded && state != failed
}

func most(s armcompute.VirtualMachineScaleSet) float64 {
	if azuresdk.Value(s.Properties.SinglePlacementGroup) {
		return mostInGroup
	}
	return mostInSet
}

// Read gives the capacity, and who else sets it.
func (x *sets) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	s, err := x.set(ctx, resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	owner, err := x.owner(ctx, resource, s)
	if err != nil {
		return foreshock.Resource{}, err
	}
	return foreshock.Resource{
		Allocated: replicas(s), Owner: owner, Busy: setBusy(s),
		Rules: map[foreshock.Dimension]foreshock.Rule{foreshock.DimReplicas: {Max: most(s), Quantum: 1, Down: true}},
	}, nil
}

// owner is who else sets the capacity, or "".
func (x *sets) owner(ctx context.Context, resource string, s armcompute.VirtualMachineScaleSet) (string, error) {
	for name := range s.Tags {
		if strings.HasPrefix(strings.ToLower(name), "aks-managed-") {
			return "Azure Kubernetes Service", nil
		}
	}
	group, _, err := names(resource, x.Prefix())
	if err != nil {
		return "", err
	}
	pages := x.api.autoscale(group, nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("list the autoscale settings: %w", sayable(err))
		}
		for _, a := range page.Value {
			if p := a.Properties; p != nil && azuresdk.Value(p.Enabled) && strings.EqualFold(azuresdk.Value(p.TargetResourceURI), azuresdk.Value(s.ID)) {
				return "the autoscale setting " + azuresdk.Redact(azuresdk.Value(a.Name)), nil
			}
		}
	}
	return "", nil
}

// Validate has no rules beyond those that were read.
func (*sets) Validate(foreshock.Resource, foreshock.Action) error { return nil }

// Apply asks for a capacity, in place of the one that was seen only.
func (x *sets) Apply(ctx context.Context, action foreshock.Action) error {
	s, err := x.set(ctx, action.Resource)
	if err != nil {
		return act.Surely(err)
	}
	if err := act.Unchanged(replicas(s), action); err != nil {
		return err
	}
	want, stated := action.To.Get(foreshock.DimReplicas)
	switch {
	case !stated || want < 0 || want > most(s):
		return fmt.Errorf("%w: %g is not between 0 and %g; nothing was sent", act.ErrRule, want, most(s))
	case want == float64(*s.SKU.Capacity):
		return fmt.Errorf("%w: the scale set has %g already; nothing was sent", act.ErrRefused, want)
	case setBusy(s):
		return fmt.Errorf("%w: the scale set is %s; nothing was sent", act.ErrRefused, *s.Properties.ProvisioningState)
	}
	group, name, err := names(action.Resource, x.Prefix())
	if err != nil {
		return err
	}
	sku := *s.SKU
	sku.Capacity = to.Ptr(int64(want))
	return send(ctx, x.target, action, func(ctx context.Context) (setPoller, error) {
		return x.api.updateSet(ctx, group, name, armcompute.VirtualMachineScaleSetUpdate{SKU: &sku},
			&armcompute.VirtualMachineScaleSetsClientBeginUpdateOptions{IfMatch: s.Etag})
	})
}

// Follow is done when the scale set has the capacity, and its machines are there.
func (x *sets) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	s, err := x.set(ctx, action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	has := replicas(s)
	p := act.Progress{Observed: has}
	underWay, failure := x.target.outcome(ctx, action)
	state := azuresdk.Value(s.Properties.ProvisioningState)
	switch inEffect := has.Covers(action.To); {
	case inEffect && !setBusy(s) && failure == "" && state == succeeded:
		p.Done = true
	case failure != "" && !setBusy(s) && !inEffect:
		p.Failed, p.Note = true, failure
	case inEffect && !setBusy(s):
		p.Failed, p.Note = true, "it shows the new capacity, and Azure did not bring all of its machines up. "+failure
	case underWay || setBusy(s):
		p.UnderWay, p.Note = true, "the scale set is "+state
	}
	return p, nil
}

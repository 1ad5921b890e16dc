package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

// machines are virtual machines: resources "vm/GROUP/NAME", with vCPU and memory by their size. One call changes the size; a machine that runs is
// restarted by it.
type machines struct {
	target *Target
	cfg    Config
	api    calls
	sizes  *sizes
	seen   act.Readings[machine]
}

// Prefix is how names of machines begin.
func (*machines) Prefix() string { return "vm/" }

// machine is what Azure says of one.
type machine struct {
	size    string
	etag    *string
	state   string
	running bool
	stopped bool // it is not running, and nothing is lost with a change
	owner   string
	has     foreshock.Allocation
	offers  []act.Offer // sizes that it may have, where it is
}

func (m machine) busy() bool { return m.state != succeeded && m.state != failed }

// The states of machines and scale sets that are at rest.
const (
	succeeded = "Succeeded"
	failed    = "Failed"
)

func (x *machines) describe(ctx context.Context, resource string) (machine, error) {
	group, name, err := names(resource, x.Prefix())
	if err != nil {
		return machine{}, err
	}
	out, err := x.api.machine(ctx, group, name, &armcompute.VirtualMachinesClientGetOptions{Expand: to.Ptr(armcompute.InstanceViewTypesInstanceView)})
	if err != nil {
		return machine{}, sayable(err)
	}
	if out.Properties == nil {
		return machine{}, fmt.Errorf("%w: Azure shows nothing of the machine", act.ErrNotFound)
	}
	m := machine{size: sizeName(out.VirtualMachine), etag: out.Etag, state: azuresdk.Value(out.Properties.ProvisioningState), owner: ownerOf(out.Properties)}
	if view := out.Properties.InstanceView; view != nil {
		for _, s := range view.Statuses {
			m.running = m.running || azuresdk.Value(s.Code) == "PowerState/running"
			m.stopped = m.stopped || azuresdk.Value(s.Code) == "PowerState/deallocated"
		}
	}
	location := azuresdk.Value(out.Location)
	own, err := x.sizes.get(ctx, location, m.size)
	if err != nil {
		return machine{}, err
	}
	m.has = own.allocation()
	if m.offers, err = x.offers(ctx, group, name, location); err != nil {
		return machine{}, err
	}
	x.seen.Put(resource, m)
	return m, nil
}

// offers are the sizes of vm_sizes that a machine may have without being deallocated, or while it is.
func (x *machines) offers(ctx context.Context, group, name, location string) ([]act.Offer, error) {
	var list []act.Offer
	pages := x.api.available(group, name, nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the sizes that it may have: %w", sayable(err))
		}
		for _, s := range page.Value {
			there := azuresdk.Value(s.Name)
			if !slices.ContainsFunc(x.cfg.Sizes, func(allowed string) bool { return strings.EqualFold(allowed, there) }) {
				continue
			}
			known, err := x.sizes.get(ctx, location, there)
			if err != nil {
				return nil, err
			}
			if o := (act.Offer{Name: there, Has: known.allocation()}); !o.Has.Empty() {
				list = append(list, o)
			}
		}
	}
	return list, nil
}

// ownerOf says who must not find the machine restarted, or "".
func ownerOf(p *armcompute.VirtualMachineProperties) string {
	switch {
	case p.VirtualMachineScaleSet != nil && azuresdk.Value(p.VirtualMachineScaleSet.ID) != "":
		return "the scale set " + azuresdk.Redact(*p.VirtualMachineScaleSet.ID)
	case p.Priority != nil && *p.Priority != armcompute.VirtualMachinePriorityTypesRegular:
		return "the spot market, which may end it,"
	case p.StorageProfile != nil && p.StorageProfile.OSDisk != nil && p.StorageProfile.OSDisk.DiffDiskSettings != nil:
		return "its ephemeral disk, which would be lost with a restart elsewhere,"
	}
	return ""
}

// Read gives no rule to a machine that would have to be restarted and may not be.
func (x *machines) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	m, err := x.describe(ctx, resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	r := foreshock.Resource{Allocated: m.has, Owner: m.owner, Busy: m.busy() || !m.running && !m.stopped}
	if m.stopped || x.cfg.Stop {
		r.Rules = act.OfferRules(m.has, m.offers)
	}
	return r, nil
}

// Validate keeps to the sizes that are allowed.
func (x *machines) Validate(_ foreshock.Resource, action foreshock.Action) error {
	m, err := x.seen.Of(action.Resource)
	if err != nil {
		return err
	}
	_, err = m.change(action)
	return err
}

func (m machine) change(action foreshock.Action) (act.Offer, error) {
	return act.Another(m.offers, "size", m.size, action.To)
}

// Apply looks a last time and asks once, for that state of the machine only that was seen.
func (x *machines) Apply(ctx context.Context, action foreshock.Action) error {
	m, err := x.describe(ctx, action.Resource)
	if err != nil {
		return act.Surely(err)
	}
	if err := act.Unchanged(m.has, action); err != nil {
		return err
	}
	next, err := m.change(action)
	switch {
	case err != nil:
		return err
	case m.owner != "":
		return fmt.Errorf("%w: %s owns the machine; nothing was sent", act.ErrRefused, m.owner)
	case m.busy():
		return fmt.Errorf("%w: the machine is %s; nothing was sent", act.ErrRefused, m.state)
	case !m.stopped && !x.cfg.Stop:
		return fmt.Errorf("%w: the machine would be restarted, and stop_vms does not allow it; nothing was sent", act.ErrRefused)
	}
	group, name, err := names(action.Resource, x.Prefix())
	if err != nil {
		return err
	}
	return send(ctx, x.target, action, func(ctx context.Context) (machinePoller, error) {
		return x.api.updateMachine(ctx, group, name, armcompute.VirtualMachineUpdate{Properties: &armcompute.VirtualMachineProperties{
			HardwareProfile: &armcompute.HardwareProfile{VMSize: to.Ptr(armcompute.VirtualMachineSizeTypes(next.Name))},
		}}, &armcompute.VirtualMachinesClientBeginUpdateOptions{IfMatch: m.etag})
	})
}

// Follow is done when the machine has the size that was to be chosen, and Azure is not at it any more.
func (x *machines) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	m, err := x.describe(ctx, action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: m.has}
	next, err := act.Fitting(m.offers, action.To)
	if err != nil {
		return p, err
	}
	underWay, failure := x.target.outcome(ctx, action)
	switch inEffect := strings.EqualFold(next.Name, m.size); {
	case inEffect && !m.busy() && failure == "":
		p.Done = true
		if !m.running {
			p.Note = "the machine does not run"
		}
	case failure != "" && !m.busy() && !inEffect:
		p.Failed, p.Note = true, failure
	case underWay || m.busy():
		p.UnderWay, p.Note = true, fmt.Sprintf("its size is %s, and it is %s", m.size, m.state)
	}
	return p, nil
}

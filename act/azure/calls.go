package azure

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"

	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

// Shorter names of the SDK's.
type (
	diskPoller    = *runtime.Poller[armcompute.DisksClientUpdateResponse]
	machinePoller = *runtime.Poller[armcompute.VirtualMachinesClientUpdateResponse]
	setPoller     = *runtime.Poller[armcompute.VirtualMachineScaleSetsClientUpdateResponse]
)

// calls are those that are made here. They are kept as functions, so that the linker leaves out the clients' other calls.
type calls struct {
	disk          func(ctx context.Context, group, name string, _ *armcompute.DisksClientGetOptions) (armcompute.DisksClientGetResponse, error)
	updateDisk    func(ctx context.Context, group, name string, _ armcompute.DiskUpdate, _ *armcompute.DisksClientBeginUpdateOptions) (diskPoller, error)
	machine       func(ctx context.Context, group, name string, _ *armcompute.VirtualMachinesClientGetOptions) (armcompute.VirtualMachinesClientGetResponse, error)
	updateMachine func(ctx context.Context, group, name string, _ armcompute.VirtualMachineUpdate, _ *armcompute.VirtualMachinesClientBeginUpdateOptions) (machinePoller, error)
	available     func(group, name string, _ *armcompute.VirtualMachinesClientListAvailableSizesOptions) *runtime.Pager[armcompute.VirtualMachinesClientListAvailableSizesResponse]
	set           func(ctx context.Context, group, name string, _ *armcompute.VirtualMachineScaleSetsClientGetOptions) (armcompute.VirtualMachineScaleSetsClientGetResponse, error)
	updateSet     func(ctx context.Context, group, name string, _ armcompute.VirtualMachineScaleSetUpdate, _ *armcompute.VirtualMachineScaleSetsClientBeginUpdateOptions) (setPoller, error)
	skus          func(*armcompute.ResourceSKUsClientListOptions) *runtime.Pager[armcompute.ResourceSKUsClientListResponse]
	activity      func(filter string, _ *armmonitor.ActivityLogsClientListOptions) *runtime.Pager[armmonitor.ActivityLogsClientListResponse]
	autoscale     func(group string, _ *armmonitor.AutoscaleSettingsClientListByResourceGroupOptions) *runtime.Pager[armmonitor.AutoscaleSettingsClientListByResourceGroupResponse]
}

func newCalls(a azuresdk.Account) (c calls, err error) {
	disks, err := armcompute.NewDisksClient(a.Subscription, a.Credential, a.Options)
	if err != nil {
		return c, err
	}
	machines, err := armcompute.NewVirtualMachinesClient(a.Subscription, a.Credential, a.Options)
	if err != nil {
		return c, err
	}
	sets, err := armcompute.NewVirtualMachineScaleSetsClient(a.Subscription, a.Credential, a.Options)
	if err != nil {
		return c, err
	}
	skus, err := armcompute.NewResourceSKUsClient(a.Subscription, a.Credential, a.Options)
	if err != nil {
		return c, err
	}
	autoscale, err := armmonitor.NewAutoscaleSettingsClient(a.Subscription, a.Credential, a.Options)
	if err != nil {
		return c, err
	}
	activity, err := armmonitor.NewActivityLogsClient(a.Subscription, a.Credential, a.Options)
	if err != nil {
		return c, err
	}
	return calls{
		disk: disks.Get, updateDisk: disks.BeginUpdate, machine: machines.Get, updateMachine: machines.BeginUpdate, available: machines.NewListAvailableSizesPager,
		set: sets.Get, updateSet: sets.BeginUpdate, skus: skus.NewListPager, activity: activity.NewListPager, autoscale: autoscale.NewListByResourceGroupPager,
	}, nil
}

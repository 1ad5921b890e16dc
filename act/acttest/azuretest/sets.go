package azuretest

import (
	"fmt"
	"net/http"
	"strings"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	compute "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8/fake"

	"github.com/foreshock-io/foreshock/act/acttest"
)

// ScaleSet is a scale set of virtual machines.
type ScaleSet struct {
	Capacity int64
	Flexible bool
	Single   bool // one placement group, of 100 machines at most
	Tags     map[string]string

	before  int64
	version int
	course
}

// AddScaleSet puts a scale set there, as "group/name".
func (c *Cloud) AddScaleSet(name string, s ScaleSet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.state = "Succeeded"
	c.sets[name] = &s
}

// ScaleSet gives a copy of a scale set as it is now.
func (c *Cloud) ScaleSet(name string) ScaleSet {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	return *c.sets[name]
}

// ChangeScaleSet changes a scale set behind everybody's back.
func (c *Cloud) ChangeScaleSet(name string, f func(*ScaleSet)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.sets[name]
	f(s)
	s.version++
}

func (c *Cloud) setsServer() *compute.VirtualMachineScaleSetsServer {
	return &compute.VirtualMachineScaleSetsServer{
		Get: gets[armcompute.VirtualMachineScaleSetsClientGetOptions](c, c.set, func(group, name string, s *ScaleSet) armcompute.VirtualMachineScaleSetsClientGetResponse {
			return armcompute.VirtualMachineScaleSetsClientGetResponse{VirtualMachineScaleSet: setModel(group, name, s)}
		}),
		BeginUpdate: begins(c, c.set, c.updateSet, func(group, name string, s *ScaleSet) armcompute.VirtualMachineScaleSetsClientUpdateResponse {
			return armcompute.VirtualMachineScaleSetsClientUpdateResponse{VirtualMachineScaleSet: setModel(group, name, s)}
		}, http.StatusOK),
	}
}

func (c *Cloud) set(group, name string) (*ScaleSet, error) {
	if s := c.sets[strings.ToLower(group+"/"+name)]; s != nil {
		return s, nil
	}
	return nil, &refusal{http.StatusNotFound, "ResourceNotFound", "The scale set was not found."}
}

func (s *ScaleSet) etag() string { return fmt.Sprintf("%q", fmt.Sprint(s.version)) }

func (s *ScaleSet) most() int64 {
	if s.Single {
		return 100
	}
	return 1000
}

func setModel(group, name string, s *ScaleSet) armcompute.VirtualMachineScaleSet {
	mode := armcompute.OrchestrationModeUniform
	if s.Flexible {
		mode = armcompute.OrchestrationModeFlexible
	}
	model := armcompute.VirtualMachineScaleSet{
		Location: to.Ptr(Location), Name: &name, ID: id("virtualMachineScaleSets", group+"/"+name), Etag: to.Ptr(s.etag()), Tags: map[string]*string{},
		SKU:        &armcompute.SKU{Name: to.Ptr("Standard_D2s_v5"), Tier: to.Ptr("Standard"), Capacity: to.Ptr(s.Capacity)},
		Properties: &armcompute.VirtualMachineScaleSetProperties{ProvisioningState: &s.state, OrchestrationMode: &mode, SinglePlacementGroup: &s.Single},
	}
	for k, v := range s.Tags {
		model.Tags[k] = &v
	}
	return model
}

// updateSet keeps the rules of a change of the capacity. The caller holds mu.
func (c *Cloud) updateSet(s *ScaleSet, in armcompute.VirtualMachineScaleSetUpdate, o *armcompute.VirtualMachineScaleSetsClientBeginUpdateOptions) error {
	if o != nil && o.IfMatch != nil && *o.IfMatch != s.etag() {
		return &refusal{http.StatusPreconditionFailed, "PreconditionFailed", "The resource has changed."}
	}
	if s.underWay {
		return &refusal{http.StatusConflict, "OperationNotAllowed", "Another operation on this scale set is in progress."}
	}
	if in.SKU == nil || in.SKU.Capacity == nil || *in.SKU.Capacity < 0 || *in.SKU.Capacity > s.most() {
		return &refusal{http.StatusBadRequest, "InvalidParameter", "The value of parameter sku.capacity is invalid."}
	}
	if c.Mood() == acttest.AcceptsOnly {
		return nil
	}
	s.before, s.Capacity, s.version = s.Capacity, *in.SKU.Capacity, s.version+1 // the model has it at once
	s.course = c.begin()
	return nil
}

// Usage is what is used of a quota.
type Usage struct {
	Current int32
	Limit   int64
}

// SetUsage states a quota, by its name as "standardDSv5Family".
func (c *Cloud) SetUsage(name string, u Usage) { c.mu.Lock(); defer c.mu.Unlock(); c.usages[name] = u }

func (c *Cloud) usageServer() *compute.UsageServer {
	return &compute.UsageServer{NewListPager: func(location string, _ *armcompute.UsageClientListOptions) (resp azfake.PagerResponder[armcompute.UsageClientListResponse]) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, name := range sorted(c.usages) {
			u, list := c.usages[name], armcompute.ListUsagesResult{}
			if location == Location {
				list.Value = append(list.Value, &armcompute.Usage{CurrentValue: &u.Current, Limit: &u.Limit, Unit: to.Ptr("Count"), Name: &armcompute.UsageName{Value: &name}})
			}
			resp.AddPage(http.StatusOK, armcompute.UsageClientListResponse{ListUsagesResult: list}, nil)
		}
		return
	}}
}

package azure

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

// size is what a size of virtual machines can do. What Azure does not tell is 0.
type size struct {
	vcpu, memory     float64 // memory in bytes
	uncached, cached share   // of its disks
}

func (s size) allocation() (a foreshock.Allocation) {
	if s.vcpu > 0 && s.memory > 0 {
		a.Set(foreshock.DimVCPU, s.vcpu)
		a.Set(foreshock.DimMemory, s.memory)
	}
	return a
}

// sizes is what Azure said of the sizes in each location, which hardly ever change.
type sizes struct {
	api calls
	now func() time.Time

	mu    sync.Mutex // guards the rest
	known map[string]map[string]size
	asked map[string]time.Time
}

// askAgain is how long it is believed that there is no size of a name.
const askAgain = time.Hour

// get asks once for the sizes of a location. One that Azure does not know has nothing.
func (x *sizes) get(ctx context.Context, location, name string) (size, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	name = strings.ToLower(name)
	if s, known := x.known[location][name]; known || x.now().Sub(x.asked[location]) < askAgain {
		return s, nil
	}
	list := map[string]size{}
	pages := x.api.skus(&armcompute.ResourceSKUsClientListOptions{Filter: to.Ptr(fmt.Sprintf("location eq '%s'", location))})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return size{}, fmt.Errorf("list the sizes of machines: %w", sayable(err))
		}
		for _, sku := range page.Value {
			if azuresdk.Value(sku.ResourceType) == "virtualMachines" {
				list[strings.ToLower(azuresdk.Value(sku.Name))] = sizeOf(sku)
			}
		}
	}
	if x.known == nil {
		x.known, x.asked = map[string]map[string]size{}, map[string]time.Time{}
	}
	x.known[location], x.asked[location] = list, x.now()
	return list[name], nil
}

func sizeOf(sku *armcompute.ResourceSKU) size {
	s := size{uncached: unbounded, cached: unbounded}
	for _, c := range sku.Capabilities {
		x, err := strconv.ParseFloat(azuresdk.Value(c.Value), 64)
		if err != nil || x <= 0 {
			continue
		}
		switch azuresdk.Value(c.Name) {
		case "vCPUs":
			s.vcpu = x
		case "MemoryGB":
			s.memory = x * gib
		case "UncachedDiskIOPS":
			s.uncached.iops = x
		case "UncachedDiskBytesPerSecond":
			s.uncached.throughput = x
		case "CombinedTempDiskAndCachedIOPS":
			s.cached.iops = x
		case "CombinedTempDiskAndCachedReadBytesPerSecond":
			s.cached.throughput = x
		}
	}
	return s
}

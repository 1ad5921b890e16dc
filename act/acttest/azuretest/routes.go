package azuretest

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	compute "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8/fake"
	monitor "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor/fake"
)

// server is one of Azure's fake servers.
type server interface {
	Do(*http.Request) (*http.Response, error)
}

// route is an operation of the Resource Manager.
type route struct {
	method  string
	path    *regexp.Regexp
	name    string // as the SDK calls it
	right   string // that it needs
	changes bool
	server  func(*Cloud) server
}

const (
	anyName     = `[^/]+`
	inProvider  = `^/subscriptions/` + Subscription + `/providers/Microsoft\.Compute/`
	inGroup     = `^/subscriptions/` + Subscription + `/resourceGroups/` + anyName + `/providers/Microsoft\.Compute/`
	pollSuffix  = "/get/fake/status"
	pageMark    = "/fake_page_"
	pageSuffix  = `(` + pageMark + `\d+)?$`
	diskPath    = inGroup + `disks/` + anyName + `$`
	vmPath      = inGroup + `virtualMachines/` + anyName + `$`
	setPath     = inGroup + `virtualMachineScaleSets/` + anyName + `$`
	ofCompute   = "Microsoft.Compute/"
	ofInsights  = "Microsoft.Insights/"
	clientDisks = "DisksClient."
	clientVMs   = "VirtualMachinesClient."
	clientSets  = "VirtualMachineScaleSetsClient."
)

func disks(c *Cloud) server    { return compute.NewDisksServerTransport(c.disksServer()) }
func machines(c *Cloud) server { return compute.NewVirtualMachinesServerTransport(c.machinesServer()) }

func sets(c *Cloud) server { return compute.NewVirtualMachineScaleSetsServerTransport(c.setsServer()) }

var routes = []route{
	{method: "GET", path: regexp.MustCompile(diskPath), name: clientDisks + "Get", right: ofCompute + "disks/read", server: disks},
	{method: "PATCH", path: regexp.MustCompile(diskPath), name: clientDisks + "BeginUpdate", right: ofCompute + "disks/write", changes: true, server: disks},
	{method: "GET", path: regexp.MustCompile(inProvider + `disks` + pageSuffix), name: clientDisks + "NewListPager", right: ofCompute + "disks/read", server: disks},
	{method: "GET", path: regexp.MustCompile(vmPath), name: clientVMs + "Get", right: ofCompute + "virtualMachines/read", server: machines},
	{method: "PATCH", path: regexp.MustCompile(vmPath), name: clientVMs + "BeginUpdate", right: ofCompute + "virtualMachines/write", changes: true, server: machines},
	{method: "GET", path: regexp.MustCompile(inProvider + `virtualMachines` + pageSuffix), name: clientVMs + "NewListAllPager", right: ofCompute + "virtualMachines/read", server: machines},
	{method: "GET", path: regexp.MustCompile(inGroup + `virtualMachines/` + anyName + `/vmSizes` + pageSuffix), name: clientVMs + "NewListAvailableSizesPager", right: ofCompute + "virtualMachines/vmSizes/read", server: machines},
	{method: "GET", path: regexp.MustCompile(setPath), name: clientSets + "Get", right: ofCompute + "virtualMachineScaleSets/read", server: sets},
	{method: "PATCH", path: regexp.MustCompile(setPath), name: clientSets + "BeginUpdate", right: ofCompute + "virtualMachineScaleSets/write", changes: true, server: sets},
	{method: "GET", path: regexp.MustCompile(inProvider + `skus` + pageSuffix), name: "ResourceSKUsClient.NewListPager", right: ofCompute + "skus/read", server: func(c *Cloud) server {
		return compute.NewResourceSKUsServerTransport(c.sizesServer())
	}},
	{method: "GET", path: regexp.MustCompile(inProvider + `locations/` + anyName + `/usages` + pageSuffix), name: "UsageClient.NewListPager", right: ofCompute + "locations/usages/read", server: func(c *Cloud) server {
		return compute.NewUsageServerTransport(c.usageServer())
	}},
	{method: "GET", path: regexp.MustCompile(`/providers/Microsoft\.Insights/metrics$`), name: "MetricsClient.List", right: ofInsights + "metrics/read", server: func(c *Cloud) server {
		return monitor.NewMetricsServerTransport(c.metricsServer())
	}},
	{method: "GET", path: regexp.MustCompile(`/providers/Microsoft\.Insights/eventtypes/management/values` + pageSuffix), name: "ActivityLogsClient.NewListPager", right: ofInsights + "eventtypes/values/read", server: func(c *Cloud) server {
		return monitor.NewActivityLogsServerTransport(c.activityServer())
	}},
	{method: "GET", path: regexp.MustCompile(`(?i)/providers/Microsoft\.Insights/autoscalesettings` + pageSuffix), name: "AutoscaleSettingsClient.NewListByResourceGroupPager", right: ofInsights + "autoscalesettings/read", server: func(c *Cloud) server {
		return monitor.NewAutoscaleSettingsServerTransport(c.autoscaleServer())
	}},
}

// routeOf finds the operation of a call. How a long-running one goes is asked for below its path.
func routeOf(r *http.Request) (route, bool) {
	method, path := r.Method, r.URL.Path
	poll := strings.HasSuffix(path, pollSuffix)
	if poll {
		method, path = http.MethodPatch, strings.TrimSuffix(path, pollSuffix)
	}
	for _, known := range routes {
		if known.method == method && known.path.MatchString(path) {
			if poll {
				known.changes, known.right = false, ofCompute+"locations/operations/read"
				if strings.HasPrefix(known.name, clientDisks) {
					known.right = ofCompute + "locations/diskOperations/read"
				}
			}
			return known, true
		}
	}
	return route{}, false
}

// serverOf is the fake server for a call. They keep what is long-running, or goes on on another page, by its path: so that each new call of that kind
// gets a server of its own, and what belongs to it goes there, too.
func (c *Cloud) serverOf(r *http.Request, call route) server {
	path, page, _ := strings.Cut(strings.TrimSuffix(r.URL.Path, pollSuffix), pageMark)
	key := call.name + " " + path
	if page == "" && !strings.HasSuffix(r.URL.Path, pollSuffix) {
		s := call.server(c)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.servers[key] = s
		return s
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.servers[key]; s != nil {
		return s
	}
	return call.server(c)
}

// asCalled is a call as the fake servers know it from the SDK.
func asCalled(r *http.Request, call route) *http.Request {
	r = r.WithContext(context.WithValue(r.Context(), runtime.CtxAPINameKey{}, call.name))
	r.URL.Scheme, r.URL.Host = "http", r.Host
	return r
}

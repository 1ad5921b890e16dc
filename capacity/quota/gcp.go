package quota

import (
	"context"
	"fmt"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/foreshock-io/foreshock/providers/gcpsdk"
)

// gcpProject is the regions of Compute Engine.
type gcpProject struct {
	project string
	regions *compute.RegionsClient
}

func newGCP(project, endpoint string) (*gcpProject, error) {
	a, err := gcpsdk.Load(project, endpoint, gcpsdk.ReadOnly)
	if err != nil {
		return nil, err
	}
	c, err := compute.NewRegionsRESTClient(context.Background(), a.Options()...)
	if err != nil {
		return nil, fmt.Errorf("the SDK's settings: %s", gcpsdk.Text(err))
	}
	return &gcpProject{a.Project, c}, nil
}

// state asks for a quota of a region. Compute Engine counts all that there is, whoever was granted it.
func (g *gcpProject) state(ctx context.Context, q Quota) (state, error) {
	region, err := g.regions.Get(ctx, &computepb.GetRegionRequest{Project: g.project, Region: q.Location})
	if err != nil {
		return state{}, fmt.Errorf("quota %s (%s in %s): %s", q.Name, q.Metric, q.Location, gcpsdk.Text(err))
	}
	for _, is := range region.GetQuotas() {
		if is.GetMetric() == q.Metric && is.Limit != nil && is.Usage != nil {
			return state{total: is.GetLimit() * q.Unit, used: is.GetUsage() * q.Unit, whoever: true}, nil
		}
	}
	return state{}, fmt.Errorf("quota %s: there is no metric %s in %s", q.Name, q.Metric, q.Location)
}

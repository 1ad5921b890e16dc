package quota

import (
	"context"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"

	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

// azureAccount is the usages of a subscription. Its call is kept as a function, so that the linker leaves out the client's other ones.
type azureAccount struct {
	usages func(location string, _ *armcompute.UsageClientListOptions) *runtime.Pager[armcompute.UsageClientListResponse]
}

func newAzure(subscription, endpoint string) (*azureAccount, error) {
	a, err := azuresdk.Load(subscription, endpoint)
	if err != nil {
		return nil, err
	}
	c, err := armcompute.NewUsageClient(a.Subscription, a.Credential, a.Options)
	if err != nil {
		return nil, fmt.Errorf("the SDK's clients: %s", azuresdk.Text(err))
	}
	return &azureAccount{usages: c.NewListPager}, nil
}

// state asks for a usage. Azure counts all that there is, whoever was granted it.
func (a *azureAccount) state(ctx context.Context, q Quota) (state, error) {
	pages := a.usages(q.Location, nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return state{}, fmt.Errorf("quota %s (%s in %s): %s", q.Name, q.Usage, q.Location, azuresdk.Text(err))
		}
		for _, u := range page.Value {
			if u.Name != nil && strings.EqualFold(azuresdk.Value(u.Name.Value), q.Usage) && u.Limit != nil && u.CurrentValue != nil {
				return state{total: float64(*u.Limit) * q.Unit, used: float64(*u.CurrentValue) * q.Unit, whoever: true}, nil
			}
		}
	}
	return state{}, fmt.Errorf("quota %s: there is no usage %s in %s", q.Name, q.Usage, q.Location)
}

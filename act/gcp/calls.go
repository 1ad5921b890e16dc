package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	compute "cloud.google.com/go/compute/apiv1"
	"google.golang.org/api/option"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers/gcpsdk"
)

// clients are those of the parts of Compute Engine that are called here. The SDK tries what reads again, and never what changes something.
type clients struct {
	disks            *compute.DisksClient
	regionDisks      *compute.RegionDisksClient
	instances        *compute.InstancesClient
	types            *compute.MachineTypesClient
	groups           *compute.InstanceGroupManagersClient
	regionGroups     *compute.RegionInstanceGroupManagersClient
	scalers          *compute.AutoscalersClient
	regionScalers    *compute.RegionAutoscalersClient
	operations       *compute.ZoneOperationsClient
	regionOperations *compute.RegionOperationsClient
}

func newClients(a gcpsdk.Account) (c clients, err error) {
	options := a.Options()
	return c, errors.Join(
		client(&c.disks, compute.NewDisksRESTClient, options),
		client(&c.regionDisks, compute.NewRegionDisksRESTClient, options),
		client(&c.instances, compute.NewInstancesRESTClient, options),
		client(&c.types, compute.NewMachineTypesRESTClient, options),
		client(&c.groups, compute.NewInstanceGroupManagersRESTClient, options),
		client(&c.regionGroups, compute.NewRegionInstanceGroupManagersRESTClient, options),
		client(&c.scalers, compute.NewAutoscalersRESTClient, options),
		client(&c.regionScalers, compute.NewRegionAutoscalersRESTClient, options),
		client(&c.operations, compute.NewZoneOperationsRESTClient, options),
		client(&c.regionOperations, compute.NewRegionOperationsRESTClient, options),
	)
}

func client[C any](to **C, make func(context.Context, ...option.ClientOption) (*C, error), options []option.ClientOption) (err error) {
	*to, err = make(context.Background(), options...)
	return err
}

// once sends a change, and says what is known of it.
func (t *Target) once(ctx context.Context, call func(context.Context) error) error {
	if err := t.account.Ready(ctx); err != nil {
		return act.Surely(sayable(err))
	}
	return act.Send(ctx, call, sayable)
}

// kindOf is what reasons mean of which the status does not tell it.
var kindOf = map[string]error{
	"rateLimitExceeded":     act.ErrThrottled,
	"userRateLimitExceeded": act.ErrThrottled,
	"quotaExceeded":         act.ErrRefused, // the project's quota of what would be had
	"limitExceeded":         act.ErrRefused,
}

// meaning is what an answer means for a change; nil: it is not known what came of it.
func meaning(status int, reason string) error {
	if kind := kindOf[reason]; kind != nil {
		return kind
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return act.ErrDenied
	case status == http.StatusNotFound:
		return act.ErrNotFound
	case status == http.StatusTooManyRequests:
		return act.ErrThrottled
	case status/100 == 4 && status != http.StatusRequestTimeout:
		return act.ErrRefused
	}
	return nil
}

// sayable makes an error of what the SDK says that may stand in logs, wrapping what it means.
func sayable(err error) error {
	if err == nil {
		return nil
	}
	text := gcpsdk.Text(err)
	kind := meaning(gcpsdk.Status(err))
	switch {
	case gcpsdk.NoToken(err):
		return fmt.Errorf("%w: %s; state application default credentials, for example GOOGLE_APPLICATION_CREDENTIALS", act.ErrDenied, text)
	case kind == nil:
		return fmt.Errorf("%s", text)
	case kind == act.ErrDenied: //nolint:errorlint // it is one of those above
		text += "; the rights that are needed are in act/gcp/README.md"
	}
	return fmt.Errorf("%w: %s", kind, text)
}

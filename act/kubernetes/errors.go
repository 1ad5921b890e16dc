package kubernetes

import (
	"fmt"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/kube"
)

// meaning wraps an error of the API server as what it is for a target; what comes of a request that was not answered is not known.
func meaning(err error) error {
	kinds := map[kube.Fault]error{
		kube.Rejected: act.ErrRefused, kube.Missing: act.ErrNotFound, kube.Throttled: act.ErrThrottled, kube.Forbidden: act.ErrDenied,
	}
	if kind, sure := kinds[kube.FaultOf(err)]; sure && err != nil {
		return fmt.Errorf("%w: %w", kind, err)
	}
	return err
}

package libvirt

import (
	"errors"
	"fmt"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
)

// kinds says what the daemon's errors are for a target. They all come before anything is changed: what fails while it is done is an
// internal error, a failed operation or an error of the system, of which only reading can tell what came.
var kinds = []struct {
	kind  error
	codes []rpc.ErrorNumber
}{
	{act.ErrNotFound, []rpc.ErrorNumber{rpc.ErrNoDomain}},
	{act.ErrDenied, []rpc.ErrorNumber{rpc.ErrOperationDenied, rpc.ErrAccessDenied, rpc.ErrAuthFailed, rpc.ErrAuthCancelled, rpc.ErrAuthUnavailable}},
	{act.ErrRefused, []rpc.ErrorNumber{
		rpc.ErrInvalidArg, rpc.ErrOperationInvalid, rpc.ErrOperationUnsupported, rpc.ErrConfigUnsupported, rpc.ErrArgumentUnsupported, rpc.ErrNoSupport,
		rpc.ErrOperationTimeout, // another one holds the domain's lock
		rpc.ErrResourceBusy, rpc.ErrBlockCopyActive, rpc.ErrOverflow,
	}},
}

// kind wraps an error of libvirt as what it is for a target.
func kind(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, rpc.ErrUnsupported) {
		return fmt.Errorf("%w: this libvirt is too old: %w", act.ErrRefused, err)
	}
	for _, k := range kinds {
		if libvirt.IsCode(err, k.codes...) {
			return fmt.Errorf("%w: %w", k.kind, err)
		}
	}
	return err
}

package azure

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

// kindOf is what an answer of the Resource Manager means for a change; nil where it is not known what came of it. A policy or a lock that
// forbids a change is no lack of rights.
func kindOf(status int, code string) error {
	switch {
	case code == "RequestDisallowedByPolicy" || code == "ScopeLocked":
		return act.ErrRefused
	case status == http.StatusTooManyRequests:
		return act.ErrThrottled
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return act.ErrDenied
	case status == http.StatusNotFound || status == http.StatusGone:
		return act.ErrNotFound
	case status == http.StatusRequestTimeout:
		return nil
	case status/100 == 4:
		return act.ErrRefused
	}
	return nil
}

// sayable makes an error of what the SDK says that may stand in logs, wrapping what it means.
func sayable(err error) error {
	if err == nil {
		return nil
	}
	text, kind := azuresdk.Text(err), kindOf(azuresdk.Status(err))
	switch {
	case kind == nil:
		return errors.New(text)
	case errors.Is(kind, act.ErrDenied):
		text += "; the rights that are needed are in act/azure/README.md"
	}
	return fmt.Errorf("%w: %s", kind, text)
}

package aws

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers/awssdk"
)

// kindOf is what a code of the services means for a change. Codes that are not here mean that it was refused where the status is 4xx; else
// it is not known what came of it.
var kindOf = map[string]error{
	"RequestLimitExceeded":         act.ErrThrottled,
	"Throttling":                   act.ErrThrottled,
	"ThrottlingException":          act.ErrThrottled,
	"ThrottledException":           act.ErrThrottled,
	"RequestThrottled":             act.ErrThrottled,
	"RequestThrottledException":    act.ErrThrottled,
	"TooManyRequestsException":     act.ErrThrottled,
	"EC2ThrottledException":        act.ErrThrottled,
	"UnauthorizedOperation":        act.ErrDenied,
	"AccessDenied":                 act.ErrDenied,
	"AccessDeniedException":        act.ErrDenied,
	"NotAuthorized":                act.ErrDenied,
	"AuthFailure":                  act.ErrDenied,
	"InvalidClientTokenId":         act.ErrDenied,
	"UnrecognizedClientException":  act.ErrDenied,
	"SignatureDoesNotMatch":        act.ErrDenied,
	"IncompleteSignature":          act.ErrDenied,
	"MissingAuthenticationToken":   act.ErrDenied,
	"ExpiredToken":                 act.ErrDenied,
	"ExpiredTokenException":        act.ErrDenied,
	"RequestExpired":               act.ErrDenied,
	"OptInRequired":                act.ErrDenied,
	"InvalidVolume.NotFound":       act.ErrNotFound,
	"InvalidVolumeID.Malformed":    act.ErrNotFound,
	"InvalidParameterValue.Volume": act.ErrNotFound,
	"InvalidInstanceID.NotFound":   act.ErrNotFound,
	"InvalidInstanceID.Malformed":  act.ErrNotFound,
	"DBInstanceNotFound":           act.ErrNotFound,
	"DBInstanceNotFoundFault":      act.ErrNotFound,
	"InsufficientVolumeCapacity":   act.ErrRefused,
	"InsufficientInstanceCapacity": act.ErrRefused,
}

// sayable makes an error of what the SDK says that may stand in logs, wrapping what it means.
func sayable(err error) error {
	if err == nil {
		return nil
	}
	text, kind := awssdk.Text(err), kindOf[awssdk.Code(err)]
	var answer *smithyhttp.ResponseError
	if kind == nil && awssdk.Code(err) != "" && errors.As(err, &answer) && answer.HTTPStatusCode()/100 == 4 {
		kind = act.ErrRefused
	}
	switch {
	case kind == nil:
		return errors.New(text)
	case errors.Is(kind, act.ErrDenied):
		text += "; the rights that are needed are in act/aws/README.md"
	}
	return fmt.Errorf("%w: %s", kind, text)
}

// once sends a change, and says what is known of it. The call must not be tried again by the SDK.
func (t *Target) once(ctx context.Context, call func(context.Context) error) error {
	if t.sdk.Credentials == nil {
		return fmt.Errorf("%w: the SDK finds no credentials", act.ErrDenied)
	}
	if _, err := t.sdk.Credentials.Retrieve(ctx); err != nil {
		return fmt.Errorf("%w: the SDK finds no credentials: %s", act.ErrDenied, awssdk.Text(err))
	}
	return act.Send(ctx, call, sayable)
}

// noRetry keeps the SDK from sending a change again.
var noRetry = sdk.NopRetryer{}

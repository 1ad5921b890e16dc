package gcpsdk

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"cloud.google.com/go/auth"
	"google.golang.org/api/googleapi"

	"github.com/foreshock-io/foreshock"
)

var errNoCredentials = errors.New("no application default credentials")

// NoToken says that an error is that there are no credentials, or that they give no token.
func NoToken(err error) bool {
	var refused *auth.Error
	return errors.Is(err, errNoCredentials) || errors.As(err, &refused)
}

// Status is the HTTP status with which Google answered, or 0, and the reason of the error, or "".
func Status(err error) (status int, reason string) {
	var answer *googleapi.Error
	if !errors.As(err, &answer) {
		return 0, ""
	}
	if len(answer.Errors) > 0 {
		reason = answer.Errors[0].Reason
	}
	return answer.Code, reason
}

// Text is what may be told of an error of the SDK: the status and the words of Google, or what kept it from being asked.
func Text(err error) string {
	var answer *googleapi.Error
	if errors.As(err, &answer) {
		_, reason := Status(err)
		if reason == "" {
			return Redact(fmt.Sprintf("%d: %s", answer.Code, answer.Message))
		}
		return Redact(fmt.Sprintf("%d %s: %s", answer.Code, reason, answer.Message))
	}
	var call *url.Error
	if errors.As(err, &call) { // without the address
		err = call.Err
	}
	return Redact(err.Error())
}

// secret is what looks like a credential: access and refresh tokens, signed tokens, keys of APIs and of clients, private keys.
var secret = regexp.MustCompile(`ya29\.[\w./+=-]+|\b1//[\w-]{10,}|eyJ[\w-]+(\.[\w-]*){0,2}|AIza[\w-]{20,}|GOCSPX-[\w-]+|-----BEGIN[^-]*-----[\w\s+/=\\]*(-----END[^-]*-----)?`)

// Redact is text from outside as it may stand in logs: one line of a bounded length, without what looks like a credential.
func Redact(s string) string { return foreshock.OneLine(secret.ReplaceAllString(s, "…")) }

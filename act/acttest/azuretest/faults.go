package azuretest

import (
	"net/http"

	"github.com/foreshock-io/foreshock/act/acttest"
)

// Call is a change that was asked for, right or wrong.
type Call struct {
	Path, Body string
	IfMatch    string
}

// change lets a change go as the mood is. FailingLater and AcceptsOnly are what is behind the fake servers.
func (c *Cloud) change(w http.ResponseWriter, r *http.Request, call route) {
	body, ok := acttest.Body(w, r)
	if !ok {
		return
	}
	next := func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, call) }
	c.Change(w, r, Call{r.URL.Path, body, r.Header.Get("If-Match")}, next, moody)
}

func moody(w http.ResponseWriter, mood acttest.Mood) {
	switch mood {
	case acttest.Throttling:
		w.Header().Set("Retry-After", "1")
		say(w, &refusal{http.StatusTooManyRequests, "TooManyRequests", "The request is being throttled."})
	case acttest.Denying:
		say(w, &refusal{http.StatusForbidden, "AuthorizationFailed", "The client does not have authorization to perform action; token " + Token})
	case acttest.InConflict:
		say(w, &refusal{http.StatusConflict, "Conflict", "Another operation on this resource is in progress."})
	default:
		say(w, &refusal{http.StatusInternalServerError, "InternalServerError", "Encountered an internal server error."})
	}
}

package gcptest

import (
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/foreshock-io/foreshock/act/acttest"
)

// Request is a change that was asked for: method, path below the project with its query, and body.
type Request struct{ Method, Path, Body string }

// Faults passes calls on, and lets those that change something go wrong in a mood. FailingLater and AcceptsOnly are the next handler's to do. It is safe for
// concurrent use.
type Faults struct {
	*acttest.Faults[Request]
	next http.Handler
	only atomic.Value // string
}

// NewFaults passes calls to next.
func NewFaults(next http.Handler) *Faults {
	f := &Faults{Faults: acttest.NewFaults[Request](), next: next}
	f.Only("")
	return f
}

// Only lets changes pass, uncounted, whose path does not end with verb.
func (f *Faults) Only(verb string) { f.only.Store(verb) }

// ServeHTTP answers one call.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || !strings.HasSuffix(r.URL.Path, f.only.Load().(string)) {
		f.next.ServeHTTP(w, r)
		return
	}
	body, ok := acttest.Body(w, r)
	if !ok {
		return
	}
	change := Request{r.Method, strings.TrimPrefix(r.URL.RequestURI(), "/compute/v1/projects/"+Project+"/"), body}
	credentials := r.Header.Get("Authorization")
	f.Change(w, r, change, f.next.ServeHTTP, func(w http.ResponseWriter, mood acttest.Mood) { moody(w, mood, credentials) })
}

// moody repeats the caller's credentials, as no log may.
func moody(w http.ResponseWriter, mood acttest.Mood, credentials string) {
	switch mood {
	case acttest.Throttling:
		say(w, &refusal{http.StatusForbidden, "rateLimitExceeded", "Rate Limit Exceeded"})
	case acttest.Denying:
		say(w, &refusal{http.StatusForbidden, "forbidden", "Required 'compute.disks.update' permission; Authorization: " + credentials})
	case acttest.InConflict:
		say(w, &refusal{http.StatusConflict, "resourceInUseByAnotherResource", "another change came first"})
	default:
		say(w, &refusal{http.StatusInternalServerError, "backendError", "Internal error"})
	}
}

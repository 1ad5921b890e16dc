package awstest

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/foreshock-io/foreshock/act/acttest"
)

// Faults passes calls on, and lets those that change something go wrong in a mood; a change is told with its parameters. FailingLater and AcceptsOnly are
// the next handler's to do. It is safe for concurrent use.
type Faults struct {
	*acttest.Faults[url.Values]
	next    http.Handler
	actions []string
}

// NewFaults passes calls to next. The actions named, as "ModifyVolume", change something.
func NewFaults(next http.Handler, actions ...string) *Faults {
	return &Faults{Faults: acttest.NewFaults[url.Values](), next: next, actions: actions}
}

// ServeHTTP answers one call.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := acttest.Body(w, r)
	if !ok {
		return
	}
	form, _ := url.ParseQuery(body)
	if !slices.Contains(f.actions, form.Get("Action")) {
		f.next.ServeHTTP(w, r)
		return
	}
	f.Change(w, r, form, f.next.ServeHTTP, moody)
}

func moody(w http.ResponseWriter, mood acttest.Mood) {
	switch mood {
	case acttest.Throttling:
		say(w, http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded.")
	case acttest.Denying:
		say(w, http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. Encoded authorization failure message: "+strings.Repeat("Zm9yZXNo", 60))
	case acttest.InConflict:
		say(w, http.StatusBadRequest, "IncorrectState", "another change came first")
	default:
		say(w, http.StatusInternalServerError, "InternalError", "An internal error has occurred")
	}
}

// say answers with an error in the forms of EC2 and of the other services of the query protocol.
func say(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	type fault struct {
		Code    string `xml:"Code"`
		Message string `xml:"Message"`
	}
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"Response"`
		EC2     fault    `xml:"Errors>Error"`
		Other   fault    `xml:"Error"`
		ID      string   `xml:"RequestID"`
	}{EC2: fault{code, message}, Other: fault{code, message}, ID: "awstest"})
}

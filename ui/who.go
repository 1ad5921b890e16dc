package ui

import (
	"errors"
	"net/http"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/pipeline"
)

// Guard says who may do what; [api.Access] does.
type Guard interface {
	// Require lets a request pass that may do what role may; it refuses what another site has sent.
	Require(role api.Role, next http.Handler) http.Handler
	// May says whether whoever sent a request may do what role may.
	May(r *http.Request, role api.Role) bool
}

// who is whoever looks at a page.
type who struct{ Approve, Admin bool }

func (s *site) who(r *http.Request) who {
	return who{Approve: s.guard.May(r, api.Approve), Admin: s.guard.May(r, api.Admin)}
}

// errNotFound says that a page or what it is about is not there.
var errNotFound = errors.New("there is nothing here")

// status is the HTTP status of an error.
func status(err error) int {
	var f *api.Fault
	switch {
	case errors.As(err, &f):
		return f.Status
	case errors.Is(err, act.ErrNotFound), errors.Is(err, errNotFound):
		return http.StatusNotFound
	case errors.Is(err, act.ErrConflict):
		return http.StatusConflict
	case errors.Is(err, pipeline.ErrStopping):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

package ui

import (
	"errors"
	"net/http"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/api/problem"
	"github.com/foreshock-io/foreshock/pipeline"
)

// who is whoever looks at a page.
type who struct {
	Name           string // "" where nobody can sign in
	Approve, Admin bool
}

func (s *site) who(r *http.Request) who {
	c := access.Of(r)
	w := who{Approve: c.May(access.Approve), Admin: c.May(access.Admin)}
	if !s.open {
		w.Name = c.Name
	}
	return w
}

// errNotFound says that a page or what it is about is not there.
var errNotFound = errors.New("there is nothing here")

// status is the HTTP status of an error.
func status(err error) int {
	var f *problem.Problem
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

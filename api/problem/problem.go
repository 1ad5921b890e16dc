// Package problem is how the API says what went wrong: application/problem+json (RFC 9457).
package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// ContentType is that of an answer that tells of a problem.
const ContentType = "application/problem+json"

// Problem is an error with its HTTP status. Its kind is its status: it has no type of its own, which RFC 9457 reads as about:blank.
type Problem struct {
	Title  string `json:"title"` // the status in words
	Status int    `json:"status"`
	Detail string `json:"detail"` // what went wrong, and what to do
}

func (p *Problem) Error() string { return p.Detail }

// New makes a problem.
func New(status int, format string, args ...any) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

// Write answers with the problem that err is; any other error is one of this program's own, status 500.
func Write(w http.ResponseWriter, err error) {
	var p *Problem
	if !errors.As(err, &p) {
		p = New(http.StatusInternalServerError, "%s", err)
	}
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(p)
}

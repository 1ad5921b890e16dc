package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api/problem"
	"github.com/foreshock-io/foreshock/pipeline"
)

// page is a part of a list, with the cursor of the next part; "": there is none.
type page struct {
	items any
	next  string
}

// answer writes what f gives as JSON, and errors as problems.
func answer(f func(r *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		value, err := f(r)
		if err != nil {
			problem.Write(w, problemOf(err))
			return
		}
		if p, isPage := value.(page); isPage {
			value = p.items
			if p.next != "" {
				w.Header().Set("Link", fmt.Sprintf("<%s>; rel=\"next\"", nextPage(r.URL, p.next)))
			}
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(value); err != nil {
			problem.Write(w, err)
			return
		}
		writeJSON(w, r, b.Bytes())
	})
}

// nextPage is the address of the page that begins at a cursor.
func nextPage(u *url.URL, cursor string) string {
	q := u.Query()
	q.Set("cursor", cursor)
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: q.Encode()}).String()
}

// writeJSON writes an answer; to a GET that has it already, that it has not changed.
func writeJSON(w http.ResponseWriter, r *http.Request, text []byte) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Cache-Control", "no-store")
	} else {
		tag := fmt.Sprintf(`"%016x"`, xxhash.Sum64(text))
		h.Set("Cache-Control", "private, no-cache") // to be asked for anew each time, by the tag
		h.Set("ETag", tag)
		if matches(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

// matches says whether a tag is among those of If-None-Match.
func matches(list, tag string) bool {
	for _, one := range strings.Split(list, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}

// problemOf gives an error of the program its status.
func problemOf(err error) error {
	var p *problem.Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, act.ErrNotFound):
		return problem.New(http.StatusNotFound, "%s", err)
	case errors.Is(err, act.ErrConflict):
		return problem.New(http.StatusConflict, "%s", err)
	case errors.Is(err, pipeline.ErrStopping):
		return problem.New(http.StatusServiceUnavailable, "%s", err)
	}
	return err
}

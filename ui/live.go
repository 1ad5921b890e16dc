package ui

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"net/http"
	"time"
)

const (
	renewEvery = 2 * time.Second
	beatEvery  = 15 * time.Second // something is sent at least so often, so that a connection that is gone is noticed
	writeFor   = 10 * time.Second // a reader that takes longer is gone
)

// renewed is a part of a page as it is now.
type renewed struct {
	ID   string `json:"id"`
	HTML string `json:"html"`
}

// follow sends the parts of a page that have changed as server-sent events, until the reader goes or the program stops.
func (s *site) follow(p *page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.streams <- struct{}{}:
			defer func() { <-s.streams }()
		default:
			w.Header().Set("Retry-After", "60")
			http.Error(w, "too many follow pages already; load the page again to renew it", http.StatusServiceUnavailable)
			return
		}
		secure(w.Header())
		w.Header().Set("Content-Type", "text/event-stream")
		http.StripPrefix("/live", &stream{site: s, page: p, sent: map[string]uint64{}}).ServeHTTP(w, r)
	})
}

// stream is a page that is followed.
type stream struct {
	site   *site
	page   *page
	sent   map[string]uint64 // hash of each part as it was sent
	last   time.Time
	writer http.ResponseWriter
	limits *http.ResponseController
}

var seed = maphash.MakeSeed()

func (t *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.writer, t.limits = w, http.NewResponseController(w)
	_ = t.limits.SetReadDeadline(time.Time{}) // that of the server is meant for requests that end
	r.RequestURI = r.URL.RequestURI()
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		if t.round(r) != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

// round sends what has changed.
func (t *stream) round(r *http.Request) error {
	data, err := t.page.data(t.site, r)
	if err != nil {
		return err
	}
	f := t.site.frame(t.page, r)
	f.Data = data
	for _, name := range append([]string{"frame"}, t.page.parts...) {
		html, err := t.page.part(name, &f)
		if err != nil {
			return err
		}
		if hash := maphash.String(seed, html); t.sent[name] != hash {
			t.sent[name] = hash
			if err := t.send(&renewed{name, html}); err != nil {
				return err
			}
		}
	}
	if time.Since(t.last) > beatEvery {
		return t.write(": still here\n\n")
	}
	return nil
}

func (t *stream) send(part *renewed) error {
	data, err := json.Marshal(part)
	if err != nil {
		return err
	}
	return t.write(fmt.Sprintf("event: part\ndata: %s\n\n", data))
}

func (t *stream) write(s string) error {
	t.last = time.Now()
	_ = t.limits.SetWriteDeadline(t.last.Add(writeFor))
	if _, err := t.writer.Write([]byte(s)); err != nil {
		return err
	}
	return t.limits.Flush()
}

// Package ui serves the pages that people keep open: drawn on the server, readable without scripts, and with nothing from elsewhere.
//
// A page is a template and the data it shows. Some of its elements are parts, which the server sends anew when they have changed
// (live.go); a script puts them in their place. What people do is a form (forms.go).
package ui

import (
	"embed"
	"net/http"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/ui/chart"
)

//go:embed static pages
var files embed.FS

// site is all pages of a program.
type site struct {
	program api.Program
	open    bool          // nobody is asked who he is
	streams chan struct{} // a place for each that may follow a page
}

// page is one page. Its template file has the parts by their names.
type page struct {
	name    string // of its file, without .html, and of its place in the navigation
	pattern string // of its address
	parts   []string
	data    func(s *site, r *http.Request) (any, error)
}

var allPages = []page{
	{name: "fleet", pattern: "/{$}", parts: []string{"fleet"}, data: fleetData},
	{name: "workload", pattern: "/workloads/{id...}", parts: []string{"head", "charts", "now", "story"}, data: workloadData},
	{name: "decisions", pattern: "/decisions", parts: []string{"story"}, data: decisionsData},
	{name: "decision", pattern: "/decisions/{seq}", data: decisionData},
	{name: "approvals", pattern: "/approvals", parts: []string{"open", "over"}, data: approvalsData},
	{name: "policies", pattern: "/policies", data: policiesData},
	{name: "capacity", pattern: "/capacity", parts: []string{"capacity"}, data: capacityData},
	{name: "status", pattern: "/status", parts: []string{"status"}, data: statusData},
}

// mostStreams bounds how many follow pages at once; the others see the page as it was when they asked.
const mostStreams = 64

// Register serves the pages of p.
func Register(m *access.Mux, p api.Program) {
	s := &site{program: p, open: m.Guard().Open(), streams: make(chan struct{}, mostStreams)}
	for i := range allPages {
		page := &allPages[i]
		m.Handle("GET "+page.pattern, access.Read, s.serve(page))
		if len(page.parts) > 0 {
			m.Handle("GET /live"+page.pattern, access.Read, s.follow(page))
		}
	}
	for pattern, f := range forms {
		m.Handle("POST "+pattern, access.Approve, s.form(f))
	}
	m.Public("GET /static/charts.css", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write([]byte(chart.Style))
	}))
	m.Public("GET /static/", unchanging(http.FileServerFS(files)))
}

// unchanging lets browsers keep a file for a while: it comes with the program.
func unchanging(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, max-age=60")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// frame is what every page shows around what it is about.
type frame struct {
	Page    string // its name
	Live    string // where its parts come from; "" where nothing is renewed
	Self    string // its address, for forms to come back to
	Told    string // what the last form came to
	Who     who
	Mode    foreshock.Mode
	Pauses  []foreshock.Pause
	Waiting int // actions that wait for a person
	Version string
	Now     time.Time
	Data    any
}

func (s *site) frame(p *page, r *http.Request) frame {
	status := s.program.Status()
	f := frame{
		Page: p.name, Self: r.URL.RequestURI(), Who: s.who(r), Mode: status.Mode, Pauses: status.Pauses, Version: status.Version, Now: time.Now().UTC(),
	}
	if len(p.parts) > 0 {
		f.Live = "/live" + r.URL.RequestURI()
	}
	for _, a := range s.program.Actions() {
		if a.State == foreshock.Proposed || a.State == foreshock.Parked {
			f.Waiting++
		}
	}
	return f
}

// Package ui serves the pages that people look at: server-rendered, without anything from elsewhere.
package ui

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/pipeline"
)

//go:embed static
var static embed.FS

//go:embed status.html workload.html
var pages embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"metric": func(v foreshock.Values, name string) string {
		var m foreshock.Metric
		if m.UnmarshalText([]byte(name)) != nil {
			return ""
		}
		x, ok := v.Get(m)
		if !ok {
			return "–"
		}
		return foreshock.FormatMetric(m, x)
	},
	"normal": func(v pipeline.View) string {
		s, ok := v.Normal(foreshock.Latency)
		if !ok {
			return "–"
		}
		return foreshock.FormatMetric(foreshock.Latency, s.P50)
	},
	"clock": func(t time.Time) string {
		if t.IsZero() {
			return "–"
		}
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	},
	"moment":   func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"sentence": func(e foreshock.Event) string { return api.Sentence(&e) },
}).ParseFS(pages, "*.html"))

// Handler serves the pages of p.
func Handler(p api.Program, access *api.Access) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", access.Require(api.Read, page("status.html", func(r *http.Request) (any, error) {
		list, err := p.Workloads(r.Context())
		return map[string]any{"Workloads": list, "Status": p.Status(), "Events": newestFirst(p.Events(api.Query{Limit: 40})), "Now": time.Now()}, err
	})))
	mux.Handle("GET /workloads/{id...}", access.Require(api.Read, page("workload.html", func(r *http.Request) (any, error) {
		id := foreshock.ID(r.PathValue("id"))
		d, ok, err := p.Workload(r.Context(), id)
		if err != nil || !ok {
			return nil, err
		}
		at, err := api.Moment("at", r.URL.Query().Get("at"))
		if err != nil {
			return nil, err
		}
		x, err := api.Why(r.Context(), p, d, at)
		if err != nil {
			return nil, err
		}
		events := p.Events(api.Query{Workload: id, Limit: 100})
		return map[string]any{"Workload": d, "Text": x.Text, "Events": newestFirst(events), "At": at, "Now": time.Now()}, nil
	})))
	mux.Handle("GET /static/", http.FileServerFS(static))
	return mux
}

func newestFirst(list []foreshock.Event) []foreshock.Event {
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// page renders a template into a buffer first, so that a fault is not half a page.
func page(name string, data func(r *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, err := data(r)
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		case d == nil:
			http.NotFound(w, r)
			return
		}
		var b bytes.Buffer
		if err := templates.ExecuteTemplate(&b, name, d); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(b.Bytes())
	})
}

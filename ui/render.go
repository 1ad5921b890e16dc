package ui

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
)

// templates are those of each page by its name, with what all share.
var templates = parsePages()

func parsePages() map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(words).ParseFS(files, "pages/layout.html", "pages/shared.html"))
	all := map[string]*template.Template{}
	for _, name := range append(pageNames(), "error") {
		all[name] = template.Must(template.Must(shared.Clone()).ParseFS(files, "pages/"+name+".html"))
	}
	return all
}

func pageNames() (list []string) {
	for i := range allPages {
		list = append(list, allPages[i].name)
	}
	return list
}

// secure says what a page may do: show what this program sends, run its scripts, and send forms to it. There is nothing inline.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// serve renders a page into a buffer first, so that a fault is not half a page.
func (s *site) serve(p *page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := p.data(s, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		f := s.frame(p, r)
		f.Data, f.Told = data, told(w, r)
		s.write(w, http.StatusOK, p.name, &f)
	})
}

func (s *site) write(w http.ResponseWriter, code int, name string, f *frame) {
	var b bytes.Buffer
	if err := templates[name].ExecuteTemplate(&b, "layout", f); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	secure(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes())
}

// fault is what the page of an error shows.
type fault struct {
	Title, Text string
}

func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	code := status(err)
	f := s.frame(&page{name: "error"}, r)
	f.Data = fault{http.StatusText(code), err.Error()}
	s.write(w, code, "error", &f)
}

// part renders one part of a page.
func (p *page) part(name string, f *frame) (string, error) {
	var b bytes.Buffer
	if err := templates[p.name].ExecuteTemplate(&b, name, f); err != nil {
		return "", fmt.Errorf("page %s, part %s: %w", p.name, name, err)
	}
	return b.String(), nil
}

package access

import "net/http"

// Route is a route that is served: the pattern as [net/http.ServeMux] has it, and who may.
type Route struct {
	Pattern string
	Role    Role
	Public  bool // anybody may; Role says nothing
}

// Mux is a [net/http.ServeMux] that cannot serve a route without having been told who may, and that lists what it serves.
type Mux struct {
	guard  *Guard
	mux    *http.ServeMux
	routes []Route
}

// NewMux makes a Mux whose routes g guards.
func NewMux(g *Guard) *Mux { return &Mux{guard: g, mux: http.NewServeMux()} }

// Guard is what guards the routes.
func (m *Mux) Guard() *Guard { return m.guard }

// Handle serves a route to those who may do what role may.
func (m *Mux) Handle(pattern string, role Role, h http.Handler) {
	m.routes = append(m.routes, Route{Pattern: pattern, Role: role})
	m.mux.Handle(pattern, m.guard.Require(role, h))
}

// Public serves a route to anybody.
func (m *Mux) Public(pattern string, h http.Handler) {
	m.routes = append(m.routes, Route{Pattern: pattern, Public: true})
	m.mux.Handle(pattern, h)
}

// Routes lists what is served, in the order in which it was told.
func (m *Mux) Routes() []Route { return m.routes }

func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

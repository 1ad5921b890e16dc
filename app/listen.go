package app

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"

	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/config"
)

// Address is where the program listens.
func (a *App) Address() string { return a.listener.Addr().String() }

// URL is by what it is reached from this machine.
func (a *App) URL() string { return scheme(a.current.Load().parts.access) + "://" + a.Address() }

// scheme is how the listener is spoken to, which a reload does not change.
func scheme(g *access.Guard) string {
	if g.TLS() != nil {
		return "https"
	}
	return "http"
}

// server bounds what a request may take. An answer that takes longer than its time, such as a stream of events, puts its own with [http.ResponseController].
func (a *App) server() *http.Server {
	return &http.Server{
		Handler:           access.Harden(http.HandlerFunc(a.serve)),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}

// listen serves until the listener is closed. Each connection is encrypted as the generation that runs has it, so that a reload and new files change certificates
// and whose clients are believed.
func (a *App) listen(server *http.Server) error {
	guard := a.current.Load().parts.access
	if guard.TLS() == nil {
		if loopback, err := config.Loopback(a.Address()); err == nil && !loopback {
			a.log.Warn("the listener can be reached from other machines and does not encrypt: tokens can be read on the way; set access.tls, or put a proxy that ends TLS before it")
		}
		return server.Serve(a.listener)
	}
	server.TLSConfig = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return a.current.Load().parts.access.TLS(), nil },
	}
	return server.ServeTLS(a.listener, "", "")
}

// serve hands a request to the generation that runs; while one takes the place of another, it waits.
func (a *App) serve(w http.ResponseWriter, r *http.Request) {
	if swapped := a.swapping.Load(); swapped != nil {
		select {
		case <-*swapped:
		case <-r.Context().Done():
			return
		}
	}
	a.current.Load().mux.ServeHTTP(w, r)
}

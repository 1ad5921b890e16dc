// Package access says who may use the program over HTTP: bearer tokens, client certificates, an OpenID Connect issuer, and sessions of
// browsers; what role each has; and how often each may call. What the roles may do is said where the routes are.
package access

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/api/problem"
)

// Config is the access block of a configuration file.
type Config struct {
	TLS     *TLS          `yaml:"tls"`     // the listener's certificate, and clients' certificates
	OIDC    *OIDC         `yaml:"oidc"`    // an OpenID Connect issuer
	URL     string        `yaml:"url"`     // by which browsers reach the program; needed to sign in with the issuer, and behind a proxy that ends TLS
	Session time.Duration `yaml:"session"` // how long a browser stays signed in; default 12h
	Rates   Rates         `yaml:"rates"`
}

// Default is the configuration of a program that says nothing of access.
func Default() Config { return Config{Session: 12 * time.Hour, Rates: defaultRates} }

// Caller is who asks.
type Caller struct {
	Name  string // as the journal has it: the token's name, "cert:NAME", "oidc:SUBJECT", or "local"
	Roles []Role
}

// May says whether a caller may do what a role may.
func (c Caller) May(needed Role) bool {
	for _, r := range c.Roles {
		if r.includes(needed) {
			return true
		}
	}
	return false
}

func (c Caller) roles() string {
	names := make([]string, len(c.Roles))
	for i, r := range c.Roles {
		names[i] = r.String()
	}
	return strings.Join(names, ", ")
}

type callerKey struct{}

// Of gives the caller of a request that a Guard let pass; else the zero Caller.
func Of(r *http.Request) Caller {
	c, _ := r.Context().Value(callerKey{}).(Caller)
	return c
}

// Guard lets requests pass, or not. Where nothing is configured by which a caller could be known, everybody who reaches the listener may do
// everything, so the listener must be on the loopback; requests for other host names are refused, so that a page in a browser cannot reach it.
type Guard struct {
	config   Config
	tokens   []token
	issuer   *issuer // nil: none
	tls      *certificates
	open     bool      // nothing is configured by which a caller could be known
	sessions *Sessions // nil: browsers cannot sign in
	rates    *limiter
	failures *limiter // of addresses that show what is not valid
	cross    *http.CrossOriginProtection
	log      *slog.Logger
}

// New makes a guard. All faults of the configuration are in the error. It asks nobody: an issuer is asked when the first caller needs it.
func New(c Config, tokenFile string, log *slog.Logger) (*Guard, error) {
	g := &Guard{config: c, cross: http.NewCrossOriginProtection(), log: log}
	var faults []error
	add := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	var err error
	if tokenFile != "" {
		g.tokens, err = readTokens(tokenFile)
		add(err)
	}
	if c.TLS != nil {
		g.tls, err = newCertificates(c.TLS, log)
		add(err)
	}
	if c.OIDC != nil {
		g.issuer, err = newIssuer(c.OIDC, c.URL)
		add(err)
	}
	add(c.check())
	g.open = tokenFile == "" && c.OIDC == nil && (c.TLS == nil || len(c.TLS.Clients) == 0)
	g.rates, g.failures = newLimiter(), newLimiter()
	return g, errors.Join(faults...)
}

func (c *Config) check() error {
	var faults []error
	if c.Session < time.Minute || c.Session > 30*24*time.Hour {
		faults = append(faults, errors.New("session: between 1m and 30d are allowed"))
	}
	if u, err := url.Parse(c.URL); c.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "") {
		faults = append(faults, errors.New("url: "+c.URL+" is no address of a server; write for example https://foreshock.example.com"))
	}
	return errors.Join(append(faults, c.Rates.check())...)
}

// UseSessions lets browsers sign in. Sessions outlive the guard, so that a reload signs nobody out.
func (g *Guard) UseSessions(s *Sessions) { g.sessions = s }

// May says whether whoever sent a request that was let pass may also do what a role may.
func (g *Guard) May(r *http.Request, role Role) bool { return Of(r).May(role) }

// Open says whether everybody who reaches the listener may do everything.
func (g *Guard) Open() bool { return g.open }

// Require lets a request pass that may do what role may.
func (g *Guard) Require(role Role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := g.sameSite(r); err != nil {
			problem.Write(w, err)
			return
		}
		caller, err := g.identify(r)
		if err == nil && !caller.May(role) {
			err = problem.New(http.StatusForbidden, "%s has the role %s; %s is needed", caller.Name, caller.roles(), role)
		}
		if err == nil {
			err = g.slow(w, caller, role)
		}
		if err != nil {
			g.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
	})
}

// refuse answers a request that may not pass; a browser that wants to see a page is sent to sign in.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem.Problem
	if errors.As(err, &p) && p.Status == http.StatusUnauthorized {
		if g.sessions != nil && wantsPage(r) {
			http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="foreshock"`)
	}
	problem.Write(w, err)
}

func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// sameSite refuses what a page of another site makes a browser ask, but for following a link.
func (g *Guard) sameSite(r *http.Request) error {
	site, mode := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Mode")
	link := mode == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	if g.cross.Check(r) != nil || (site == "cross-site" || site == "same-site") && !link {
		return problem.New(http.StatusForbidden, "the request comes from another site")
	}
	return nil
}

// identify says who asks: by the token of the request, else by the session of the browser, else by the certificate of the connection.
// A token that is not valid is refused, also where a session or a certificate would do.
func (g *Guard) identify(r *http.Request) (Caller, error) {
	if g.open {
		if !localHost(r.Host) {
			return Caller{}, problem.New(http.StatusForbidden, "without tokens only 127.0.0.1 and localhost are served, not %q", r.Host)
		}
		return Caller{Name: "local", Roles: []Role{Admin}}, nil
	}
	if r.Header.Get("Authorization") != "" {
		return g.byToken(r)
	}
	if c, ok := g.bySession(r); ok {
		return c, nil
	}
	if c, ok := g.tls.byCertificate(r.TLS); ok {
		return c, nil
	}
	return Caller{}, problem.New(http.StatusUnauthorized, "a token is needed: Authorization: Bearer TOKEN")
}

// byToken knows a caller by the token of the request; for programs that can send nothing else, it may be the password of basic authentication.
func (g *Guard) byToken(r *http.Request) (Caller, error) {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if _, password, ok := r.BasicAuth(); ok {
		given = password
	} else if !strings.EqualFold(scheme, "Bearer") {
		return Caller{}, g.failed(r, problem.New(http.StatusUnauthorized, "a token is needed: Authorization: Bearer TOKEN"))
	}
	return g.verify(r, strings.TrimSpace(given))
}

// verify says whose a token is; one that is not valid is counted against the address that it comes from.
func (g *Guard) verify(r *http.Request, given string) (Caller, error) {
	if t := g.find(hashOf(given)); t != nil {
		if t.expired(time.Now()) {
			return Caller{}, g.failed(r, problem.New(http.StatusUnauthorized, "the token of %s has expired; make a new one with: foreshock token new", t.name))
		}
		return t.caller(), nil
	}
	if g.issuer != nil && strings.Count(given, ".") == 2 {
		if err := g.mayTry(r); err != nil {
			return Caller{}, err
		}
		c, err := g.issuer.bearer(r.Context(), given)
		return c, g.failed(r, err)
	}
	return Caller{}, g.failed(r, problem.New(http.StatusUnauthorized, "the token is not known"))
}

func localHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

package access

import (
	"bytes"
	_ "embed" // the page
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/foreshock-io/foreshock/api/problem"
	"golang.org/x/oauth2"
)

//go:embed login.html
var loginPage string

var loginTemplate = template.Must(template.New("login").Parse(loginPage))

// Login serves the page on which browsers sign in, by a token or at the issuer, and sign out. Where everybody may do everything there is none.
func (g *Guard) Login(m *Mux) {
	if g.open || g.sessions == nil {
		return
	}
	m.Public("GET /login", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.showLogin(w, r, http.StatusOK, "") }))
	m.Public("POST /login", http.HandlerFunc(g.loginByToken))
	m.Public("POST /logout", http.HandlerFunc(g.logout))
	if g.issuer != nil && g.issuer.url != "" {
		m.Public("GET /login/oidc", http.HandlerFunc(g.toIssuer))
		m.Public("GET /login/callback", http.HandlerFunc(g.fromIssuer))
	}
}

func (g *Guard) showLogin(w http.ResponseWriter, r *http.Request, status int, fault string) {
	page := struct{ Next, Fault, Issuer string }{Next: next(r), Fault: fault}
	if g.issuer != nil && g.issuer.url != "" {
		page.Issuer = g.issuer.config.Issuer
	}
	var b bytes.Buffer
	if err := loginTemplate.Execute(&b, page); err != nil {
		problem.Write(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// next is where to go after signing in: a path of this program, so that nobody is sent elsewhere.
func next(r *http.Request) string { return local(r.FormValue("next")) }

func local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}

func (g *Guard) loginByToken(w http.ResponseWriter, r *http.Request) {
	if err := g.sameSite(r); err != nil {
		problem.Write(w, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	given := strings.TrimSpace(r.PostFormValue("token"))
	t := g.find(hashOf(given))
	if t == nil || t.expired(time.Now()) {
		err := g.failed(r, problem.New(http.StatusUnauthorized, "the token is not known, or has expired"))
		g.showLogin(w, r, http.StatusUnauthorized, err.Error())
		return
	}
	x := session{token: t.hash, expires: time.Now().Add(g.config.Session)}
	if !t.expires.IsZero() && t.expires.Before(x.expires) {
		x.expires = t.expires
	}
	g.signIn(w, r, x, t.name, next(r))
}

// signIn gives the browser a session of its own, whatever it had before.
func (g *Guard) signIn(w http.ResponseWriter, r *http.Request, x session, name, next string) {
	g.signOut(r)
	http.SetCookie(w, g.cookie(r, "session", g.sessions.add(x), time.Until(x.expires)))
	g.log.Info("signed in", "caller", name, "address", address(r))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (g *Guard) signOut(r *http.Request) {
	if c, err := r.Cookie(g.cookieName(r, "session")); err == nil {
		g.sessions.remove(c.Value)
	}
}

func (g *Guard) logout(w http.ResponseWriter, r *http.Request) {
	if err := g.sameSite(r); err != nil {
		problem.Write(w, err)
		return
	}
	g.signOut(r)
	http.SetCookie(w, g.cookie(r, "session", "", -1))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// attempt is what a browser keeps, in a cookie of its own, between leaving for the issuer and coming back.
type attempt struct{ state, nonce, verifier, next string }

const attemptLasts = 10 * time.Minute

func (a attempt) text() string {
	return url.Values{"state": {a.state}, "nonce": {a.nonce}, "verifier": {a.verifier}, "next": {a.next}}.Encode()
}

func parseAttempt(text string) (a attempt, ok bool) {
	v, err := url.ParseQuery(text)
	a = attempt{v.Get("state"), v.Get("nonce"), v.Get("verifier"), local(v.Get("next"))}
	return a, err == nil && a.state != "" && a.nonce != "" && a.verifier != ""
}

func (g *Guard) toIssuer(w http.ResponseWriter, r *http.Request) {
	provider, err := g.issuer.discover()
	if err != nil {
		g.showLogin(w, r, http.StatusServiceUnavailable, err.Error())
		return
	}
	a := attempt{randomText(), randomText(), oauth2.GenerateVerifier(), next(r)}
	http.SetCookie(w, g.cookie(r, "attempt", a.text(), attemptLasts))
	http.Redirect(w, r, g.issuer.flow(provider).AuthCodeURL(a.state, oidc.Nonce(a.nonce), oauth2.S256ChallengeOption(a.verifier)), http.StatusSeeOther)
}

func (g *Guard) fromIssuer(w http.ResponseWriter, r *http.Request) {
	a, err := g.attemptOf(r)
	var s *subject
	if err == nil {
		s, err = g.issuer.exchange(r.Context(), r.URL.Query().Get("code"), a)
	}
	if err == nil {
		_, err = g.issuer.mustHaveRole(s)
	}
	http.SetCookie(w, g.cookie(r, "attempt", "", -1))
	if err != nil {
		g.showLogin(w, r, http.StatusUnauthorized, g.failed(r, err).Error())
		return
	}
	g.signIn(w, r, session{subject: s, expires: time.Now().Add(g.config.Session)}, s.name, a.next)
}

// attemptOf gives the attempt to sign in that a browser comes back from.
func (g *Guard) attemptOf(r *http.Request) (a attempt, err error) {
	if err := g.mayTry(r); err != nil {
		return a, err
	}
	c, err := r.Cookie(g.cookieName(r, "attempt"))
	if err != nil {
		return a, problem.New(http.StatusUnauthorized, "this browser did not ask to sign in, or too long ago; sign in again")
	}
	q := r.URL.Query()
	a, ok := parseAttempt(c.Value)
	switch {
	case !ok || q.Get("state") != a.state:
		return a, problem.New(http.StatusUnauthorized, "the issuer's answer is to another question; sign in again")
	case q.Get("code") == "":
		return a, problem.New(http.StatusUnauthorized, "the issuer has refused; sign in again, or by a token")
	}
	return a, nil
}

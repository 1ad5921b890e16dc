package access_test

import (
	"crypto/rand"
	"crypto/rsa"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/api/access/accesstest"
)

var quiet = slog.New(slog.DiscardHandler)

func newGuard(t *testing.T, c access.Config, tokens string) *access.Guard {
	t.Helper()
	g, err := access.New(c, tokens, quiet)
	if err != nil {
		t.Fatal(err)
	}
	g.UseSessions(access.NewSessions())
	return g
}

// who answers with the caller's name.
var who = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, access.Of(r).Name) })

// ask asks a guard for what a role may, with a bearer token.
func ask(g *access.Guard, role access.Role, token string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://foreshock.example/", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	g.Require(role, who).ServeHTTP(w, r)
	return w
}

func TestIssuersTokens(t *testing.T) {
	issuer := accesstest.NewIssuer(t)
	c := access.Default()
	c.Rates.Failures = 1000
	c.OIDC = &access.OIDC{Issuer: issuer.URL, ClientID: accesstest.ClientID, Claim: "realm.roles", Roles: map[string]access.Role{"ops": access.Approve, "agents": access.Push}}
	g := newGuard(t, c, "")
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claims := func(roles any, more ...any) map[string]any {
		m := map[string]any{"realm": map[string]any{"roles": roles}}
		for i := 0; i < len(more); i += 2 {
			m[more[i].(string)] = more[i+1]
		}
		return m
	}
	f := func(role access.Role, token string, status int, want string) {
		t.Helper()
		if w := ask(g, role, token); w.Code != status || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: status %d, %s; want %d, %q", role, w.Code, w.Body, status, want)
		}
	}
	f(access.Approve, issuer.Token(claims([]string{"staff", "ops"})), 200, "oidc:somebody")
	f(access.Read, issuer.Token(claims("ops")), 200, "oidc:somebody")
	f(access.Push, issuer.Token(claims([]string{"ops", "agents"})), 200, "oidc:somebody")
	f(access.Push, issuer.Token(claims("ops")), 403, "has the role approve; push is needed")
	f(access.Admin, issuer.Token(claims("ops")), 403, "admin is needed")
	f(access.Read, issuer.Token(claims("staff")), 403, "has no role")
	f(access.Read, issuer.Token(nil), 403, "has no role")
	f(access.Read, issuer.Token(claims("ops", "exp", time.Now().Add(-time.Minute).Unix())), 401, "expired")
	f(access.Read, issuer.Token(claims("ops", "nbf", time.Now().Add(time.Hour).Unix())), 401, "before")
	f(access.Read, issuer.Token(claims("ops", "aud", "another")), 401, "audience")
	f(access.Read, issuer.Token(claims("ops", "iss", "https://another.example")), 401, "different provider")
	f(access.Read, issuer.Token(claims("ops", "sub", "")), 401, "claim sub")
	f(access.Read, issuer.SignedBy(other, oidc.RS256, claims("ops")), 401, "verify signature")
	f(access.Read, issuer.SignedBy(issuer.PublicKey(), "HS256", claims("ops")), 401, "")
	f(access.Read, issuer.Unsigned(claims("ops")), 401, "")
	f(access.Read, "a.b.c", 401, "")
	f(access.Read, "", 401, "a token is needed")
}

// While the issuer does not answer, its tokens are not believed, and the others are.
func TestIssuerAway(t *testing.T) {
	file, secrets := accesstest.Tokens(t)
	gone := httptest.NewServer(nil)
	gone.Close()
	c := access.Default()
	c.OIDC = &access.OIDC{Issuer: gone.URL, ClientID: "x", Roles: map[string]access.Role{"ops": access.Admin}}
	g := newGuard(t, c, file)
	if w := ask(g, access.Read, "a.b.c"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if w := ask(g, access.Read, secrets["read"]); w.Code != http.StatusOK {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// An address that shows too much that is not valid must wait; what is valid is let in meanwhile.
func TestFailures(t *testing.T) {
	file, secrets := accesstest.Tokens(t)
	c := access.Default()
	c.Rates.Failures = 0.001
	g := newGuard(t, c, file)
	for range 20 {
		if w := ask(g, access.Read, "wrong"); w.Code != http.StatusUnauthorized {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	}
	if w := ask(g, access.Read, "wrong"); w.Code != http.StatusTooManyRequests {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if w := ask(g, access.Read, secrets["read"]); w.Code != http.StatusOK {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// A caller that calls too often is told how long to wait; others, and its samples, are not held back.
func TestRates(t *testing.T) {
	file, secrets := accesstest.Tokens(t)
	c := access.Default()
	c.Rates.Requests = 0.01 // two at once would be less than one
	g := newGuard(t, c, file)
	f := func(token string, role access.Role, status int) {
		t.Helper()
		w := ask(g, role, secrets[token])
		if w.Code != status || (status == http.StatusTooManyRequests) != (w.Header().Get("Retry-After") == "100") {
			t.Errorf("%s: status %d, want %d; %v", token, w.Code, status, w.Header())
		}
	}
	f("admin", access.Read, 200)
	f("admin", access.Read, 429)
	f("admin", access.Push, 200)
	f("read", access.Read, 200)
	f("read", access.Read, 429)
}

// browser is one that follows no redirect by itself, and keeps cookies.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// site serves a page that needs the role read, and the pages on which to sign in.
func site(t *testing.T, c access.Config, tokens string) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	c.URL = "http://" + server.Listener.Addr().String()
	mux := access.NewMux(newGuard(t, c, tokens))
	mux.Handle("GET /{$}", access.Read, who)
	mux.Guard().Login(mux)
	server.Config.Handler = access.Harden(mux)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// see asks for a page as a browser does, and gives the status, where it leads, and what it says.
func see(t *testing.T, b *http.Client, method, page string, form url.Values) (status int, to, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, page, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(text)
}

func TestLoginByToken(t *testing.T) {
	file, secrets := accesstest.Tokens(t)
	server := site(t, access.Default(), file)
	b := browser(t)
	f := func(method, path string, form url.Values, status int, to, body string) {
		t.Helper()
		gotStatus, gotTo, gotBody := see(t, b, method, server.URL+path, form)
		if gotStatus != status || gotTo != to || !strings.Contains(gotBody, body) {
			t.Errorf("%s %s: %d to %q: %s; want %d to %q", method, path, gotStatus, gotTo, gotBody, status, to)
		}
	}
	f("GET", "/", nil, 303, "/login?next=%2F", "")
	f("GET", "/login?next=%2Fa%3Fb", nil, 200, "", `name="next" value="/a?b"`)
	f("POST", "/login", url.Values{"token": {"wrong"}}, 401, "", "not known")
	f("POST", "/login", url.Values{"token": {secrets["expired"]}}, 401, "", "expired")
	f("GET", "/", nil, 303, "/login?next=%2F", "")
	f("POST", "/login", url.Values{"token": {secrets["read"]}, "next": {"/a?b"}}, 303, "/a?b", "")
	f("GET", "/", nil, 200, "", "read")
	for _, away := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)", ""} {
		f("POST", "/login", url.Values{"token": {secrets["approve"]}, "next": {away}}, 303, "/", "")
	}
	f("GET", "/", nil, 200, "", "approve")
	u, _ := url.Parse(server.URL)
	stolen := b.Jar.Cookies(u)
	f("POST", "/logout", url.Values{}, 303, "/login", "")
	f("GET", "/", nil, 303, "/login?next=%2F", "")
	b.Jar.SetCookies(u, stolen)
	f("GET", "/", nil, 303, "/login?next=%2F", "")
}

// A session's cookie is of no use to scripts and to other sites, and over TLS to no other host and no plain connection.
func TestCookie(t *testing.T) {
	file, secrets := accesstest.Tokens(t)
	f := func(external, want string) {
		t.Helper()
		c := access.Default()
		c.URL = external
		mux := access.NewMux(newGuard(t, c, file))
		mux.Guard().Login(mux)
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(url.Values{"token": {secrets["read"]}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		cookie := w.Header().Get("Set-Cookie")
		name, rest, _ := strings.Cut(cookie, "=")
		_, attributes, _ := strings.Cut(rest, "; ")
		if got := name + ": " + attributes; got != want {
			t.Errorf("%s: %q, want %q", external, got, want)
		}
	}
	f("", "foreshock-session: Path=/; Max-Age=43199; HttpOnly; SameSite=Lax")
	f("https://foreshock.example", "__Host-foreshock-session: Path=/; Max-Age=43199; HttpOnly; Secure; SameSite=Lax")
}

// A reload signs nobody out, but those whose token it has taken away.
func TestSessionsEndWithTheirToken(t *testing.T) {
	file, secrets := accesstest.Tokens(t)
	sessions := access.NewSessions()
	guard := func() *access.Guard {
		g, err := access.New(access.Default(), file, quiet)
		if err != nil {
			t.Fatal(err)
		}
		g.UseSessions(sessions)
		return g
	}
	mux := access.NewMux(guard())
	mux.Guard().Login(mux)
	r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(url.Values{"token": {secrets["read"]}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	signedIn := httptest.NewRecorder()
	mux.ServeHTTP(signedIn, r)
	f := func(status int) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		for _, c := range signedIn.Result().Cookies() {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		guard().Require(access.Read, who).ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("status %d, want %d: %s", w.Code, status, w.Body)
		}
	}
	f(200)
	lines, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, line := range strings.Split(string(lines), "\n") {
		if !strings.HasPrefix(line, "read ") {
			kept = append(kept, line)
		}
	}
	if err := os.WriteFile(file, []byte(strings.Join(kept, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	f(401)
}

func TestLoginAtIssuer(t *testing.T) {
	issuer := accesstest.NewIssuer(t)
	c := access.Default()
	c.OIDC = &access.OIDC{Issuer: issuer.URL, ClientID: accesstest.ClientID, Roles: map[string]access.Role{"ops": access.Approve}}
	server := site(t, c, "")
	// come follows the way from /login/oidc to the issuer and back; change may alter where the browser comes back to.
	come := func(b *http.Client, change func(back string) string) (int, string, string) {
		t.Helper()
		_, to, _ := see(t, b, "GET", server.URL+"/login/oidc?next=/a", nil)
		if !strings.HasPrefix(to, issuer.URL+"/auth?") || !strings.Contains(to, "code_challenge_method=S256") {
			t.Fatalf("the browser is sent to %s", to)
		}
		_, back, _ := see(t, b, "GET", to, nil)
		return see(t, b, "GET", change(back), nil)
	}
	same := func(back string) string { return back }
	b := browser(t)
	issuer.Claims = map[string]any{"groups": []string{"ops"}, "sub": "erika"}
	if status, to, body := come(b, same); status != 303 || to != "/a" {
		t.Errorf("%d to %q: %s", status, to, body)
	}
	if status, _, body := see(t, b, "GET", server.URL+"/", nil); status != 200 || body != "oidc:erika" {
		t.Errorf("%d: %s", status, body)
	}
	f := func(claims map[string]any, change func(string) string, want string) {
		t.Helper()
		issuer.Claims = claims
		b := browser(t)
		if status, _, body := come(b, change); status != 401 || !strings.Contains(body, want) {
			t.Errorf("%d: %s; want %q", status, body, want)
		}
		if status, _, body := see(t, b, "GET", server.URL+"/", nil); status != 303 {
			t.Errorf("the browser is signed in: %d: %s", status, body)
		}
	}
	ops := map[string]any{"groups": "ops"}
	f(map[string]any{"groups": "others"}, same, "has no role")
	f(map[string]any{"groups": "ops", "nonce": "another"}, same, "another question")
	f(map[string]any{"groups": "ops", "aud": "another"}, same, "not valid")
	f(ops, func(back string) string { return strings.Replace(back, "state=", "state=x", 1) }, "another question")
	f(ops, func(back string) string { return strings.Replace(back, "code=", "code=x", 1) }, "does not take its code back")
	f(ops, func(back string) string { return strings.Replace(back, "code=", "error=", 1) }, "refused")
	// What somebody else's browser brought back is of no use.
	issuer.Claims = ops
	mine := browser(t)
	if status, _, body := come(mine, func(string) string { return stolenBack(t, server) }); status != 401 {
		t.Errorf("%d: %s", status, body)
	}
}

// stolenBack is where another browser comes back to.
func stolenBack(t *testing.T, server *httptest.Server) string {
	t.Helper()
	other := browser(t)
	_, to, _ := see(t, other, "GET", server.URL+"/login/oidc", nil)
	_, back, _ := see(t, other, "GET", to, nil)
	return back
}

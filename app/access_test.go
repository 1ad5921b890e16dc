package app

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/api/access/accesstest"
	"github.com/foreshock-io/foreshock/config"
)

// ways are all ways to be known: a token, a certificate, an issuer, a session.
type ways struct {
	tokens    map[string]string
	authority *accesstest.Authority
	issuer    *accesstest.Issuer
	app       *App
	handler   http.Handler
}

const openWide = "{requests: 1M, push: 1M, failures: 1M}"

// newWays starts a program that can be asked in all ways.
func newWays(t *testing.T) *ways {
	t.Helper()
	w := &ways{authority: accesstest.NewAuthority(t), issuer: accesstest.NewIssuer(t)}
	file, secrets := accesstest.Tokens(t)
	w.tokens = secrets
	cert, key := w.authority.Server("foreshock.example")
	var clients, roles []string
	for _, r := range accesstest.Roles {
		clients = append(clients, fmt.Sprintf("{name: %s.example, role: %s}", r, r))
		roles = append(roles, fmt.Sprintf("%s-people: %s", r, r))
	}
	w.app = running(t, fmt.Sprintf(`
token_file: %s
access:
  rates: %s
  tls: {cert_file: %s, key_file: %s, client_ca_file: %s, clients: [%s]}
  oidc: {issuer: "%s", client_id: %s, roles: {%s}}
sources: [remotewrite: {presets: [node_exporter]}, otlp: {presets: [otel_system]}]
`, file, openWide, cert, key, w.authority.File, strings.Join(clients, ", "), w.issuer.URL, accesstest.ClientID, strings.Join(roles, ", ")))
	w.handler = access.Harden(http.HandlerFunc(w.app.serve))
	return w
}

// running is a program that runs until the test ends.
func running(t *testing.T, text string) *App {
	t.Helper()
	dir := t.TempDir()
	a, err := Open(Options{Log: slog.New(slog.DiscardHandler), Version: "test", Load: func() (config.Config, error) {
		return config.Parse(filepath.Join(dir, "foreshock.yaml"), []byte("listen: 127.0.0.1:0\ndata: "+dir+"/data\n"+text))
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return a
}

// caller is somebody who asks: what the request is given, and the role that this is good for.
type caller struct {
	name    string
	known   bool
	role    access.Role // where it is known
	prepare func(r *http.Request)
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// certificate shows one as the connection has verified it, or not.
func (w *ways) certificate(t *testing.T, name string, verified bool) func(*http.Request) {
	t.Helper()
	file, _ := w.authority.Client(name)
	c := accesstest.Certificate(t, file)
	return func(r *http.Request) {
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}}
		if verified {
			r.TLS.VerifiedChains = [][]*x509.Certificate{{c}}
		}
	}
}

// session signs in by a token, and gives the cookie along.
func (w *ways) session(t *testing.T, token string) func(*http.Request) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(url.Values{"token": {token}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	cookies := answer.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("no session: %d %s", answer.Code, answer.Body)
	}
	return func(r *http.Request) { r.AddCookie(cookies[0]) }
}

// nobodies are callers that are not known.
func (w *ways) nobodies(t *testing.T) []caller {
	t.Helper()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	admin := map[string]any{"groups": []string{"admin-people"}}
	expired := map[string]any{"groups": []string{"admin-people"}, "exp": time.Now().Add(-time.Minute).Unix()}
	list := []caller{
		{name: "no token", prepare: func(*http.Request) {}},
		{name: "wrong token", prepare: bearer("foreshock_" + strings.Repeat("A", 43))},
		{name: "expired token", prepare: bearer(w.tokens["expired"])},
		{name: "empty token", prepare: bearer("")},
		{name: "another scheme", prepare: func(r *http.Request) { r.Header.Set("Authorization", "Token "+w.tokens["admin"]) }},
		{name: "two headers", prepare: func(r *http.Request) {
			r.Header["Authorization"] = []string{"Bearer wrong", "Bearer " + w.tokens["admin"]}
		}},
		{name: "token in the query", prepare: func(r *http.Request) {
			r.URL.RawQuery = "token=" + w.tokens["admin"] + "&access_token=" + w.tokens["admin"]
		}},
		{name: "wrong password", prepare: func(r *http.Request) { r.SetBasicAuth("admin", "admin") }},
		{name: "no session's cookie", prepare: func(r *http.Request) {
			r.AddCookie(&http.Cookie{Name: "foreshock-session", Value: w.tokens["admin"]})
		}},
		{name: "certificate without a role", prepare: w.certificate(t, "nobody.example", true)},
		{name: "certificate that is not verified", prepare: w.certificate(t, "admin.example", false)},
		{name: "expired issuer's token", prepare: bearer(w.issuer.Token(expired))},
		{name: "token of another issuer", prepare: bearer(w.issuer.SignedBy(other, oidc.RS256, admin))},
		{name: "token signed with the public key", prepare: bearer(w.issuer.SignedBy(w.issuer.PublicKey(), "HS256", admin))},
		{name: "token that is not signed", prepare: bearer(w.issuer.Unsigned(admin))},
		{name: "wrong token with a session", prepare: func(r *http.Request) {
			w.session(t, w.tokens["admin"])(r)
			bearer("wrong")(r)
		}},
		{name: "from this machine, it says", prepare: func(r *http.Request) {
			r.Host = "localhost"
			r.RemoteAddr = "127.0.0.1:1"
			for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host"} {
				r.Header.Set(name, "127.0.0.1")
			}
		}},
	}
	file, err := os.ReadFile(w.app.current.Load().config.TokenFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range regexp.MustCompile(`sha256:([0-9a-f]+) admin`).FindStringSubmatch(string(file)) {
		list = append(list, caller{name: "what the token file has", prepare: bearer(text)})
	}
	return list
}

// somebodies are callers with each role, in each way.
func (w *ways) somebodies(t *testing.T) []caller {
	t.Helper()
	var list []caller
	for _, role := range accesstest.Roles {
		add := func(way string, prepare func(*http.Request)) {
			list = append(list, caller{name: role.String() + " by " + way, known: true, role: role, prepare: prepare})
		}
		token := w.tokens[role.String()]
		add("token", bearer(token))
		add("password", func(r *http.Request) { r.SetBasicAuth("anybody", token) })
		add("session", w.session(t, token))
		add("certificate", w.certificate(t, role.String()+".example", true))
		add("issuer", bearer(w.issuer.Token(map[string]any{"groups": []string{"others", role.String() + "-people"}})))
	}
	return list
}

// may says what each role is for, in full, so that it is not the same code that is asked and that answers.
var may = map[access.Role][]access.Role{
	access.Push:    {access.Push},
	access.Read:    {access.Read},
	access.Approve: {access.Read, access.Approve},
	access.Admin:   {access.Push, access.Read, access.Approve, access.Admin},
}

// everyRoute lists the routes that the program serves; to sign out comes last.
func (w *ways) everyRoute() []access.Route {
	routes := slices.Clone(w.app.current.Load().mux.Routes())
	slices.SortStableFunc(routes, func(a, b access.Route) int {
		return strings.Index(a.Pattern, "/logout") - strings.Index(b.Pattern, "/logout")
	})
	return routes
}

var wildcard = regexp.MustCompile(`\{[^}]*\}`)

// endless says whether the answer to a route goes on for as long as it is listened to.
func endless(route access.Route) bool {
	return strings.Contains(route.Pattern, " /debug/pprof/") || strings.Contains(route.Pattern, " /live")
}

// asked is a route as a request, and what was answered.
func (w *ways) asked(route access.Route, change ...func(*http.Request)) *httptest.ResponseRecorder {
	method, path, spaced := strings.Cut(route.Pattern, " ")
	if !spaced {
		method, path = http.MethodGet, route.Pattern
	}
	path = wildcard.ReplaceAllStringFunc(path, func(s string) string {
		if s == "{$}" {
			return ""
		}
		return "1"
	})
	limit := time.Minute
	if endless(route) {
		limit = 5 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, nil)
	for _, f := range change {
		f(r)
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

const planted = "a-note-that-only-those-who-may-read-see"

// TestEveryRouteEveryCaller asks for every route that is served as everybody: nobody gets what is not theirs, nothing leaks, and nothing is done.
func TestEveryRouteEveryCaller(t *testing.T) {
	w := newWays(t)
	for w.asked(access.Route{Pattern: "GET /readyz"}).Code != http.StatusOK {
		time.Sleep(time.Millisecond)
	}
	w.app.note(planted, "")
	routes := w.everyRoute()
	if len(routes) < 30 {
		t.Errorf("only %d routes", len(routes))
	}
	w.check(t, routes, w.nobodies(t))
	somebodies := w.somebodies(t)
	w.checkOrigins(t, routes, somebodies)
	w.check(t, routes, somebodies)
}

func (w *ways) check(t *testing.T, routes []access.Route, callers []caller) {
	t.Helper()
	for _, route := range routes {
		for _, c := range callers {
			before := w.app.store.Journal().Last()
			answer := w.asked(route, c.prepare)
			text := answer.Body.String()
			allowed := route.Public || c.known && slices.Contains(may[c.role], route.Role)
			refused := answer.Code == http.StatusUnauthorized || answer.Code == http.StatusForbidden
			login := strings.Contains(route.Pattern, " /login") || strings.Contains(route.Pattern, " /logout")
			switch {
			case login: // it says itself who somebody is not
			case allowed == refused:
				t.Errorf("%s, %s: status %d: %s", route.Pattern, c.name, answer.Code, text)
			case refused && c.known != (answer.Code == http.StatusForbidden):
				t.Errorf("%s, %s is refused with status %d", route.Pattern, c.name, answer.Code)
			case answer.Code == http.StatusInternalServerError && !endless(route):
				t.Errorf("%s, %s: status %d: %s", route.Pattern, c.name, answer.Code, text)
			}
			if !allowed && (strings.Contains(text, planted) || len(text) > 500 || answer.Header().Get("Content-Type") != "application/problem+json" || w.app.store.Journal().Last() != before) {
				t.Errorf("%s, %s gets, or does, something: %d %s", route.Pattern, c.name, answer.Code, text)
			}
		}
	}
}

// checkOrigins asks as a browser does in which a page of another site has something done or read.
func (w *ways) checkOrigins(t *testing.T, routes []access.Route, callers []caller) {
	t.Helper()
	headers := []map[string]string{
		{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
		{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
		{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
		{"Origin": "https://evil.example"}, // a browser of long ago, which says no more, and only where something is done
		{"Origin": "null"},
	}
	for _, route := range routes {
		if route.Public && strings.HasPrefix(route.Pattern, "GET ") {
			continue
		}
		for _, c := range callers {
			for _, h := range headers {
				if strings.HasPrefix(route.Pattern, "GET ") && h["Sec-Fetch-Site"] == "" {
					continue
				}
				before := w.app.store.Journal().Last()
				answer := w.asked(route, c.prepare, func(r *http.Request) {
					for name, v := range h {
						r.Header.Set(name, v)
					}
				})
				if answer.Code != http.StatusForbidden || w.app.store.Journal().Last() != before {
					t.Errorf("%s, %s from another site: status %d: %s", route.Pattern, c.name, answer.Code, answer.Body)
				}
				if answer.Header().Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s tells a browser that other sites may read it", route.Pattern)
				}
			}
		}
	}
}

// Without anything by which callers could be known, this machine's programs are served, by its own names only, and profiles to nobody.
func TestOpenProgram(t *testing.T) {
	a := running(t, "sources: [remotewrite: {presets: [node_exporter]}]\n")
	w := &ways{app: a, handler: access.Harden(http.HandlerFunc(a.serve))}
	for _, route := range w.everyRoute() {
		if route.Public {
			continue
		}
		for _, host := range []string{"foreshock.example", "127.0.0.1.example", "localhost.example:9750", "10.0.0.1", "169.254.169.254", ""} {
			if answer := w.asked(route, func(r *http.Request) { r.Host = host }); answer.Code != http.StatusForbidden {
				t.Errorf("%s for host %q: status %d", route.Pattern, host, answer.Code)
			}
		}
	}
	local := func(r *http.Request) { r.Host = "localhost:9750" }
	for path, want := range map[string]int{"/api/v1/status": 200, "/debug/pprof/heap": 404, "/login": 404} {
		if answer := w.asked(access.Route{Pattern: "GET " + path}, local); answer.Code != want {
			t.Errorf("%s: status %d, want %d", path, answer.Code, want)
		}
	}
}

// Who did something is in the journal, by the name by which they are known.
func TestActorsAreInTheJournal(t *testing.T) {
	w := newWays(t)
	reload := access.Route{Pattern: "POST /api/v1/reload"}
	for name, prepare := range map[string]func(*http.Request){
		"admin": bearer(w.tokens["admin"]), "cert:admin.example": w.certificate(t, "admin.example", true),
		"oidc:erika": bearer(w.issuer.Token(map[string]any{"groups": "admin-people", "sub": "erika"})),
	} {
		if answer := w.asked(reload, prepare); answer.Code != http.StatusOK {
			t.Fatalf("%s: status %d: %s", name, answer.Code, answer.Body)
		}
		var last foreshock.Event
		err := w.app.store.Journal().Read(t.Context(), w.app.store.Journal().Last(), func(e *foreshock.Event) error {
			last = *e
			return nil
		})
		if err != nil || last.Note != "reloaded" || last.Actor != name {
			t.Errorf("%q by %q, %v; want %q", last.Note, last.Actor, err, name)
		}
	}
}

// The listener encrypts, speaks HTTP/2, and takes no plain connection.
func TestListener(t *testing.T) {
	w := newWays(t)
	pool := x509.NewCertPool()
	pool.AddCert(accesstest.Certificate(t, w.authority.File))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	if !strings.HasPrefix(w.app.URL(), "https://") {
		t.Fatal(w.app.URL())
	}
	resp, err := (&http.Client{Transport: transport}).Get(w.app.URL() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if text, _ := io.ReadAll(resp.Body); string(text) != "ok\n" || resp.ProtoMajor != 2 {
		t.Errorf("%s: %q", resp.Proto, text)
	}
	plain, err := http.Get("http://" + w.app.Address() + "/healthz")
	if err == nil {
		_ = plain.Body.Close()
		if plain.StatusCode != http.StatusBadRequest {
			t.Errorf("a plain connection is answered: %s", plain.Status)
		}
	}
}

// Every route is told to the table, with who may: nobody else makes a mux.
func TestRoutesAreTold(t *testing.T) {
	for _, pattern := range []string{"*.go", "../api/*.go", "../ui/*.go", "../telemetry/*.go", "../ingest/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || files == nil {
			t.Fatalf("%s: no files, %v", pattern, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if regexp.MustCompile(`http\.(NewServeMux|HandleFunc|Handle|DefaultServeMux)\b`).Match(source) {
				t.Errorf("%s serves routes that the table of routes does not have; use access.Mux", file)
			}
		}
	}
}

// What the commented configuration says of access can be said.
func TestExampleOfAccess(t *testing.T) {
	text, err := os.ReadFile("../examples/foreshock.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(text), "\n# token_file: ")
	block, _, ended := strings.Cut(block, "\n\n")
	if !found || !ended {
		t.Fatal("the example says nothing of access")
	}
	c, err := config.Parse("foreshock.yaml", []byte(strings.ReplaceAll("\n# token_file: "+block, "\n# ", "\n")))
	if err != nil {
		t.Fatal(err)
	}
	settings := access.Default()
	if err := c.Access.Decode(&settings); err != nil {
		t.Fatal(err)
	}
	if settings.OIDC.Roles["storage-admins"] != access.Admin || settings.TLS.Clients[0].Role != access.Push || settings.Rates != access.Default().Rates || settings.Session != access.Default().Session {
		t.Errorf("%+v", settings)
	}
}

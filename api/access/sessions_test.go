package access_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/api/access/accesstest"
)

// A session ends after its time, and not after its token's, also where that was brought forward since.
func TestSessionsEnd(t *testing.T) {
	f := func(expires, brought, stays, ends time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "tokens")
			token, err := access.NewToken(access.Read, "me", time.Now().Add(expires))
			if err != nil {
				t.Fatal(err)
			}
			save := func(line string) {
				if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			save(token.Line)
			sessions := access.NewSessions()
			guard := func() *access.Guard {
				g := newGuard(t, access.Default(), file)
				g.UseSessions(sessions)
				return g
			}
			mux := access.NewMux(guard())
			mux.Guard().Login(mux)
			r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(url.Values{"token": {token.Secret}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			signedIn := httptest.NewRecorder()
			mux.ServeHTTP(signedIn, r)
			head, _, _ := strings.Cut(token.Line, " expires=")
			save(head + " expires=" + time.Now().Add(brought).Format(time.RFC3339))
			check := func(status int) {
				t.Helper()
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				for _, c := range signedIn.Result().Cookies() {
					r.AddCookie(c)
				}
				w := httptest.NewRecorder()
				guard().Require(access.Read, who).ServeHTTP(w, r)
				if w.Code != status {
					t.Errorf("token expires after %s: status %d after %s, want %d", expires, w.Code, time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), status)
				}
			}
			time.Sleep(stays)
			check(http.StatusOK)
			time.Sleep(ends - stays)
			check(http.StatusUnauthorized)
		})
	}
	f(time.Hour, time.Hour, 59*time.Minute, time.Hour)
	f(time.Hour, 100*time.Hour, 59*time.Minute, time.Hour)
	f(100*time.Hour, 100*time.Hour, 11*time.Hour, 12*time.Hour)
	f(100*time.Hour, time.Hour, 59*time.Minute, time.Hour)
}

// Who signed in at an issuer is not signed in any more where another is configured.
func TestSessionsEndWithTheirIssuer(t *testing.T) {
	first, second := accesstest.NewIssuer(t), accesstest.NewIssuer(t)
	first.Claims = map[string]any{"groups": "ops"}
	sessions := access.NewSessions()
	guard := func(issuer *accesstest.Issuer, external string) *access.Guard {
		c := access.Default()
		c.URL = external
		c.OIDC = &access.OIDC{Issuer: issuer.URL, ClientID: accesstest.ClientID, Roles: map[string]access.Role{"ops": access.Read}}
		g := newGuard(t, c, "")
		g.UseSessions(sessions)
		return g
	}
	var current *access.Guard
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux := access.NewMux(current)
		mux.Handle("GET /{$}", access.Read, who)
		current.Login(mux)
		mux.ServeHTTP(w, r)
	}))
	defer server.Close()
	b := browser(t)
	current = guard(first, server.URL)
	_, to, _ := see(t, b, "GET", server.URL+"/login/oidc", nil)
	_, back, _ := see(t, b, "GET", to, nil)
	see(t, b, "GET", back, nil)
	f := func(issuer *accesstest.Issuer, status int) {
		t.Helper()
		current = guard(issuer, server.URL)
		if got, _, body := see(t, b, "GET", server.URL+"/", nil); got != status {
			t.Errorf("status %d, want %d: %s", got, status, body)
		}
	}
	f(first, http.StatusOK)
	f(second, http.StatusSeeOther)
	f(first, http.StatusOK)
}

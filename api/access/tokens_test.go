package access_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/api/access"
)

func TestTokenFiles(t *testing.T) {
	hash := "sha256:" + strings.Repeat("0", 64)
	f := func(text string, faults ...string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "tokens")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := access.New(access.Default(), file, quiet)
		if len(faults) == 0 && err != nil {
			t.Errorf("%q: %v", text, err)
		}
		for _, fault := range faults {
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%q: %v; want %q", text, err, fault)
			}
		}
	}
	f("read " + hash + " me\n\n# nothing\npush " + hash + " you expires=2031-02-03 # until then")
	f("", "has no token; make one with: foreshock token new")
	f("read secret-secret-secret me", ":1: the token itself is in the file")
	f("reader "+hash+" me\nread "+hash, `:1: no role is called "reader"`, ":2: expected ROLE")
	f("read "+hash+"0 me", "64 hexadecimal digits")
	f("read sha256:0g me", "64 hexadecimal digits")
	f("read "+hash+" oidc:me", "the name")
	f("read "+hash+" me until=2031-02-03", "is not expires=TIME")
	f("read "+hash+" me expires=90d", "is no end of a token")
	f("read "+hash+" me expires=2031-02-03 x", "expected ROLE")
	f("read", "expected ROLE")
}

func TestParseExpiry(t *testing.T) {
	now := time.Date(2031, 1, 1, 12, 0, 0, 0, time.UTC)
	f := func(text, want string) {
		t.Helper()
		got, err := access.ParseExpiry(text, now)
		if (err != nil) != (want == "") || err == nil && got.Format(time.RFC3339) != want {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
	f("2031-02-03", "2031-02-04T00:00:00Z")
	f("2031-02-03T04:05:06Z", "2031-02-03T04:05:06Z")
	f("90d", "2031-04-01T12:00:00Z")
	f("0d", "")
	f("-1d", "")
	f("90days", "")
	f("", "")
}

// A token is let in until its end, and no longer.
func TestExpiry(t *testing.T) {
	f := func(expires time.Time, status int) {
		t.Helper()
		token, err := access.NewToken(access.Read, "me", expires)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "tokens")
		if err := os.WriteFile(file, []byte(token.Line), 0o600); err != nil {
			t.Fatal(err)
		}
		if w := ask(newGuard(t, access.Default(), file), access.Read, token.Secret); w.Code != status {
			t.Errorf("expires %s: status %d: %s", expires, w.Code, w.Body)
		}
	}
	f(time.Time{}, 200)
	f(time.Now().Add(time.Hour), 200)
	f(time.Now().Add(-time.Second), 401)
}

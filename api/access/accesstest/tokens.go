package accesstest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/api/access"
)

// Roles are all roles.
var Roles = []access.Role{access.Push, access.Read, access.Approve, access.Admin}

// Tokens writes a token file with a token for each role, called by its name, and one of an admin that has expired. It gives the secrets by the name of the role; that of
// the expired one is "expired".
func Tokens(t testing.TB) (file string, secrets map[string]string) {
	t.Helper()
	secrets = map[string]string{}
	var lines []string
	add := func(name string, role access.Role, expires time.Time) {
		token, err := access.NewToken(role, name, expires)
		if err != nil {
			t.Fatal(err)
		}
		secrets[name] = token.Secret
		lines = append(lines, token.Line)
	}
	for _, role := range Roles {
		add(role.String(), role, time.Time{})
	}
	add("expired", access.Admin, time.Now().Add(-time.Second))
	file = filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, secrets
}

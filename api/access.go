package api

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
)

// Role is what a caller may do; each includes the ones before it, but Push stands alone.
type Role uint8

// The roles.
const (
	Push    Role = iota // send samples
	Read                // see
	Approve             // approve, refuse, pause, resume, say what was a false alarm
	Admin               // reload
)

var roleNames = []string{"push", "read", "approve", "admin"}

func (r Role) String() string { return roleNames[r] }

// Access says who may do what. Without tokens everybody who reaches the listener may do everything, so
// the listener must be on the loopback; requests for other host names are refused, so that a page in a browser cannot reach it.
type Access struct {
	tokens []token
	cross  *http.CrossOriginProtection
}

type token struct {
	hash [sha256.Size]byte
	role Role
	name string
}

// NewAccess reads a file of tokens: lines "ROLE TOKEN [NAME]"; # begins a comment. An empty name has no tokens.
func NewAccess(file string) (*Access, error) {
	a := &Access{cross: http.NewCrossOriginProtection()}
	if file == "" {
		return a, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("token_file: %w", err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		if len(fields) < 2 || len(fields) > 3 || len(fields[1]) < 16 {
			return nil, fmt.Errorf("token_file %s:%d: expected ROLE TOKEN [NAME], the token of at least 16 characters", file, n)
		}
		t := token{hash: sha256.Sum256([]byte(fields[1])), name: fields[0]}
		if len(fields) == 3 {
			t.name = fields[2]
		}
		found := false
		for role, name := range roleNames {
			if name == fields[0] {
				t.role, found = Role(role), true
			}
		}
		if !found {
			return nil, fmt.Errorf("token_file %s:%d: no role is called %q; there is: %s", file, n, fields[0], strings.Join(roleNames, ", "))
		}
		a.tokens = append(a.tokens, t)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("token_file %s: %w", file, err)
	}
	if len(a.tokens) == 0 {
		return nil, fmt.Errorf("token_file %s has no token; write a line such as: admin $(openssl rand -hex 24)", file)
	}
	return a, nil
}

type actorKey struct{}

func actor(r *http.Request) string {
	name, _ := r.Context().Value(actorKey{}).(string)
	return name
}

// Require lets a request pass that may do what role may.
func (a *Access) Require(role Role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.cross.Check(r); err != nil {
			writeFault(w, fault(http.StatusForbidden, "the request comes from another site"))
			return
		}
		name, err := a.allow(r, role)
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="foreshock"`)
			writeFault(w, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), actorKey{}, name)))
	})
}

func (a *Access) allow(r *http.Request, role Role) (string, error) {
	if a.tokens == nil {
		if !localHost(r.Host) {
			return "", fault(http.StatusForbidden, "without tokens only 127.0.0.1 and localhost are served, not %q", r.Host)
		}
		return "local", nil
	}
	given, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		if _, password, ok := r.BasicAuth(); ok { // for browsers: any user, the token as password
			given, isBearer = password, true
		}
	}
	if !isBearer {
		return "", fault(http.StatusUnauthorized, "a token is needed: Authorization: Bearer TOKEN")
	}
	hash := sha256.Sum256([]byte(strings.TrimSpace(given)))
	var found *token
	for i := range a.tokens {
		if subtle.ConstantTimeCompare(hash[:], a.tokens[i].hash[:]) == 1 {
			found = &a.tokens[i]
		}
	}
	switch {
	case found == nil:
		return "", fault(http.StatusUnauthorized, "the token is not known")
	case role == Push && found.role != Push && found.role != Admin, role != Push && found.role < role:
		return "", fault(http.StatusForbidden, "the token's role is %s; %s is needed", found.role, role)
	}
	return found.name, nil
}

func localHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

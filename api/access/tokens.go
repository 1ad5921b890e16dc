package access

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"
)

// hash is the SHA-256 of a token. A token is 256 random bits, so that its hash needs no salt and no slowness.
type hash [sha256.Size]byte

func hashOf(text string) hash { return sha256.Sum256([]byte(text)) }

// token is what a file of tokens says of one.
type token struct {
	hash    hash
	role    Role
	name    string
	expires time.Time // zero: never
}

func (t *token) expired(now time.Time) bool { return !t.expires.IsZero() && !now.Before(t.expires) }

func (t *token) caller() Caller { return Caller{Name: t.name, Roles: []Role{t.role}} }

// find gives the token of a hash, or nil. It takes as long whichever it is.
func (g *Guard) find(h hash) *token {
	var found *token
	for i := range g.tokens {
		if subtle.ConstantTimeCompare(h[:], g.tokens[i].hash[:]) == 1 {
			found = &g.tokens[i]
		}
	}
	return found
}

// Token is a new token: its secret, which nobody keeps but its owner, and the line of the token file that lets it in.
type Token struct{ Secret, Line string }

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$`)

// NewToken makes a token of 256 random bits. The zero time is one that never expires.
func NewToken(role Role, name string, expires time.Time) (Token, error) {
	if !nameForm.MatchString(name) {
		return Token{}, badName(name)
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails
	t := Token{Secret: "foreshock_" + base64.RawURLEncoding.EncodeToString(secret)}
	t.Line = line(role, t.Secret, name, expires)
	return t, nil
}

func badName(name string) error {
	return fmt.Errorf("the name %q of a token is not up to 64 letters, digits, - _ . @; it is what the journal calls its owner", name)
}

func line(role Role, secret, name string, expires time.Time) string {
	h := hashOf(secret)
	s := fmt.Sprintf("%s %s%s %s", role, hashPrefix, hex.EncodeToString(h[:]), name)
	if !expires.IsZero() {
		s += " expires=" + expires.UTC().Format(time.RFC3339)
	}
	return s
}

const hashPrefix = "sha256:"

// readTokens reads a file of tokens: lines "ROLE sha256:HASH NAME [expires=TIME]"; # begins a comment. All faults are in the error.
func readTokens(file string) ([]token, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("token_file: %w; make one with: foreshock token new --role admin --name NAME", err)
	}
	defer func() { _ = f.Close() }()
	var tokens []token
	var faults []error
	err = eachLine(f, func(n int, fields []string) {
		t, err := parseToken(fields)
		if err != nil {
			faults = append(faults, fmt.Errorf("token_file: %s:%d: %w", file, n, err))
		}
		tokens = append(tokens, t)
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("token_file: %s: %w", file, err)
	case len(tokens) == 0:
		return nil, fmt.Errorf("token_file: %s has no token; make one with: foreshock token new --role admin --name NAME", file)
	}
	return tokens, errors.Join(faults...)
}

// eachLine calls f with the fields of each line that is not empty, without comments.
func eachLine(r io.Reader, f func(number int, fields []string)) error {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if fields := strings.Fields(text); len(fields) > 0 {
			f(n, fields)
		}
	}
	return lines.Err()
}

var errPlain = errors.New("the token itself is in the file; only its hash may be: foreshock token hash FILE prints the file with hashes, and the tokens stay valid")

func parseToken(fields []string) (t token, err error) {
	if err = t.role.UnmarshalText([]byte(fields[0])); err != nil {
		return t, err
	}
	if len(fields) < 2 {
		return t, errors.New("expected ROLE sha256:HASH NAME [expires=TIME]")
	}
	text, hashed := strings.CutPrefix(fields[1], hashPrefix)
	if !hashed {
		return t, errPlain
	}
	if n, err := hex.Decode(t.hash[:], []byte(text[:min(len(text), 2*len(t.hash))])); err != nil || n != len(t.hash) || len(text) != 2*n {
		return t, errors.New("the hash is not sha256: and 64 hexadecimal digits")
	}
	if len(fields) < 3 || len(fields) > 4 {
		return t, errors.New("expected ROLE sha256:HASH NAME [expires=TIME]")
	}
	if t.name = fields[2]; !nameForm.MatchString(t.name) {
		return t, badName(t.name)
	}
	if len(fields) == 4 {
		text, ok := strings.CutPrefix(fields[3], "expires=")
		if !ok {
			return t, fmt.Errorf("%q is not expires=TIME", fields[3])
		}
		t.expires, err = ParseExpiry(text, time.Time{})
	}
	return t, err
}

// ParseExpiry reads when a token ends: a time (2027-01-31T12:00:00Z), a day (2027-01-31, to its end, UTC) or, where there is a now, a number of days from then (90d).
func ParseExpiry(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.AddDate(0, 0, 1), nil
	}
	var days int
	if n, err := fmt.Sscanf(text, "%dd", &days); !now.IsZero() && err == nil && n == 1 && days > 0 && text == fmt.Sprintf("%dd", days) {
		return now.AddDate(0, 0, days), nil
	}
	return time.Time{}, fmt.Errorf("%q is no end of a token; write for example 2027-01-31, 2027-01-31T12:00:00Z or, for a new token, 90d", text)
}

// HashTokens copies a file of tokens, with the hash in the place of each token that is there itself. Comments are not copied.
func HashTokens(w io.Writer, r io.Reader) error {
	var faults []error
	err := eachLine(r, func(n int, fields []string) {
		var role Role
		if err := role.UnmarshalText([]byte(fields[0])); err != nil || len(fields) < 2 {
			faults = append(faults, fmt.Errorf("line %d: expected ROLE TOKEN [NAME]", n))
			return
		}
		text := strings.Join(fields, " ")
		if !strings.HasPrefix(fields[1], hashPrefix) {
			name := fields[0]
			if len(fields) > 2 {
				name = fields[2]
			}
			text = line(role, fields[1], name, time.Time{})
		}
		if _, err := fmt.Fprintln(w, text); err != nil {
			faults = append(faults, err)
		}
	})
	return errors.Join(append(faults, err)...)
}

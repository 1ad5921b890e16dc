package access

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Sessions are the browsers that are signed in. They are in memory only: a restart signs everybody out, a reload nobody. The zero value is not ready; see NewSessions.
type Sessions struct {
	mu   sync.Mutex // guards byID
	byID map[hash]session
}

// session is what a browser has signed in with; what it may do is asked anew at each request, so that a token that is taken away, and a claim that has no
// role any more, end it.
type session struct {
	token   hash     // of the token, where it was one
	subject *subject // where it was an issuer's
	expires time.Time
}

const mostSessions = 10_000

// NewSessions makes an empty set.
func NewSessions() *Sessions { return &Sessions{byID: map[hash]session{}} }

// add keeps a session and gives the secret by which it is known. When there are too many, the one that ends first goes.
func (s *Sessions) add(x session) string {
	id := randomText()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byID) >= mostSessions {
		s.drop(time.Now())
	}
	s.byID[hashOf(id)] = x
	return id
}

func (s *Sessions) drop(now time.Time) {
	var first hash
	var ends time.Time
	for id, x := range s.byID {
		if !now.Before(x.expires) {
			delete(s.byID, id)
		} else if ends.IsZero() || x.expires.Before(ends) {
			first, ends = id, x.expires
		}
	}
	if len(s.byID) >= mostSessions {
		delete(s.byID, first)
	}
}

func (s *Sessions) get(id string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.byID[hashOf(id)]
	return x, ok && time.Now().Before(x.expires)
}

func (s *Sessions) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, hashOf(id))
}

func randomText() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// bySession says who a browser is that has signed in.
func (g *Guard) bySession(r *http.Request) (Caller, bool) {
	if g.sessions == nil {
		return Caller{}, false
	}
	c, err := r.Cookie(g.cookieName(r, "session"))
	if err != nil {
		return Caller{}, false
	}
	x, ok := g.sessions.get(c.Value)
	if !ok {
		return Caller{}, false
	}
	if x.subject != nil {
		return g.issuer.caller(x.subject)
	}
	t := g.find(x.token)
	if t == nil || t.expired(time.Now()) {
		return Caller{}, false
	}
	return t.caller(), true
}

// encrypted says whether the browser's connection is, also where a proxy ends it.
func (g *Guard) encrypted(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(g.config.URL, "https://")
}

// cookieName gives the name of a cookie. With the prefix __Host- browsers take it from this very host only, over TLS.
func (g *Guard) cookieName(r *http.Request, what string) string {
	if g.encrypted(r) {
		return "__Host-foreshock-" + what
	}
	return "foreshock-" + what
}

// cookie makes a cookie that no script can read and no other site can send along, but for following a link. A negative age takes it away.
func (g *Guard) cookie(r *http.Request, what, value string, age time.Duration) *http.Cookie {
	seconds := int(age.Seconds())
	if age < 0 {
		seconds = -1
	}
	return &http.Cookie{
		Name: g.cookieName(r, what), Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: g.encrypted(r), SameSite: http.SameSiteLaxMode,
	}
}

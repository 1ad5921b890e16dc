// Package accesstest has what tests of access need: an OpenID Connect issuer, an authority that signs certificates, and files of tokens.
package accesstest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
)

// ClientID is what the issuer calls the program under test.
const ClientID = "foreshock-under-test"

// Issuer is an OpenID Connect issuer that serves discovery, keys, and the authorization code flow with PKCE, in which everybody is signed in at once as Claims say.
type Issuer struct {
	URL    string
	Claims map[string]any // of who signs in

	key *rsa.PrivateKey

	mu    sync.Mutex // guards codes
	codes map[string]url.Values
}

// NewIssuer starts an issuer that ends with the test.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{key: key, codes: map[string]url.Values{}}
	known := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k", Algorithm: oidc.RS256}}}
	mux := http.NewServeMux()
	mux.Handle("/", known)
	mux.HandleFunc("GET /auth", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i.URL = server.URL
	known.SetIssuer(i.URL)
	return i
}

// Token signs claims, over those of a token for the program that is valid for an hour.
func (i *Issuer) Token(claims map[string]any) string { return i.SignedBy(i.key, oidc.RS256, claims) }

// SignedBy is a token with another's key or another algorithm.
func (i *Issuer) SignedBy(key any, algorithm string, claims map[string]any) string {
	all := map[string]any{"iss": i.URL, "aud": ClientID, "sub": "somebody", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix()}
	for name, v := range claims {
		all[name] = v
	}
	return oidctest.SignIDToken(key, "k", algorithm, string(encoded(all)))
}

// Unsigned is a token with the algorithm "none".
func (i *Issuer) Unsigned(claims map[string]any) string {
	all := map[string]any{"iss": i.URL, "aud": ClientID, "sub": "somebody", "exp": time.Now().Add(time.Hour).Unix()}
	for name, v := range claims {
		all[name] = v
	}
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"none","kid":"k"}`)) + "." + part(encoded(all)) + "."
}

// PublicKey is what the issuer publishes, as bytes that somebody could take for a shared secret.
func (i *Issuer) PublicKey() []byte { return i.key.N.Bytes() }

func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = q
	i.mu.Unlock()
	back := q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// token takes each code once, and only with the verifier of its challenge.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	asked, known := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	i.mu.Unlock()
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	w.Header().Set("Content-Type", "application/json")
	if !known || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]) || asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	claims := map[string]any{"nonce": asked.Get("nonce")}
	for name, v := range i.Claims {
		claims[name] = v
	}
	_, _ = w.Write(encoded(map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": i.Token(claims)}))
}

package access

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api/problem"
	"github.com/foreshock-io/foreshock/certs"
	"golang.org/x/oauth2"
)

// OIDC names an OpenID Connect issuer: whose tokens are believed, and where browsers sign in.
type OIDC struct {
	Issuer   string          `yaml:"issuer"`
	ClientID string          `yaml:"client_id"`
	Secret   string          `yaml:"client_secret_file"` // none: a public client, with PKCE alone
	Audience string          `yaml:"audience"`           // of bearer tokens; default client_id
	CA       string          `yaml:"ca_file"`            // of the issuer's certificate, where the system does not know it
	Scopes   []string        `yaml:"scopes"`             // asked for beside openid; default profile
	Claim    string          `yaml:"claim"`              // a text or a list of texts; a.b is b in a; default groups
	Name     string          `yaml:"name_claim"`         // what the journal calls a caller by; default sub
	Roles    map[string]Role `yaml:"roles"`              // from a value of the claim to a role
}

// subject is who an issuer says that somebody is.
type subject struct {
	issuer string
	name   string
	values []string // of the claim
}

// issuer asks an OpenID Connect issuer for its keys when they are needed first.
type issuer struct {
	config OIDC
	url    string // by which browsers reach this program
	secret string
	client *http.Client

	mu       sync.Mutex // guards what follows
	provider *oidc.Provider
	tried    time.Time
	err      error
}

func newIssuer(c *OIDC, external string) (*issuer, error) {
	i := &issuer{config: *c, url: strings.TrimSuffix(external, "/"), client: &http.Client{Timeout: askIssuer}}
	if err := i.config.complete(); err != nil {
		return nil, err
	}
	if c.Secret != "" {
		text, err := os.ReadFile(c.Secret)
		if err != nil {
			return nil, fmt.Errorf("oidc: client_secret_file: %w", err)
		}
		i.secret = strings.TrimSpace(string(text))
	}
	if c.CA != "" {
		pool, err := certs.Pool(c.CA)
		if err != nil {
			return nil, fmt.Errorf("oidc: ca_file: %w", err)
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
		i.client.Transport = transport
	}
	return i, nil
}

const (
	askIssuer  = 5 * time.Second  // that an answer of the issuer may take
	restIssuer = 10 * time.Second // after it did not answer
	mostValues = 1000             // of a claim
)

// complete puts defaults in and checks.
func (c *OIDC) complete() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("oidc: "+format, args...)) }
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !localHost(u.Host)) {
		fault("issuer %q is no https address; its keys say who is who, so they must come over TLS", c.Issuer)
	}
	if c.ClientID == "" {
		fault("client_id is needed: what the issuer calls this program")
	}
	if len(c.Roles) == 0 {
		fault("roles is needed: from values of the claim to roles, for example roles: {storage-admins: admin}")
	}
	if c.Audience == "" {
		c.Audience = c.ClientID
	}
	if c.Claim == "" {
		c.Claim = "groups"
	}
	if c.Name == "" {
		c.Name = "sub"
	}
	if c.Scopes == nil {
		c.Scopes = []string{"profile"}
	}
	return errors.Join(faults...)
}

// discover gives the issuer's addresses and keys. While it does not answer, it is asked now and then only.
func (i *issuer) discover() (*oidc.Provider, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.provider != nil || i.err != nil && time.Since(i.tried) < restIssuer {
		return i.provider, i.err
	}
	ctx, cancel := context.WithTimeout(i.context(context.Background()), askIssuer)
	defer cancel()
	i.provider, i.err = oidc.NewProvider(ctx, i.config.Issuer)
	i.tried = time.Now()
	if i.err != nil {
		i.err = problem.New(http.StatusServiceUnavailable, "the issuer %s cannot be asked: %s", i.config.Issuer, foreshock.OneLine(i.err.Error()))
	}
	return i.provider, i.err
}

// context makes the calls to the issuer go through its own client.
func (i *issuer) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, i.client)
}

// bearer knows a caller by a token of the issuer.
func (i *issuer) bearer(ctx context.Context, raw string) (Caller, error) {
	provider, err := i.discover()
	if err != nil {
		return Caller{}, err
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: i.config.Audience}).Verify(i.context(ctx), raw)
	if err != nil {
		return Caller{}, problem.New(http.StatusUnauthorized, "the token is not one of %s for this program: %s", i.config.Issuer, foreshock.OneLine(err.Error()))
	}
	s, err := i.subject(verified)
	if err != nil {
		return Caller{}, err
	}
	return i.mustHaveRole(s)
}

// mustHaveRole is the caller that a subject is, which has a role.
func (i *issuer) mustHaveRole(s *subject) (Caller, error) {
	c, ok := i.caller(s)
	if !ok {
		return Caller{}, problem.New(http.StatusForbidden, "%s has no role: no value of the claim %s is among access.oidc.roles", s.name, i.config.Claim)
	}
	return c, nil
}

// subject reads the claims.
func (i *issuer) subject(t *oidc.IDToken) (*subject, error) {
	var claims map[string]any
	if err := t.Claims(&claims); err != nil {
		return nil, problem.New(http.StatusUnauthorized, "the token's claims cannot be read: %s", foreshock.OneLine(err.Error()))
	}
	name, _ := claims[i.config.Name].(string)
	if name == "" {
		return nil, problem.New(http.StatusUnauthorized, "the token has no claim %s, by which the journal would call its owner", i.config.Name)
	}
	return &subject{issuer: i.config.Issuer, name: "oidc:" + foreshock.OneLine(name), values: texts(lookup(claims, i.config.Claim))}, nil
}

// lookup gives the claim of a name; where there is none, a.b is b in a.
func lookup(claims map[string]any, name string) any {
	if v, ok := claims[name]; ok {
		return v
	}
	first, rest, nested := strings.Cut(name, ".")
	inner, ok := claims[first].(map[string]any)
	if !nested || !ok {
		return nil
	}
	return lookup(inner, rest)
}

func texts(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		var list []string
		for _, item := range x[:min(len(x), mostValues)] {
			if s, ok := item.(string); ok {
				list = append(list, s)
			}
		}
		return list
	}
	return nil
}

// caller gives a subject the roles of its claim; ok is false when it has none.
func (i *issuer) caller(s *subject) (c Caller, ok bool) {
	if i == nil || s.issuer != i.config.Issuer {
		return Caller{}, false
	}
	c.Name = s.name
	for _, v := range s.values {
		if role, known := i.config.Roles[v]; known && !slices.Contains(c.Roles, role) {
			c.Roles = append(c.Roles, role)
		}
	}
	sort.Slice(c.Roles, func(a, b int) bool { return c.Roles[a] < c.Roles[b] })
	return c, len(c.Roles) > 0
}

// flow is how a browser signs in.
func (i *issuer) flow(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: i.config.ClientID, ClientSecret: i.secret, Endpoint: p.Endpoint(), RedirectURL: i.url + "/login/callback",
		Scopes: append([]string{oidc.ScopeOpenID}, i.config.Scopes...),
	}
}

// exchange makes the code that a browser brings back from the issuer into who it is.
func (i *issuer) exchange(ctx context.Context, code string, a attempt) (*subject, error) {
	provider, err := i.discover()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(i.context(ctx), askIssuer)
	defer cancel()
	answer, err := i.flow(provider).Exchange(ctx, code, oauth2.VerifierOption(a.verifier))
	if err != nil {
		return nil, problem.New(http.StatusUnauthorized, "the issuer does not take its code back: %s", foreshock.OneLine(err.Error()))
	}
	raw, _ := answer.Extra("id_token").(string)
	verified, err := provider.Verifier(&oidc.Config{ClientID: i.config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return nil, problem.New(http.StatusUnauthorized, "the issuer's answer is not valid: %s", foreshock.OneLine(err.Error()))
	}
	if verified.Nonce != a.nonce {
		return nil, problem.New(http.StatusUnauthorized, "the issuer's answer is to another question; sign in again")
	}
	return i.subject(verified)
}

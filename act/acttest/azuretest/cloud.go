// Package azuretest stands in for Microsoft Azure: Azure's official fake servers over HTTP, with managed disks, scale sets and virtual machines behind
// them that keep their rules to the letter, and with changes that go wrong in a mood.
package azuretest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/providers"
)

const (
	// Subscription is the one that there is.
	Subscription = "11111111-2222-3333-4444-555555555555"
	// Location is where everything is.
	Location = "westeurope"
	// Token is what the identity of the machine gets.
	Token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL21hbmFnZW1lbnQifQ.c2lnbmF0dXJl"
	// secret is what the machine shows to get it.
	secret = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a"
)

// Cloud is a subscription. It is safe for concurrent use.
type Cloud struct {
	*acttest.Faults[Call]
	Now      func() time.Time // default: time.Now
	Updating time.Duration    // how long a change is under way; default 20ms

	mu      sync.Mutex // guards the rest
	types   map[string]providers.VolumeType
	disks   map[string]*Disk // by "group/name"
	sets    map[string]*ScaleSet
	vms     map[string]*VM
	sizes   map[string]Size
	usages  map[string]Usage
	scaled  map[string]bool // the scale sets that an autoscale setting sets
	points  []Points
	events  []event
	allowed []string // the rights that the caller has; nil: all
	used    map[string]bool
	noToken bool
	servers map[string]server // by the path of what is long-running
}

// New returns a cloud with nothing in it.
func New() *Cloud {
	types, err := providers.VolumeTypes("azure-disks", "")
	if err != nil {
		panic(err) // they are part of the program
	}
	return &Cloud{
		Now: time.Now, Updating: 20 * time.Millisecond, types: types, disks: map[string]*Disk{}, sets: map[string]*ScaleSet{}, vms: map[string]*VM{},
		sizes: map[string]Size{}, usages: map[string]Usage{}, scaled: map[string]bool{}, used: map[string]bool{}, servers: map[string]server{},
		Faults: acttest.NewFaults[Call](),
	}
}

// Environment is that in which the SDK finds the endpoint of the cloud's identities, and the subscription.
func Environment(address string) map[string]string {
	return map[string]string{
		"AZURE_SUBSCRIPTION_ID": Subscription, "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential", "IDENTITY_ENDPOINT": address + "/identity/token",
		"IDENTITY_HEADER": secret,
	}
}

// Start serves the cloud for a test, sets the environment, and gives the address.
func (c *Cloud) Start(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(c)
	t.Cleanup(func() { c.Close(); server.Close() })
	for name, value := range Environment(server.URL) {
		t.Setenv(name, value)
	}
	return server.URL
}

// Secrets are what must not be told to anybody.
func Secrets() []string { return []string{secret, Token, "c2lnbmF0dXJl"} }

// Allow leaves the caller these rights only, as "Microsoft.Compute/disks/read".
func (c *Cloud) Allow(actions ...string) { c.mu.Lock(); defer c.mu.Unlock(); c.allowed = actions }

// Used lists the rights that were needed so far.
func (c *Cloud) Used() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.used))
}

// WithoutToken lets the machine have no identity.
func (c *Cloud) WithoutToken() { c.mu.Lock(); defer c.mu.Unlock(); c.noToken = true }

// ServeHTTP answers one call.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/identity/token" {
		c.identity(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+Token {
		say(w, &refusal{http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed."})
		return
	}
	call, known := routeOf(r)
	if !known {
		say(w, &refusal{http.StatusNotFound, "InvalidResourceType", r.Method + " " + r.URL.Path + " is not known here"})
		return
	}
	if !c.may(call.right) {
		say(w, &refusal{http.StatusForbidden, "AuthorizationFailed", fmt.Sprintf(
			"The client 'foreshock' with object id '%s' does not have authorization to perform action '%s' over scope '%s'.", Subscription, call.right, r.URL.Path)})
		return
	}
	if call.changes {
		c.change(w, r, call)
		return
	}
	c.serve(w, r, call)
}

func (c *Cloud) may(right string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used[right] = true
	return c.allowed == nil || slices.ContainsFunc(c.allowed, func(a string) bool { return strings.EqualFold(a, right) })
}

// identity is the endpoint of managed identities of App Service, with api-version 2019-08-01.
func (c *Cloud) identity(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	none := c.noToken
	c.mu.Unlock()
	if none || r.Header.Get("X-Identity-Header") != secret {
		say(w, &refusal{http.StatusBadRequest, "invalid_request", "there is no identity for " + r.Header.Get("X-Identity-Header")})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{
		"access_token": Token, "expires_on": fmt.Sprint(time.Now().Add(24 * time.Hour).Unix()), "resource": r.URL.Query().Get("resource"), "token_type": "Bearer",
	})
}

// refusal is an answer that is an error.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

// say answers with an error in the form of the Resource Manager.
func say(w http.ResponseWriter, r *refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-ms-error-code", r.code)
	w.WriteHeader(r.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": r.code, "message": r.message}})
}

// serve passes a call to the fake server that has it.
func (c *Cloud) serve(w http.ResponseWriter, r *http.Request, call route) {
	answer, err := c.serverOf(r, call).Do(asCalled(r, call))
	var no *refusal
	var failed *azcore.ResponseError
	switch {
	case errors.As(err, &no):
		say(w, no)
		return
	case errors.As(err, &failed):
		say(w, &refusal{failed.StatusCode, failed.ErrorCode, "The operation failed."})
		return
	case err != nil:
		say(w, &refusal{http.StatusInternalServerError, "InternalServerError", err.Error()})
		return
	}
	defer answer.Body.Close()
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}

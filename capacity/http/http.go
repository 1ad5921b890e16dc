// Package http is a planner that asks an external planning system, by the protocol in docs/capacity-protocol.md. What is asked,
// granted and refused there is decided there; what cannot be asked is an error, and then nothing grows.
package http

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	nethttp "net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/certs"
	"github.com/foreshock-io/foreshock/webhooks"
)

// Config is the http block of a configuration file.
type Config struct {
	URL       string        `yaml:"url"`        // of the planning system; the protocol's paths are added to it
	AllowHTTP bool          `yaml:"allow_http"` // to other machines without TLS: anyone on the way can read and change what is said
	Client    string        `yaml:"client"`     // by which the planning system knows this program; default: the host's name
	Token     string        `yaml:"token"`      // bearer token; better in a file, or as ${env:NAME}
	TokenFile string        `yaml:"token_file"` // read anew for each call
	CAFile    string        `yaml:"ca_file"`    // certificates (PEM) to trust instead of the system's
	Timeout   time.Duration `yaml:"timeout"`    // of a call with all its tries; default 5s
	Tries     int           `yaml:"tries"`      // default 3
}

// Factory offers this planner to configuration files as "http".
var Factory = capacity.Factory{Name: "http", New: func(decode func(any) error, env capacity.Env) (capacity.Planner, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Defaults are the settings where a file says nothing.
func Defaults() Config {
	host, _ := os.Hostname() // where it has none, the check asks for a client
	return Config{Client: host, Timeout: 5 * time.Second, Tries: 3}
}

// New makes a planner of the settings. It calls nobody.
func New(cfg Config, env capacity.Env) (*Planner, error) {
	base, err := address(cfg)
	roots, err2 := certs.Authorities(cfg.CAFile)
	if err := errors.Join(err, err2, cfg.check()); err != nil {
		return nil, err
	}
	p := &Planner{cfg: cfg, base: base, log: env.Log, wait: webhooks.Wait}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.http = &nethttp.Client{
		Transport: &nethttp.Transport{
			DialContext:         webhooks.Dial(cfg.Timeout, true), // no proxy: the address that is dialled is the one that is checked
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*nethttp.Request, []*nethttp.Request) error { return nethttp.ErrUseLastResponse },
	}
	return p, nil
}

func (c Config) check() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(c.Client != "" && len(c.Client) <= 128 && !strings.ContainsAny(c.Client, "/\r\n"),
		"client is %q; give a name of at most 128 bytes without a slash, by which the planning system knows this program", c.Client)
	check(c.Token == "" || c.TokenFile == "", "token and token_file exclude each other")
	check(c.Timeout >= time.Millisecond, "timeout is %s; it must be 1ms or more", c.Timeout)
	check(c.Tries >= 1 && c.Tries <= 10, "tries is %d; it must be 1 to 10", c.Tries)
	return errors.Join(faults...)
}

// address checks where the calls go.
func address(c Config) (string, error) {
	u, err := url.Parse(c.URL)
	switch {
	case c.URL == "":
		return "", errors.New("url is missing; write for example https://planner.example.com")
	case err != nil:
		return "", errors.New("url is not an address; write for example https://planner.example.com") // err would repeat a password in it
	case u.User != nil:
		return "", errors.New("url must not hold a user or password; use token_file")
	case u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("url must end with its path: without ? and #")
	case u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("url is %q; write for example https://planner.example.com", c.URL)
	case u.Scheme == "http" && !c.AllowHTTP && !loopback(u.Hostname()):
		return "", errors.New("url leaves this machine without TLS; use https, or set allow_http: true")
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

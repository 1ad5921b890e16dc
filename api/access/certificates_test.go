package access_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/api/access/accesstest"
)

// encrypted serves who over TLS as a guard says, to those who may read.
func encrypted(t *testing.T, g *access.Guard) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler:   access.Harden(g.Require(access.Read, who)),
		TLSConfig: &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return g.TLS(), nil }},
	}
	go func() { _ = server.ServeTLS(l, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	return "https://" + l.Addr().String()
}

// call asks with a client's certificate, where there is one; it gives what is said, and the name of the server's certificate.
func call(t *testing.T, url string, a *accesstest.Authority, cert, key string) (status int, body, server string, err error) {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(accesstest.Certificate(t, a.File))
	c := &tls.Config{RootCAs: pool}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	transport := &http.Transport{TLSClientConfig: c}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		return 0, "", "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), resp.TLS.PeerCertificates[0].Subject.CommonName, err
}

func TestClientsCertificates(t *testing.T) {
	ours, theirs := accesstest.NewAuthority(t), accesstest.NewAuthority(t)
	cert, key := ours.Server("foreshock.example")
	settings := access.TLS{
		Cert: cert, Key: key, ClientCA: ours.File,
		Clients: []access.Client{{Name: "grafana", Role: access.Read}, {Name: "agent.example", Role: access.Push}, {Name: "ops.example", Role: access.Admin}},
	}
	c := access.Default()
	c.TLS = &settings
	url := encrypted(t, newGuard(t, c, ""))
	f := func(cert, key string, status int, want string) {
		t.Helper()
		got, body, _, err := call(t, url, ours, cert, key)
		if status == 0 && err == nil || got != status || status == 200 && body != want {
			t.Errorf("%s: %d, %s, %v; want %d %s", cert, got, body, err, status, want)
		}
	}
	pair := func(a *accesstest.Authority, name string, alternative ...string) (string, string) {
		return a.Client(name, alternative...)
	}
	f("", "", 401, "")
	cert, key = pair(ours, "grafana")
	f(cert, key, 200, "cert:grafana")
	cert, key = pair(ours, "somebody", "ops.example")
	f(cert, key, 200, "cert:ops.example")
	cert, key = pair(ours, "agent.example")
	f(cert, key, 403, "")
	cert, key = pair(ours, "nobody")
	f(cert, key, 401, "")
	cert, key = pair(theirs, "grafana")
	f(cert, key, 0, "")

	settings.Required = true
	url = encrypted(t, newGuard(t, c, ""))
	f("", "", 0, "")
	cert, key = pair(ours, "grafana")
	f(cert, key, 200, "cert:grafana")
}

// New files are served without a restart; files that are of no use leave what there was.
func TestCertificateIsRenewed(t *testing.T) {
	a := accesstest.NewAuthority(t)
	cert, key := a.Server("first")
	c := access.Default()
	c.TLS = &access.TLS{Cert: cert, Key: key}
	url := encrypted(t, newGuard(t, c, ""))
	f := func(want string) {
		t.Helper()
		if _, _, name, err := call(t, url, a, "", ""); err != nil || name != want {
			t.Errorf("%s, %v; want %s", name, err, want)
		}
	}
	copyTo := func(from, to string, age time.Duration) {
		t.Helper()
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, text, 0o600)
		}
		if err == nil {
			err = os.Chtimes(to, time.Now(), time.Now().Add(-age)) // a file system may tell times by the second
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f("first")
	newCert, newKey := a.Server("second")
	copyTo(newCert, cert, 3*time.Hour)
	f("first") // the key is still that of the first
	copyTo(newKey, key, 2*time.Hour)
	f("second")
}

func TestCertificateFaults(t *testing.T) {
	a := accesstest.NewAuthority(t)
	cert, key := a.Server("x")
	f := func(s access.TLS) {
		t.Helper()
		c := access.Default()
		c.TLS = &s
		if _, err := access.New(c, "", quiet); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	f(access.TLS{Cert: cert})
	f(access.TLS{Cert: cert, Key: cert})
	f(access.TLS{Cert: cert, Key: key, Required: true})
	f(access.TLS{Cert: cert, Key: key, ClientCA: key})
	f(access.TLS{Cert: cert, Key: key, ClientCA: a.File, Clients: []access.Client{{Role: access.Admin}}})
}

func TestHarden(t *testing.T) {
	a := accesstest.NewAuthority(t)
	cert, key := a.Server("x")
	c := access.Default()
	c.TLS = &access.TLS{Cert: cert, Key: key}
	url := encrypted(t, newGuard(t, c, ""))
	pool := x509.NewCertPool()
	pool.AddCert(accesstest.Certificate(t, a.File))
	resp, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
		"Content-Security-Policy":      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000", "Access-Control-Allow-Origin": "",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

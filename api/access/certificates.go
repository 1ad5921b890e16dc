package access

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock/certs"
)

// TLS says how the listener encrypts, and whose certificates say who a client is. Files that change are read again at the next connection.
type TLS struct {
	Cert     string   `yaml:"cert_file"`
	Key      string   `yaml:"key_file"`
	ClientCA string   `yaml:"client_ca_file"` // of the certificates of clients
	Required bool     `yaml:"require_client"` // nobody connects without a certificate; else a token or a session will do as well
	Clients  []Client `yaml:"clients"`
}

// Client gives a role to those whose certificate has the name: its common name or one of its alternative names (DNS name, e-mail address, IP address, URI).
type Client struct {
	Name string `yaml:"name"`
	Role Role   `yaml:"role"`
}

// certificates are those of the listener as their files have them now. A nil *certificates knows nobody.
type certificates struct {
	config *TLS
	log    *slog.Logger

	mu     sync.Mutex // guards what follows
	read   []time.Time
	server *tls.Config
}

func newCertificates(c *TLS, log *slog.Logger) (*certificates, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &certificates{config: c, log: log}
	var err error
	s.read = s.changed()
	s.server, err = c.load()
	return s, err
}

func (c *TLS) check() error {
	var faults []error
	if c.Cert == "" || c.Key == "" {
		faults = append(faults, errors.New("tls: cert_file and key_file are both needed"))
	}
	if c.ClientCA == "" && (len(c.Clients) > 0 || c.Required) {
		faults = append(faults, errors.New("tls: clients and require_client need client_ca_file, the authority that signs the certificates of clients"))
	}
	for i, client := range c.Clients {
		if client.Name == "" {
			faults = append(faults, fmt.Errorf("tls: clients[%d] has no name; give the common name or an alternative name of the certificate", i))
		}
	}
	return errors.Join(faults...)
}

// load reads the files.
func (c *TLS) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: cert_file, key_file: %w", err)
	}
	server := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
	if c.ClientCA == "" {
		return server, nil
	}
	if server.ClientCAs, err = certs.Pool(c.ClientCA); err != nil {
		return nil, fmt.Errorf("tls: client_ca_file: %w", err)
	}
	server.ClientAuth = tls.VerifyClientCertIfGiven
	if c.Required {
		server.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return server, nil
}

// changed gives when each file was written last.
func (s *certificates) changed() []time.Time {
	var times []time.Time
	for _, file := range []string{s.config.Cert, s.config.Key, s.config.ClientCA} {
		var t time.Time
		if info, err := os.Stat(file); err == nil {
			t = info.ModTime()
		}
		times = append(times, t)
	}
	return times
}

// current is what a new connection is served with. Files that cannot be used, perhaps because they are being written, leave what there was.
func (s *certificates) current() *tls.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.changed()
	if slices.Equal(now, s.read) {
		return s.server
	}
	s.read = now
	server, err := s.config.load()
	if err != nil {
		s.log.Error("the new certificate is of no use; the one before stays", "err", err)
		return s.server
	}
	s.log.Info("the certificate was read again", "file", s.config.Cert)
	s.server = server
	return server
}

// TLS is what the listener serves a new connection with; nil: it does not encrypt.
func (g *Guard) TLS() *tls.Config {
	if g.tls == nil {
		return nil
	}
	return g.tls.current()
}

// byCertificate says who a client is by the certificate that it has shown and that the authority has signed.
func (s *certificates) byCertificate(state *tls.ConnectionState) (Caller, bool) {
	if s == nil || state == nil || len(state.VerifiedChains) == 0 {
		return Caller{}, false
	}
	names := namesOf(state.VerifiedChains[0][0])
	var c Caller
	for _, client := range s.config.Clients {
		if !slices.Contains(names, client.Name) {
			continue
		}
		if c.Name == "" {
			c.Name = "cert:" + client.Name
		}
		c.Roles = append(c.Roles, client.Role)
	}
	return c, c.Name != ""
}

func namesOf(c *x509.Certificate) []string {
	names := append(append([]string{}, c.DNSNames...), c.EmailAddresses...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	for _, u := range c.URIs {
		names = append(names, u.String())
	}
	if c.Subject.CommonName != "" {
		names = append(names, c.Subject.CommonName)
	}
	return names
}

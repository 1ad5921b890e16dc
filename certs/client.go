package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// Client is the tls block of what connects to a server over the network.
type Client struct {
	CAFile             string `yaml:"ca_file"`              // certificates to trust; default the system's
	CertFile           string `yaml:"cert_file"`            // own certificate, where the server asks for one; read anew for each connection
	KeyFile            string `yaml:"key_file"`             // its key
	ServerName         string `yaml:"server_name"`          // expected in the server's certificate; default the host's name
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify"` // trust any certificate: for trials only
}

// Config reads the files. A nil Client gives nil: no TLS.
func (c *Client) Config() (*tls.Config, error) {
	if c == nil {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName, InsecureSkipVerify: c.InsecureSkipVerify}
	var err error
	if cfg.RootCAs, err = Authorities(c.CAFile); err != nil {
		return nil, fmt.Errorf("tls.%w", err)
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return nil, errors.New("tls.cert_file and tls.key_file go together; set both or none")
	}
	if c.CertFile != "" {
		if _, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile); err != nil {
			return nil, fmt.Errorf("tls.cert_file: %w", err)
		}
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			cert, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
			return &cert, err
		}
	}
	return cfg, nil
}

// Authorities reads the setting ca_file: certificates to trust, in PEM. Of "" it gives nil, which is the system's.
func Authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pool, err := Pool(file)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	return pool, nil
}

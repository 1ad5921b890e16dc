// Package certs reads what a listener of its own shows to those who connect to it and asks of them, and the same of a client.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// Server names the files of a listener, all in PEM. The zero value has no TLS.
type Server struct {
	Cert     string `yaml:"cert_file"`      // the server's certificate; without it there is no TLS
	Key      string `yaml:"key_file"`       // and its key
	ClientCA string `yaml:"client_ca_file"` // who connects must have a certificate of one of these authorities
}

// Config reads the files; it is nil without TLS.
func (s Server) Config() (*tls.Config, error) {
	if s.Cert == "" && s.Key == "" {
		if s.ClientCA != "" {
			return nil, errors.New("client_ca_file needs cert_file and key_file")
		}
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(s.Cert, s.Key)
	if err != nil {
		return nil, fmt.Errorf("cert_file and key_file: %w", err)
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if s.ClientCA == "" {
		return cfg, nil
	}
	if cfg.ClientCAs, err = Pool(s.ClientCA); err != nil {
		return nil, fmt.Errorf("client_ca_file: %w", err)
	}
	cfg.ClientAuth = tls.RequireAndVerifyClientCert
	return cfg, nil
}

// Pool reads the certificates of a file, in PEM.
func Pool(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate in PEM form", file)
	}
	return pool, nil
}

// Package libvirt opens sessions with a libvirt daemon, for the components of several stages that speak to one: the same settings, the same
// bounds on what comes over the wire, the same meaning of time-outs.
package libvirt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"time"

	rpc "github.com/digitalocean/go-libvirt"
)

// Config says which daemon, and which of its drivers.
type Config struct {
	URI    string `yaml:"uri"`    // default qemu:///system
	Socket string `yaml:"socket"` // default /run/libvirt/libvirt-sock; a daemon elsewhere: ssh -L a socket to it
}

// Defaults gives the settings of an empty block.
func Defaults() Config {
	return Config{URI: string(rpc.QEMUSystem), Socket: "/run/libvirt/libvirt-sock"}
}

// Check says what is wrong with the settings.
func (c Config) Check() error {
	var faults []error
	if u, err := url.Parse(c.URI); err != nil || u.Scheme == "" {
		faults = append(faults, fmt.Errorf("uri %q is none of libvirt; write for example qemu:///system", c.URI))
	} else if u.Host != "" || u.RawQuery != "" {
		faults = append(faults, fmt.Errorf("uri %q names a host or parameters; write %s://%s, and in socket the one of that host's daemon, forwarded by ssh -L", c.URI, u.Scheme, u.Path))
	}
	if !filepath.IsAbs(c.Socket) {
		faults = append(faults, fmt.Errorf("socket must be an absolute path, not %q", c.Socket))
	}
	return errors.Join(faults...)
}

// Session is an open connection to the daemon. It is safe for concurrent use.
type Session struct {
	*rpc.Libvirt
	conn net.Conn
}

// farewell is how long the daemon may take to say goodbye.
const farewell = time.Second

// Open opens a session. Nothing of it outlives Close.
func (c Config) Open(ctx context.Context) (*Session, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", c.Socket)
	if err != nil {
		return nil, fmt.Errorf("libvirt at %s: %w; is the daemon running, and may this user open its socket?", c.Socket, err)
	}
	s := &Session{conn: conn}
	s.Libvirt = rpc.NewWithDialer(dialed{&framed{Conn: conn}})
	err = s.Do(ctx, func(l *rpc.Libvirt) error { return l.ConnectToURI(rpc.ConnectURI(c.URI)) })
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("open %s at %s: %w", c.URI, c.Socket, err)
	}
	return s, nil
}

// Do lets f make calls. When ctx ends, the session is closed and the call that is under way interrupted: whether the daemon has heard it, or does
// it yet, is then not known.
func (s *Session) Do(ctx context.Context, f func(*rpc.Libvirt) error) error {
	stop := context.AfterFunc(ctx, func() { _ = s.conn.Close() })
	err := f(s.Libvirt)
	if !stop() && err != nil {
		return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	return err
}

// Close ends the session.
func (s *Session) Close() {
	timer := time.AfterFunc(farewell, func() { _ = s.conn.Close() })
	_ = s.Disconnect()
	timer.Stop()
	_ = s.conn.Close()
}

// With opens a session for f and closes it.
func (c Config) With(ctx context.Context, f func(*rpc.Libvirt) error) error {
	s, err := c.Open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Do(ctx, f)
}

// Probe says whether the daemon answers, and how many domains it has.
func (c Config) Probe(ctx context.Context) (found string, err error) {
	err = c.With(ctx, func(l *rpc.Libvirt) error {
		domains, _, err := l.ConnectListAllDomains(1, 0)
		if err != nil {
			return fmt.Errorf("list the domains of %s: %w; let this user read them, or open another uri", c.URI, err)
		}
		found = fmt.Sprintf("libvirt answers, with %d domains", len(domains))
		return nil
	})
	return found, err
}

// dialed is a dialer whose connection is there already.
type dialed struct{ conn net.Conn }

func (d dialed) Dial() (net.Conn, error) { return d.conn, nil }

// IsCode says whether an error is the daemon's, with one of the codes.
func IsCode(err error, codes ...rpc.ErrorNumber) bool {
	var e rpc.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, code := range codes {
		if e.Code == uint32(code) {
			return true
		}
	}
	return false
}

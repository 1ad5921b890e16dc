// Package vsphere keeps a session with a vCenter (or an ESXi host), for the components of several stages that speak to one.
package vsphere

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Config says which vCenter, and who asks.
type Config struct {
	URL          string `yaml:"url"`           // https://vcenter.example/sdk
	Username     string `yaml:"username"`      // for example foreshock@vsphere.local
	PasswordFile string `yaml:"password_file"` // its first line; read at each login
	CAFile       string `yaml:"ca_file"`       // default the system's
	Insecure     bool   `yaml:"insecure"`      // take any certificate; default false
}

// Client is a session that is opened with the first call and again when the server has ended it. It is safe for concurrent use.
type Client struct {
	cfg Config
	url *url.URL

	mu     sync.Mutex    // guards client, and lets one log in at a time
	client *vim25.Client // nil: not logged in
}

// New checks the settings. It opens nothing.
func New(cfg Config) (*Client, error) {
	var faults []error
	u, err := soap.ParseURL(cfg.URL)
	switch {
	case err != nil || u == nil || u.Host == "":
		faults = append(faults, fmt.Errorf("url %q is none of a vCenter; write for example https://vcenter.example/sdk", cfg.URL))
	case u.User.Username() != "":
		faults = append(faults, errors.New("url must hold no name and no password; use username and password_file"))
	}
	if cfg.Username == "" {
		faults = append(faults, errors.New("username is missing"))
	}
	if cfg.PasswordFile == "" {
		faults = append(faults, errors.New("password_file is missing: a file whose first line is the password"))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	u.User = nil // ParseURL puts an empty one
	return &Client{cfg: cfg, url: u}, nil
}

// Do makes calls. When the server does not know the session any more, the next Do opens another; nothing is called again.
func (c *Client) Do(ctx context.Context, f func(*vim25.Client) error) error {
	client, err := c.login(ctx)
	if err != nil {
		return fmt.Errorf("vCenter at %s: %w", c.url.Host, err)
	}
	err = f(client)
	if HasFault[types.NotAuthenticated](err) {
		c.mu.Lock()
		if c.client == client {
			c.client = nil
		}
		c.mu.Unlock()
	}
	return err
}

func (c *Client) login(ctx context.Context) (*vim25.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil {
		return c.client, nil
	}
	text, err := os.ReadFile(c.cfg.PasswordFile)
	if err != nil {
		return nil, err
	}
	password, _, _ := strings.Cut(string(text), "\n")
	sc := soap.NewClient(c.url, c.cfg.Insecure)
	if c.cfg.CAFile != "" {
		if err := sc.SetRootCAs(c.cfg.CAFile); err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
	}
	client, err := vim25.NewClient(ctx, sc)
	if err != nil {
		return nil, err
	}
	if err := session.NewManager(client).Login(ctx, url.UserPassword(c.cfg.Username, strings.TrimSuffix(password, "\r"))); err != nil {
		return nil, fmt.Errorf("log in as %s: %w", c.cfg.Username, err)
	}
	c.client = client
	return client, nil
}

// Probe says whether the server answers and lets the user in, and what it is.
func (c *Client) Probe(ctx context.Context) (found string, err error) {
	defer c.Close()
	err = c.Do(ctx, func(client *vim25.Client) error {
		found = client.ServiceContent.About.FullName + " answers"
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("%w; check url, username, password_file and ca_file", err)
	}
	return found, nil
}

// farewell is how long the server may take to end the session.
const farewell = 2 * time.Second

// Close ends the session, if there is one.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	_ = session.NewManager(c.client).Logout(ctx)
	c.client = nil
}

// Fault gives what the server says in an error, or nil where the error is none of its own.
func Fault(err error) any {
	var task interface{ Fault() types.BaseMethodFault }
	for e := err; e != nil; e = errors.Unwrap(e) {
		switch {
		case soap.IsSoapFault(e):
			return soap.ToSoapFault(e).VimFault()
		case soap.IsVimFault(e):
			return soap.ToVimFault(e)
		}
	}
	if errors.As(err, &task) {
		return task.Fault()
	}
	return nil
}

// HasFault says whether an error is one that the server calls F.
func HasFault[F any](err error) bool {
	switch Fault(err).(type) {
	case *F, F:
		return true
	}
	return false
}

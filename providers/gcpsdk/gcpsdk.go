// Package gcpsdk is what all that call Google Cloud have in common: application default credentials and nothing else, names of resources, and errors
// without a credential in them.
package gcpsdk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"google.golang.org/api/option"
)

// Account is a project, and how it is called.
type Account struct {
	Project     string
	endpoint    string
	credentials *auth.Credentials
}

// The scopes of a credential's tokens; the rights themselves are those of its roles.
const (
	Compute    = "https://www.googleapis.com/auth/compute"
	ReadOnly   = "https://www.googleapis.com/auth/compute.readonly"
	Monitoring = "https://www.googleapis.com/auth/monitoring.read"
)

var projectID = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)

// Load makes an account of settings: project is by default $GOOGLE_CLOUD_PROJECT; endpoint is by default the service's own. It calls nobody: credentials
// are looked for when the first call needs one.
func Load(project, endpoint, scope string) (Account, error) {
	if project == "" {
		project = os.Getenv("GOOGLE_CLOUD_PROJECT")
	}
	var errs []error
	if !projectID.MatchString(project) {
		errs = append(errs, fmt.Errorf("project is %q; state the project's ID, or GOOGLE_CLOUD_PROJECT in the environment", project))
	}
	if at, err := url.Parse(endpoint); endpoint != "" {
		switch {
		case err != nil || at.Host == "" || at.User != nil || strings.Trim(at.Path, "/") != "" || at.RawQuery != "":
			errs = append(errs, errors.New("endpoint must be a URL without a path, for example https://compute-foreshock.p.googleapis.com"))
		case at.Scheme != "https" && !(at.Scheme == "http" && net.ParseIP(at.Hostname()).IsLoopback()):
			errs = append(errs, errors.New("endpoint must begin with https: tokens are sent there"))
		}
	}
	found := &defaults{scope: scope}
	return Account{project, strings.TrimSuffix(endpoint, "/"), auth.NewCredentials(&auth.CredentialsOptions{TokenProvider: found})}, errors.Join(errs...)
}

// silent keeps the SDK from logging requests and tokens, whatever its environment says.
var silent = slog.New(slog.DiscardHandler)

// Options are those of a service's client.
func (a Account) Options() []option.ClientOption {
	list := []option.ClientOption{option.WithAuthCredentials(a.credentials), option.WithUserAgent("foreshock"), option.WithLogger(silent)}
	if a.endpoint != "" {
		list = append(list, option.WithEndpoint(a.endpoint))
	}
	return list
}

// Ready gets a token, which is kept: so that a change that follows sends nothing else first.
func (a Account) Ready(ctx context.Context) error {
	_, err := a.credentials.Token(ctx)
	return err
}

// defaults are the application default credentials, looked for when they are needed first.
type defaults struct {
	scope string

	mu    sync.Mutex // guards found
	found *auth.Credentials
}

func (d *defaults) Token(ctx context.Context) (*auth.Token, error) {
	found, err := d.find()
	if err != nil {
		return nil, err
	}
	return found.Token(ctx)
}

func (d *defaults) find() (*auth.Credentials, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found == nil {
		found, err := credentials.DetectDefault(&credentials.DetectOptions{Scopes: []string{d.scope}, UseSelfSignedJWT: true, Logger: silent})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNoCredentials, err)
		}
		d.found = found
	}
	return d.found, nil
}

// Last is the last part of a resource's name or address: its own name.
func Last(link string) string { return link[strings.LastIndex(link, "/")+1:] }

// Part is the part of a resource's address after a word, as the zone's name after "zones"; "" where there is none.
func Part(link, word string) string {
	_, after, _ := strings.Cut(link, "/"+word+"/")
	part, _, _ := strings.Cut(after, "/")
	return part
}

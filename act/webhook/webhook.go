// Package webhook asks a service of one's own for changes: signed JSON over HTTPS, in a small protocol that the README describes.
//
// It is the target for infrastructure that Foreshock does not know. The service carries out an action once per ID, so here a change may be
// sent again; elsewhere it never is.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/webhooks"
)

// Config is the webhook block of a configuration file.
type Config struct {
	URL        string        `yaml:"url"`         // of the service, to which the protocol adds its paths: https, or http on this machine
	SecretFile string        `yaml:"secret_file"` // "whsec_" and base64, or any text of at least 24 bytes; read anew for each call
	Secret     string        `yaml:"secret"`      // the same, for ${env:NAME}; either of the two
	CAFile     string        `yaml:"ca_file"`     // certificates (PEM) to trust instead of the system's
	Timeout    time.Duration `yaml:"timeout"`     // of one try; default 3s
	Tries      int           `yaml:"tries"`       // of a change; default 3
	Patience   time.Duration `yaml:"patience"`    // with all tries of a change and the waits between them; default 9s
	Backoff    time.Duration `yaml:"backoff"`     // the bound of the first wait, doubled each time; default 250ms
}

// Factory offers this target to configuration files as "webhook".
var Factory = act.Factory{Name: "webhook", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Defaults are the settings where a file says nothing.
func Defaults() Config {
	return Config{Timeout: 3 * time.Second, Tries: 3, Patience: 9 * time.Second, Backoff: 250 * time.Millisecond}
}

// Target is a service.
type Target struct {
	act.ByRules
	cfg  Config
	base string
	name string
	log  *slog.Logger
	http *http.Client
	wait func(context.Context, time.Duration) error
}

var _ act.Target = (*Target)(nil)

// New makes a target of the settings. It calls nobody.
func New(cfg Config, env act.Env) (*Target, error) {
	t := &Target{cfg: cfg, name: env.Name, log: env.Log, wait: webhooks.Wait}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	base, onThisMachine, err := webhooks.Address(cfg.URL)
	_, errSecret := webhooks.Keys(cfg.SecretFile, cfg.Secret)
	transport, errCA := webhooks.Transport(cfg.CAFile, cfg.Timeout, onThisMachine)
	if err := errors.Join(err, errSecret, errCA, cfg.check()); err != nil {
		return nil, err
	}
	t.base = base
	t.http = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return t, nil
}

func (c Config) check() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.Timeout > 0, "timeout must be above 0, not %s", c.Timeout)
	check(c.Tries >= 1 && c.Tries <= 10, "tries must be between 1 and 10, not %d", c.Tries)
	check(c.Patience >= c.Timeout, "patience must be at least timeout (%s), not %s", c.Timeout, c.Patience)
	check(c.Backoff > 0, "backoff must be above 0, not %s", c.Backoff)
	return errors.Join(errs...)
}

// Package target is an example of a target: the workers of a service whose supervisor reads how many are to run from a file, one file per service.
//
// It is one folder, which passes the kit of act/acttest, and one line in app/targets.go; CONTRIBUTING.md has the steps. Its test adds the line to a
// copy of that list, and builds the program with it.
package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// Config is the workers block of a configuration file.
type Config struct {
	Folder string `yaml:"folder"` // with a file for each service, in which stands how many workers it has
	Most   int    `yaml:"most"`   // workers of a service; default 64
}

// Factory offers this target to configuration files as "workers".
var Factory = act.Factory{Name: "workers", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	cfg := Config{Most: 64}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

type target struct {
	act.ByRules
	Config
	name string
	put  func(root *os.Root, file, text string) error
}

// New checks the settings. It opens nothing yet.
func New(cfg Config, env act.Env) (act.Target, error) {
	var errs []error
	if cfg.Folder == "" {
		errs = append(errs, errors.New("folder is missing; name the one that the supervisor reads"))
	}
	if cfg.Most < 1 {
		errs = append(errs, fmt.Errorf("most must be at least 1, not %d", cfg.Most))
	}
	return &target{Config: cfg, name: env.Name, put: replace}, errors.Join(errs...)
}

// Conclusive: a file is replaced at once, or not at all.
func (t *target) Conclusive() bool { return true }

// Read gives how many workers a service has, and what may be asked for.
func (t *target) Read(_ context.Context, resource string) (foreshock.Resource, error) {
	root, err := os.OpenRoot(t.Folder) // no name leads out of it
	if err != nil {
		return foreshock.Resource{}, err
	}
	defer func() { _ = root.Close() }()
	text, err := root.ReadFile(resource)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", act.ErrNotFound, err)
	}
	if err != nil {
		return foreshock.Resource{}, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 16)
	if err != nil {
		return foreshock.Resource{}, fmt.Errorf("%s: write how many workers there are into it: %w", resource, err)
	}
	r := foreshock.Resource{Target: t.name, Name: resource, At: time.Now(), Rules: map[foreshock.Dimension]foreshock.Rule{
		foreshock.DimReplicas: {Min: 1, Max: float64(t.Most), Quantum: 1, Down: true},
	}}
	r.Allocated.Set(foreshock.DimReplicas, float64(n))
	return r, nil
}

// Apply writes the number. Where that fails, the file is what it was.
func (t *target) Apply(_ context.Context, action foreshock.Action) error {
	root, err := os.OpenRoot(t.Folder)
	if err != nil {
		return fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	defer func() { _ = root.Close() }()
	n, _ := action.To.Get(foreshock.DimReplicas)
	if err := t.put(root, action.Resource, strconv.Itoa(int(math.Round(n)))+"\n"); err != nil {
		return fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	return nil
}

// Follow says that it is done when the file says so.
func (t *target) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	now, err := t.Read(ctx, action.Resource)
	return act.Progress{Observed: now.Allocated, Done: err == nil && now.Allocated.Covers(action.To)}, err
}

// replace puts a new file in the place of one.
func replace(root *os.Root, file, text string) error {
	next := file + ".next"
	if err := root.WriteFile(next, []byte(text), 0o644); err != nil {
		return err
	}
	return root.Rename(next, file)
}

// Package kubernetes scales what is in a Kubernetes cluster: the replicas of anything that has a scale subresource, the size and the
// attributes of volumes, and the processors and memory of running containers.
//
// It changes through subresources where there are, so that the right to scale is all that it needs. Who wrote a field is in the object's managedFields:
// the field manager of a change is named after the action, so an action is known by what it changed, written in the same instant.
package kubernetes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/kube"
)

// Config is the kubernetes block of a configuration file.
type Config struct {
	kube.Config `yaml:",inline"`
	Resources   kube.Places           `yaml:"resources"` // names of one's own for places
	Drivers     map[string]Attributes `yaml:"drivers"`   // CSI drivers whose parameters are not known already
}

// Factory offers this target to configuration files as "kubernetes".
var Factory = act.Factory{Name: "kubernetes", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	cfg := Config{Config: kube.Defaults()}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

type target struct {
	act.ByRules
	Config
	name    string
	cluster *kube.Cluster
}

// New returns the target. It calls nobody.
func New(cfg Config, env act.Env) (act.Target, error) {
	cluster, err := kube.Connect(cfg.Config)
	errs := []error{err, cfg.Resources.Check()}
	for name, d := range cfg.Drivers {
		if d.Throughput != "" && !(d.Unit > 0) {
			errs = append(errs, fmt.Errorf("drivers: %s: unit must be above 0, not %g: it is how many bytes/s one of throughput is", name, d.Unit))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &target{Config: cfg, name: env.Name, cluster: cluster}, nil
}

// Conclusive: a request is carried out whole or not at all, the API server gives it up after the time-out, and readings are those of the
// moment.
func (t *target) Conclusive() bool { return true }

// open reads what a resource consists of.
func (t *target) open(ctx context.Context, resource string) (*group, error) {
	p, err := t.Resources.Find(resource)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", act.ErrNotFound, err)
	}
	g, err := t.members(ctx, p)
	if err != nil {
		return nil, meaning(err)
	}
	if len(g.members) == 0 {
		return nil, fmt.Errorf("%w: %s has none", act.ErrNotFound, resource)
	}
	return g, nil
}

func (t *target) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	g, err := t.open(ctx, resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	return foreshock.Resource{
		Target: t.name, Name: resource, At: time.Now(), Allocated: g.allocated(), Rules: g.rules(), Busy: g.busy(), Owner: g.owner(),
	}, nil
}

// Apply changes each member that the action means and that it has not changed yet. Where there are several, the API server is asked first
// whether it would take all of the changes.
func (t *target) Apply(ctx context.Context, action foreshock.Action) error {
	g, err := t.open(ctx, action.Resource)
	if err != nil {
		return fmt.Errorf("%w: nothing was sent: %w", act.ErrRefused, err)
	}
	manager := managerOf(action.ID)
	todo, err := g.changes(manager, action)
	if err != nil {
		return err
	}
	if len(todo) > 1 {
		for _, c := range todo {
			if err := t.send(ctx, c, manager, metav1.DryRunAll); err != nil {
				return fmt.Errorf("%w: nothing was changed: %w", act.ErrRefused, meaning(err))
			}
		}
	}
	for i, c := range todo {
		err := t.send(ctx, c, manager)
		switch {
		case err != nil && i == 0:
			return meaning(err)
		case err != nil:
			return fmt.Errorf("%s, after %d of %d were changed: %w", c.name, i, len(todo), err)
		}
	}
	return nil
}

// send asks for one change. A class that it needs is made before; being there already is as good.
func (t *target) send(ctx context.Context, c change, manager string, dryRun ...string) error {
	if c.first != nil {
		options := metav1.CreateOptions{FieldManager: managerPrefix + "classes", DryRun: dryRun}
		if _, err := t.cluster.Resource(attributesKind).Create(ctx, c.first, options); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	body, err := json.Marshal(c.patch)
	if err != nil {
		return err
	}
	options := metav1.PatchOptions{FieldManager: manager, DryRun: dryRun, FieldValidation: metav1.FieldValidationStrict}
	_, err = t.cluster.Resource(c.gvr).Namespace(c.namespace).Patch(ctx, c.name, c.kind, body, options, c.through...)
	return err
}

// managerOf names the field manager of an action.
func managerOf(action string) string {
	if len(action) > 64 {
		sum := sha256.Sum256([]byte(action))
		action = hex.EncodeToString(sum[:16])
	}
	return managerPrefix + action
}

const managerPrefix = "foreshock-"

// Follow reads, and takes back what the cluster says cannot come: that would be tried again for ever, and may come when nobody reckons
// with it.
func (t *target) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	g, err := t.open(ctx, action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	p := g.progress(action)
	if p.Failed && g.withdraw != nil {
		err = t.withdraw(ctx, g, managerOf(action.ID))
	}
	return p, err
}

// withdraw takes back what an action has asked for.
func (t *target) withdraw(ctx context.Context, g *group, manager string) error {
	for _, m := range g.members {
		if !managed(m.object, manager) {
			continue
		}
		patch := g.withdraw(m)
		if patch == nil {
			continue
		}
		if err := t.send(ctx, m.change(patch, manager), manager); err != nil {
			return fmt.Errorf("take back what cannot come: %s: %w", m.object.GetName(), err)
		}
	}
	return nil
}

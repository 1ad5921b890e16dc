// Package azure changes what Microsoft Azure lets one change while it is in use: the performance and the size of managed disks, the capacity of scale
// sets and, where a restart is allowed, the size of a virtual machine. Their rules are kept before anything is sent: limits and ratios, four changes of
// a disk in any 24 hours, tiers that are lowered once in 12 hours, and the share of the machine.
//
// Credentials come from azidentity's default chain and from nowhere else; what the SDK says of them never gets into an error.
package azure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

// Config is the azure block of a configuration file. Credentials are those of azidentity's default chain.
type Config struct {
	Subscription string   `yaml:"subscription"`    // default: $AZURE_SUBSCRIPTION_ID
	Endpoint     string   `yaml:"endpoint"`        // of the Resource Manager; default: the public cloud's
	DiskTypes    string   `yaml:"disk_types_file"` // types of disks that replace the built-in ones; see the README
	Ceiling      string   `yaml:"ceiling"`         // what bounds a disk beside its type: vm (default), none
	Kept         int      `yaml:"kept"`            // changes in a window that only emergencies may use; default 1
	ActivityLog  bool     `yaml:"activity_log"`    // is asked for changes of the last 24 h when a disk is first read; default true
	Sizes        []string `yaml:"vm_sizes"`        // that a machine may have
	Stop         bool     `yaml:"stop_vms"`        // machines may be restarted for a change of their size
}

// Factory offers this target to configuration files as "azure".
var Factory = act.Factory{Name: "azure", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Defaults are the settings where a file says nothing.
func Defaults() Config { return Config{Ceiling: ceilingVM, Kept: 1, ActivityLog: true} }

// Target is a subscription.
type Target struct {
	act.Kinds
	account    azuresdk.Account
	operations act.Readings[operation]
}

// New makes a target of the settings. It calls nobody.
func New(cfg Config, env act.Env) (*Target, error) {
	types, err := providers.VolumeTypes("azure-disks", cfg.DiskTypes)
	if err != nil {
		return nil, fmt.Errorf("disk_types_file: %w", err)
	}
	account, err := azuresdk.Load(cfg.Subscription, cfg.Endpoint)
	if err := errors.Join(err, cfg.check()); err != nil {
		return nil, err
	}
	t := &Target{Kinds: act.Kinds{Name: env.Name, Now: time.Now}, account: account}
	api, err := newCalls(account)
	if err != nil {
		return nil, fmt.Errorf("the SDK's clients: %s", azuresdk.Text(err))
	}
	known := &sizes{api: api, now: func() time.Time { return t.Now() }}
	t.List = []act.Kind{newDisks(t, cfg, api, known, types), &machines{target: t, cfg: cfg, api: api, sizes: known}, &sets{target: t, api: api}}
	return t, nil
}

func (c Config) check() error {
	var errs []error
	if !slices.Contains(ceilings, c.Ceiling) {
		errs = append(errs, fmt.Errorf("ceiling is %q; there is: %s", c.Ceiling, strings.Join(ceilings, ", ")))
	}
	if c.Kept < 0 {
		errs = append(errs, fmt.Errorf("kept must not be below 0, not %d", c.Kept))
	}
	if c.Stop && len(c.Sizes) == 0 {
		errs = append(errs, errors.New("stop_vms is set, and vm_sizes is empty: no size could be chosen; state the sizes that a machine may have"))
	}
	return errors.Join(errs...)
}

// Read asks for a resource, and for what bounds it.
func (t *Target) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	if err := t.ready(ctx); err != nil {
		return foreshock.Resource{}, err
	}
	return t.Kinds.Read(ctx, resource)
}

// ready says why no token can be had.
func (t *Target) ready(ctx context.Context) error {
	err := t.account.Ready(ctx)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: the chain of credentials gives no token: %s", act.ErrDenied, azuresdk.Text(err))
}

// names are the resource group and the name in "KIND/GROUP/NAME". Azure makes no difference between upper and lower case; here one resource has one
// name, or else it would be changed twice.
func names(resource, prefix string) (group, name string, err error) {
	group, name, found := strings.Cut(strings.TrimPrefix(resource, prefix), "/")
	if !found || group == "" || name == "" || strings.ContainsAny(name, "/?#") || resource != strings.ToLower(resource) {
		return "", "", fmt.Errorf("%w: %q is not of the form %sGROUP/NAME, in lower case", act.ErrNotFound, resource, prefix)
	}
	return group, name, nil
}

// operation is a change that Azure has accepted, as long as this process lives.
type operation struct {
	action string
	watch  func(context.Context) (underWay bool, failure error)
}

// send asks for a change, once, and keeps how to ask what became of it.
func send[T any](ctx context.Context, t *Target, action foreshock.Action, call func(context.Context) (*runtime.Poller[T], error)) error {
	if err := t.ready(ctx); err != nil {
		return act.Surely(err)
	}
	return act.Send(ctx, func(ctx context.Context) error {
		p, err := call(azuresdk.Once(ctx))
		if err == nil {
			t.operations.Put(action.Resource, operation{action.ID, watch(p)})
		}
		return err
	}, sayable)
}

// watch asks, each time, how far an operation is. Where that cannot be had, the resource itself is still there to be read.
func watch[T any](p *runtime.Poller[T]) func(context.Context) (underWay bool, failure error) {
	var known error
	return func(ctx context.Context) (bool, error) {
		if known != nil {
			return false, known
		}
		if !p.Done() {
			if _, err := p.Poll(ctx); err != nil && !p.Done() { //nolint:bodyclose // the SDK has read it
				if errors.Is(kindOf(azuresdk.Status(err)), act.ErrRefused) { // which is how some operations end
					known = err
				}
				return false, known
			}
		}
		if !p.Done() {
			return true, nil
		}
		_, known = p.Result(ctx)
		return false, known
	}
}

// outcome is what Azure says of the operation of an action: whether it is under way, and why it failed, or "".
func (t *Target) outcome(ctx context.Context, action foreshock.Action) (underWay bool, failure string) {
	o, known := t.operations.Get(action.Resource)
	if !known || o.action != action.ID {
		return false, ""
	}
	underWay, err := o.watch(ctx)
	if err != nil {
		return false, "the operation failed: " + azuresdk.Text(err)
	}
	return underWay, ""
}

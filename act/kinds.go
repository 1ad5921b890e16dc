package act

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Kind is what resources of one kind can do; their names begin with a prefix. The other methods are those of Target.
type Kind interface {
	Prefix() string
	Target
}

// Kinds is a target with resources of several kinds, told apart by the beginnings of their names.
type Kinds struct {
	Name string
	Now  func() time.Time
	List []Kind
}

var (
	_ Target    = (*Kinds)(nil)
	_ Recounter = (*Kinds)(nil)
)

// of finds the kind of a resource by its name.
func (k *Kinds) of(resource string) (Kind, error) {
	var prefixes []string
	for _, kind := range k.List {
		if id, found := strings.CutPrefix(resource, kind.Prefix()); found && id != "" {
			return kind, nil
		}
		prefixes = append(prefixes, kind.Prefix())
	}
	return nil, fmt.Errorf("%w: the resource %q is of no known kind; names begin with: %s", ErrNotFound, resource, strings.Join(prefixes, ", "))
}

// Read asks for a resource, and for what bounds it.
func (k *Kinds) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	kind, err := k.of(resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	at := k.Now() // nothing that is said can be older
	r, err := kind.Read(ctx, resource)
	if err != nil {
		return foreshock.Resource{}, fmt.Errorf("read %s: %w", resource, err)
	}
	r.Target, r.Name, r.At = k.Name, resource, at
	return r, nil
}

// Recount counts the changes that were asked for with those that the provider shows.
func (k *Kinds) Recount(r *foreshock.Resource, asked []time.Time) {
	if kind, err := k.of(r.Name); err == nil {
		if c, ok := kind.(Recounter); ok {
			c.Recount(r, asked)
		}
	}
}

// Validate keeps the rules that were read, and those between several amounts.
func (k *Kinds) Validate(now foreshock.Resource, action foreshock.Action) error {
	if err := CheckRules(now, action); err != nil {
		return err
	}
	kind, err := k.of(action.Resource)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRule, err)
	}
	return kind.Validate(now, action)
}

// Apply asks once.
func (k *Kinds) Apply(ctx context.Context, action foreshock.Action) error {
	kind, err := k.of(action.Resource)
	if err != nil {
		return err
	}
	if err := kind.Apply(ctx, action); err != nil {
		return fmt.Errorf("change %s: %w", action.Resource, err)
	}
	return nil
}

// Follow reads how far a change is.
func (k *Kinds) Follow(ctx context.Context, action foreshock.Action) (Progress, error) {
	kind, err := k.of(action.Resource)
	if err != nil {
		return Progress{}, err
	}
	p, err := kind.Follow(ctx, action)
	if err != nil {
		return Progress{}, fmt.Errorf("follow the change of %s: %w", action.Resource, err)
	}
	return p, nil
}

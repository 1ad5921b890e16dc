package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/store"
)

// prober is a source or planner that can say whether what it asks answers, and lets it. What it found is one line for people; an error has its remedy.
type prober interface {
	Probe(ctx context.Context) (found string, err error)
}

// changer is a target that can say whether it may change a resource, without changing it.
type changer interface {
	MayChange(ctx context.Context, resource string) error
}

// Probed is what came of asking a part of a configuration.
type Probed struct {
	Part  string // "sources: prometheus"
	Found string // one line
	Err   error  // nil: it answers, and lets the program do what it has to
}

// probeTimeout bounds the time for each part.
const probeTimeout = 15 * time.Second

// Probe asks the sources, the store, the planners and the targets of a configuration without faults whether they answer and what they allow. It changes nothing
// but a key of its own in the store, and a file in the data folder that is gone again.
func Probe(ctx context.Context, c config.Config) ([]Probed, error) {
	p, err := build(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	var asks []ask
	add := func(part string, f func(context.Context) (string, error)) { asks = append(asks, ask{part, f}) }
	add("listen", func(ctx context.Context) (string, error) { return probeListen(ctx, c.Listen) })
	add("data", func(context.Context) (string, error) { return probeFolder(c.Data) })
	for _, s := range p.sources {
		if asked, ok := s.source.(prober); ok {
			add("sources: "+s.name, asked.Probe)
		}
	}
	if p.profiles != nil {
		defer func() { _ = p.profiles.Close() }()
		add("store: "+c.Store.Name, func(ctx context.Context) (string, error) { return probeStore(ctx, p.profiles) })
	}
	for _, planner := range p.planners {
		if asked, ok := planner.planner.(prober); ok {
			add("capacity: "+planner.name, asked.Probe)
		}
	}
	asks = append(asks, p.probeTargets()...)

	list := make([]Probed, len(asks))
	var g errgroup.Group
	g.SetLimit(16)
	for i, a := range asks {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, probeTimeout)
			defer cancel()
			found, err := a.ask(ctx)
			list[i] = Probed{a.part, found, err}
			return nil
		})
	}
	_ = g.Wait() // no function of it fails
	return list, ctx.Err()
}

// ask is a part and how it is asked.
type ask struct {
	part string
	ask  func(context.Context) (string, error)
}

// probeTargets asks for the resources that policies name. Those that follow from a workload's id are known only when there are workloads.
func (p *parts) probeTargets() (asks []ask) {
	for i := range p.policies {
		policy := &p.policies[i]
		target, ok := p.targets[policy.Target]
		if !ok {
			continue
		}
		part := fmt.Sprintf("policies: %s: %s of %s", policy.Name, policy.Resource, policy.Target)
		if strings.Contains(policy.Resource, "${") {
			asks = append(asks, ask{part, func(context.Context) (string, error) {
				return "not asked: the resources follow from the workloads", nil
			}})
			continue
		}
		asks = append(asks, ask{part, func(ctx context.Context) (string, error) {
			return probeTarget(ctx, target, policy.Resource, policy.Mode > foreshock.Observe)
		}})
	}
	return asks
}

// probeTarget reads a resource and, where it may be changed, asks whether that is allowed.
func probeTarget(ctx context.Context, target act.Target, resource string, changes bool) (string, error) {
	r, err := target.Read(ctx, resource)
	switch {
	case errors.Is(err, act.ErrNotFound):
		return "", fmt.Errorf("%w; correct resource of the policy, or the target's settings", err)
	case errors.Is(err, act.ErrDenied):
		return "", fmt.Errorf("%w; give the right to read it, as the target's README says", err)
	case err != nil:
		return "", err
	}
	found := "has " + r.Allocated.String()
	if len(r.Allocated.Dimensions()) == 0 {
		found = "answers, and has no amount that could be changed"
	}
	asked, ok := target.(changer)
	switch {
	case !changes:
		return found + "; observed only", nil
	case !ok:
		return found + "; whether it may be changed is not asked", nil
	}
	if err := asked.MayChange(ctx, resource); err != nil {
		return "", err
	}
	return found + "; may be changed", nil
}

// probeID is the key that a check writes into the store, reads, and takes away again.
const probeID foreshock.ID = "foreshock/check"

func probeStore(ctx context.Context, s store.Profiles) (string, error) {
	const remedy = "; is it there, and may this user read, write and delete keys with the prefix?"
	want := []byte("check")
	if err := s.Put(ctx, []store.Entry{{ID: probeID, Value: want}}); err != nil {
		return "", fmt.Errorf("write a key: %w%s", err, remedy)
	}
	got, err := s.Get(ctx, []foreshock.ID{probeID})
	if err != nil {
		return "", fmt.Errorf("read the key: %w%s", err, remedy)
	}
	if !bytes.Equal(got[probeID], want) {
		return "", errors.New("what was written is not there when it is read; is there room, and do all addresses belong together?")
	}
	if err := s.Delete(ctx, []foreshock.ID{probeID}); err != nil {
		return "", fmt.Errorf("delete the key: %w%s", err, remedy)
	}
	return "a key was written, read and deleted", nil
}

// probeFolder says whether files can be made in the data folder, or the folder itself.
func probeFolder(folder string) (string, error) {
	at, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	found := "can be written"
	for {
		info, err := os.Stat(at)
		if err == nil && !info.IsDir() {
			return "", fmt.Errorf("%s is no folder; name another with data", at)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return "", err
		}
		at, found = filepath.Dir(at), "can be made"
	}
	f, err := os.CreateTemp(at, ".foreshock-check-*")
	if err != nil {
		return "", fmt.Errorf("%w; let this user write to %s, or name another folder with data", err, at)
	}
	return found, errors.Join(f.Close(), os.Remove(f.Name()))
}

// probeListen says whether the address is free. That it is taken is no fault where the program runs already.
func probeListen(ctx context.Context, address string) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err == nil {
		return address + " is free", l.Close()
	}
	conn, dialErr := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
	if dialErr != nil {
		return "", fmt.Errorf("%w; name another address", err)
	}
	return address + " is taken, by the program that runs already or by another", conn.Close()
}

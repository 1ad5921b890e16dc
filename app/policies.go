package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/kube/policies"
)

// verdict is what came of a policy of a cluster.
type verdict struct {
	mode   foreshock.Mode
	faults []string // why it is refused; none: it is in force
}

// buildPolicies reads the policies; none may do more than the configuration's mode. Without any, all workloads are watched.
func (p *parts) buildPolicies(c config.Config, l *faultList, log *slog.Logger) {
	p.buildPoliciesFrom(c, l, log)
	for _, n := range c.Policies {
		policy, err := stated(n)
		l.at(n, p.admit(c, policy, n.Path(), err))
	}
	if len(c.Policies) == 0 {
		watch := decide.Default()
		watch.Name, watch.Match, watch.Mode = "watch", []string{"**"}, foreshock.Observe
		p.policies = []decide.Policy{watch}
	}
}

func (p *parts) buildPoliciesFrom(c config.Config, l *faultList, log *slog.Logger) {
	item := c.PoliciesFrom
	switch item.Kind {
	case "":
		return
	case "kubernetes":
	default:
		l.at(item.Block, fmt.Errorf("policies cannot come from %q; there is: kubernetes", item.Kind))
		return
	}
	cfg := policies.Defaults()
	err := item.Block.Decode(&cfg)
	if err == nil {
		p.policiesFrom, err = policies.New(cfg, log.With("source", "policies"))
	}
	l.at(item.Block, err)
}

// admit puts a policy in force, with its defaults, or says all that is wrong with it, after what could not be read of it at the path where it is written.
func (p *parts) admit(c config.Config, policy decide.Policy, at string, unread error) error {
	policy = policy.WithDefaults()
	faults := policy.Check()
	switch {
	case slices.ContainsFunc(p.policies, func(q decide.Policy) bool { return q.Name == policy.Name }):
		text := fmt.Sprintf("another policy is called %s already; give one of them another name", policy.Name)
		faults = append(faults, decide.Fault{Settings: []string{"name"}, Text: text})
	case policy.Target != "" && !c.HasTarget(policy.Target):
		text := foreshock.NoSuch("target", policy.Target, c.TargetNames()).Error()
		if len(c.Targets) == 0 {
			text += fmt.Sprintf("; add one under targets, for example - {name: %q, dryrun: {}}, which changes nothing", policy.Target)
		}
		faults = append(faults, decide.Fault{Settings: []string{"target"}, Text: text})
	}
	policy.Mode = min(policy.Mode, c.Mode)
	if unread != nil {
		faults = append([]error{unread}, beside(unread, at, faults)...)
	}
	if faults == nil {
		p.policies = append(p.policies, policy)
	}
	return errors.Join(faults...)
}

// beside are the faults that rest on nothing that could not be read: of that the policy has the default only.
func beside(unread error, at string, faults []error) []error {
	var placed config.Faults
	errors.As(unread, &placed)
	return slices.DeleteFunc(faults, func(err error) bool {
		var f decide.Fault
		return errors.As(err, &f) && slices.ContainsFunc(f.Settings, func(s string) bool { return placed.Touch(at + "." + s) })
	})
}

// stated is a policy as it is written, without its defaults, which depend on all that it states.
func stated(n config.Node) (decide.Policy, error) {
	policy := decide.Unset()
	err := n.Decode(&policy)
	return policy, err
}

// takeObjects puts the policies of a cluster in force, after those of the file and before the one that watches everything. One that is faulty is refused by
// itself.
func (p *parts) takeObjects(c config.Config, objects []policies.Object) {
	var watch []decide.Policy
	if len(c.Policies) == 0 {
		watch, p.policies = p.policies, nil
	}
	p.objects = objects
	for i := range objects {
		policy, err := fromObject(&objects[i])
		if policy.Name != "" { // else it is no object at all
			err = p.admit(c, policy, objectPath, err)
		}
		p.verdicts = append(p.verdicts, verdict{mode: min(policy.Mode, c.Mode), faults: faultsOf(err)})
	}
	for _, w := range watch {
		if !slices.ContainsFunc(p.policies, func(q decide.Policy) bool { return q.Name == w.Name }) {
			p.policies = append(p.policies, w)
		}
	}
}

// objectPath is where the policy stands in an object.
const objectPath = "spec"

// fromObject is the policy that an object states. Its name is the object's.
func fromObject(o *policies.Object) (decide.Policy, error) {
	n, err := config.Object(objectPath, o.Spec)
	if err != nil {
		return decide.Policy{}, err
	}
	policy, err := stated(n)
	policy.Name = o.Name
	return policy, err
}

// faultsOf are the single faults of an error, without the places in a file that there is not.
func faultsOf(err error) (list []string) {
	lines := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		lines = joined.Unwrap()
	}
	for _, e := range lines {
		var faults config.Faults
		switch {
		case errors.As(e, &faults):
			for _, f := range faults {
				list = append(list, f.Path+": "+f.Text)
			}
		case e != nil:
			list = append(list, strings.Split(e.Error(), "\n")...)
		}
	}
	return list
}

// readObjects reads the policies of a cluster. Where they cannot be read, those that are in force stay; at the start there are none until they can.
func (a *App) readObjects(p *parts, inForce []policies.Object) []policies.Object {
	if p.policiesFrom == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	objects, err := p.policiesFrom.List(ctx)
	if err != nil {
		a.log.Error("policies of the cluster cannot be read; those in force stay", "err", err, "in_force", len(inForce))
		return inForce
	}
	return objects
}

// keepPolicies asks for another generation when the policies of the cluster are others, and reports what came of them, until ctx ends.
func (g *generation) keepPolicies(ctx context.Context) {
	from := g.parts.policiesFrom
	if from == nil {
		return
	}
	var reports sync.WaitGroup
	reports.Go(func() { g.report(ctx) })
	from.Follow(ctx, func(objects []policies.Object) error {
		if policies.Same(objects, g.parts.objects) {
			return nil
		}
		return g.app.renew(ctx, &reload{objects: objects})
	})
	reports.Wait()
}

// report writes the status of each policy, now and whenever it may have changed.
func (g *generation) report(ctx context.Context) {
	every := time.NewTicker(g.parts.policiesFrom.Report)
	defer every.Stop()
	for {
		if err := g.reportOnce(ctx); err != nil && ctx.Err() == nil {
			g.app.log.Warn("report on policies of the cluster", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

func (g *generation) reportOnce(ctx context.Context) error {
	under, err := g.pipeline.PerPolicy(ctx)
	if err != nil {
		return err
	}
	var errs []error
	changes := g.app.deeds.drain()
	for i := range g.parts.objects {
		o, v := &g.parts.objects[i], &g.parts.verdicts[i]
		r := policies.Report{Faults: v.faults}
		if v.faults == nil {
			r.Mode, r.Workloads, r.Last = v.mode.String(), under[o.Name], g.app.deeds.last(o.Name)
		}
		now := time.Now()
		errs = append(errs, g.parts.policiesFrom.Write(ctx, o, &r, now))
		for _, c := range changes[o.Name] {
			errs = append(errs, g.parts.policiesFrom.Tell(ctx, o, c))
		}
	}
	return errors.Join(errs...)
}

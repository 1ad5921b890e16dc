package capacity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// All asks each of several planners, in order: the least that any of them grants is the grant, and what others granted beyond it is given
// back. With none, everything is granted. Calls with the same ID must come one after another.
func All(planners ...Planner) Planner { return all(planners) }

type all []Planner

// giveBack is how long planners may take to take back what another one's error has made useless.
const giveBack = 5 * time.Second

// Reserve asks each planner for what the ones before it have granted. An error of any is an error of all, and nothing stays reserved.
func (ps all) Reserve(ctx context.Context, now time.Time, r Request) (Grant, error) {
	least := Grant{ID: r.ID, Granted: r.To, Expires: now.Add(r.For)}
	granted := make([]foreshock.Allocation, len(ps))
	for i, p := range ps {
		asked := r
		asked.To = least.Granted
		got, err := p.Reserve(ctx, now, asked)
		if err == nil {
			granted[i], err = lesser(r.From, asked.To, got.Granted)
		}
		if err != nil {
			return Grant{}, errors.Join(fmt.Errorf("reserve %s: %w", r.ID, err), ps[:i+1].giveBack(ctx, now, r.ID))
		}
		if i == 0 || got.Expires.Before(least.Expires) {
			least.Expires = got.Expires
		}
		least.Granted = granted[i]
		least.Reason = add(least.Reason, got.Reason)
		if !grows(r.From, least.Granted) {
			if err := ps[:i+1].giveBack(ctx, now, r.ID); err != nil {
				least.Reason = add(least.Reason, "what others granted was not taken back, and expires by itself: "+err.Error())
			}
			return least, nil
		}
	}
	r.To = least.Granted
	for i, p := range ps {
		if granted[i] == r.To {
			continue
		}
		if err := cut(ctx, now, p, r); err != nil {
			return Grant{}, errors.Join(fmt.Errorf("reserve %s: give back a surplus: %w", r.ID, err), ps.giveBack(ctx, now, r.ID))
		}
	}
	return least, nil
}

// cut asks a planner again, for less than it granted: that gives the surplus back.
func cut(ctx context.Context, now time.Time, p Planner, r Request) error {
	got, err := p.Reserve(ctx, now, r)
	if err == nil && !covers(got.Granted, r.To) {
		err = fmt.Errorf("asked for %s of what was granted, now only %s is", r.To, got.Granted)
	}
	return err
}

func add(reasons, reason string) string {
	switch {
	case reason == "" || strings.Contains(reasons, reason):
		return reasons
	case reasons == "":
		return reason
	}
	return reasons + "; " + reason
}

// giveBack releases a grant also when ctx has ended: that may be why.
func (ps all) giveBack(ctx context.Context, now time.Time, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBack)
	defer cancel()
	return ps.Release(ctx, now, id)
}

// lesser gives what a planner granted of what it was asked for. More than that is not taken, and silence is no answer.
func lesser(from, asked, granted foreshock.Allocation) (foreshock.Allocation, error) {
	var least foreshock.Allocation
	for _, d := range asked.Dimensions() {
		most, _ := asked.Get(d)
		x, stated := granted.Get(d)
		if !stated {
			return foreshock.Allocation{}, fmt.Errorf("the grant (%s) does not say how much %s", granted, d)
		}
		if have, known := from.Get(d); known {
			x = max(x, min(have, most))
		}
		least.Set(d, min(x, most))
	}
	return least, nil
}

// grows says whether any amount of to is above that of from.
func grows(from, to foreshock.Allocation) bool {
	return slices.ContainsFunc(to.Dimensions(), func(d foreshock.Dimension) bool {
		x, _ := to.Get(d)
		have, known := from.Get(d)
		return !known || x > have
	})
}

// covers says whether a has at least what b states.
func covers(a, b foreshock.Allocation) bool {
	return !slices.ContainsFunc(b.Dimensions(), func(d foreshock.Dimension) bool {
		want, _ := b.Get(d)
		have, known := a.Get(d)
		return !known || have < want
	})
}

// Commit tells all of them, whatever one of them answers: the capacity is in use.
func (ps all) Commit(ctx context.Context, now time.Time, id string) error {
	return ps.each(func(p Planner) error { return p.Commit(ctx, now, id) })
}

// Release tells all of them, whatever one of them answers.
func (ps all) Release(ctx context.Context, now time.Time, id string) error {
	return ps.each(func(p Planner) error { return p.Release(ctx, now, id) })
}

// Restore tells all of them, whatever one of them answers.
func (ps all) Restore(ctx context.Context, now time.Time, held []Held) error {
	return ps.each(func(p Planner) error { return p.Restore(ctx, now, slices.Clone(held)) })
}

func (ps all) each(f func(Planner) error) error {
	var errs []error
	for _, p := range ps {
		errs = append(errs, f(p))
	}
	return errors.Join(errs...)
}

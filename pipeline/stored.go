package pipeline

import (
	"context"
	"errors"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/ingest"
)

// stored gives a workload as the store has it, for those who look, with an owner for this one look. It is nil where there is none that is of use. Nothing is counted by
// it, and nothing registered: what is not heard of is not watched.
func (p *Pipeline) stored(ctx context.Context, id foreshock.ID) (*owner, *workload, error) {
	if !p.saver.restores() || id.Check() != nil {
		return nil, nil, nil
	}
	call, cancel := context.WithTimeout(ctx, storeCall)
	defer cancel()
	found, err := p.Profiles.Get(call, []foreshock.ID{id})
	if err != nil || found[id] == nil {
		return nil, nil, err
	}
	restored, err := unseal(id, found[id])
	if err != nil || p.tooFarAhead(restored.Updated()) != nil {
		return nil, nil, nil //nolint:nilerr // it would be learned anew
	}
	o := &owner{Pipeline: p}
	w := &workload{
		id: id, about: ingest.About{Source: restored.Source, Step: restored.Length}, profile: restored,
		policy: p.policy(id), quality: foreshock.Stale, threshold: restored.Threshold.Value,
	}
	o.adopt(w)
	return o, w, nil
}

// look runs f on the owner of a workload as within does, or here on what the store has of it. The error is [act.ErrNotFound] where there is neither.
func (p *Pipeline) look(ctx context.Context, id foreshock.ID, f func(o *owner, w *workload, stored bool)) error {
	err := p.within(ctx, id, func(o *owner, w *workload) error {
		f(o, w, false)
		return nil
	})
	if !errors.Is(err, act.ErrNotFound) {
		return err
	}
	o, w, also := p.stored(ctx, id)
	if also != nil {
		return also
	}
	if w == nil {
		return err
	}
	f(o, w, true)
	return nil
}

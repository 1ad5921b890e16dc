package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
)

// What those who ask what a workload needs may be told instead.
var (
	ErrUnknownWorkload = errors.New("no workload is called so")
	ErrUncertain       = errors.New("it cannot be said")
)

// Need says what a workload needs of a dimension; see [decide.NeedOf]. The error is ErrUnknownWorkload, or ErrUncertain, or that of ctx.
func (p *Pipeline) Need(ctx context.Context, id foreshock.ID, dim foreshock.Dimension, level float64, over time.Duration) (decide.Need, error) {
	return inquire(ctx, p, id, func(o *owner, w *workload) (decide.Need, string) {
		s := decide.State{
			Now: o.Now(), Step: w.last, Quality: w.quality, Policy: w.policy, Demand: w.demand, Learned: w.learned(), Forecasts: w.expected(),
		}
		return decide.NeedOf(s, dim, level, over)
	})
}

// Reading gives what a workload's last step has of a metric. Errors are those of Need.
func (p *Pipeline) Reading(ctx context.Context, id foreshock.ID, m foreshock.Metric) (float64, error) {
	return inquire(ctx, p, id, func(_ *owner, w *workload) (float64, string) {
		x, has := w.last.Values.Get(m)
		switch {
		case w.quality != foreshock.Fresh:
			return 0, "the data are " + w.quality.String()
		case !has:
			return 0, m.String() + " was not read"
		}
		return x, ""
	})
}

// inquire asks a workload's owner something that it may not be able to say.
func inquire[T any](ctx context.Context, p *Pipeline, id foreshock.ID, ask func(*owner, *workload) (T, string)) (answer T, err error) {
	type told struct {
		what T
		why  string
	}
	answers, unknown := make(chan told, 1), make(chan struct{}, 1)
	p.askOr(id, func(o *owner, w *workload) {
		what, why := ask(o, w)
		answers <- told{what, why}
	}, func() { unknown <- struct{}{} })
	select {
	case a := <-answers:
		if a.why != "" {
			return answer, fmt.Errorf("%s: %w: %s", id, ErrUncertain, a.why)
		}
		return a.what, nil
	case <-unknown:
		return answer, fmt.Errorf("%s: %w", id, ErrUnknownWorkload)
	case <-p.done:
		return answer, ErrStopping
	case <-ctx.Done():
		return answer, ctx.Err()
	}
}

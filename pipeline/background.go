package pipeline

import (
	"context"
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/profile"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// background runs what takes long. A result comes into force at a time of the data that is fixed when the work is asked for, so
// that it does not depend on how long the work took: a replay gives what the live program gave.
type background struct {
	p     *Pipeline
	queue chan func(context.Context)
}

// job is a result on its way: it is applied at the first step at or after due, or when it is there, whichever is later.
type job struct {
	due   time.Time
	run   func(context.Context) func(*workload) // virtual time: run when due
	apply func(*workload)                       // live: there already
}

func (b *background) init(p *Pipeline) {
	b.p = p
	b.queue = make(chan func(context.Context), 1024)
}

// workers leave one processor to the samples.
func (b *background) run(ctx context.Context) {
	workers := max(1, len(b.p.owners)/2)
	done := make(chan struct{})
	for range workers {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				select {
				case f := <-b.queue:
					f(ctx)
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	for range workers {
		<-done
	}
}

// later runs work in the background and applies its result to w at due. It answers false when too much is waiting.
func (o *owner) later(w *workload, due time.Time, work func(context.Context) func(*workload)) bool {
	if o.Virtual {
		w.jobs = append(w.jobs, job{due: due, run: work})
		return true
	}
	id := w.id
	select {
	case o.work.queue <- func(ctx context.Context) {
		apply := work(ctx)
		o.ask(id, func(_ *owner, w *workload) { w.jobs = append(w.jobs, job{due: due, apply: apply}) })
	}:
		o.stats.jobs.add(1)
		return true
	default:
		o.stats.jobsRefused.add(1)
		return false
	}
}

// applyDue applies the results that are due.
func (o *owner) applyDue(w *workload, now time.Time) {
	if len(w.jobs) == 0 {
		return
	}
	waiting := w.jobs[:0]
	for _, j := range w.jobs {
		switch {
		case now.Before(j.due):
			waiting = append(waiting, j)
		case j.apply != nil:
			j.apply(w)
		default:
			j.run(context.Background())(w)
		}
	}
	w.jobs = waiting
}

// schedule asks for the seasons and forecasts that are due.
func (o *owner) schedule(w *workload, now time.Time) {
	coarse := w.profile.Coarse.Length
	if coarse <= 0 {
		return
	}
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		if w.seasonsBusy&(1<<m) != 0 || !profile.SeasonDue(w.profile, m, now, &o.Profile) {
			continue
		}
		input := profile.SeasonInput(w.profile, m)
		if o.later(w, now.Add(coarse), func(context.Context) func(*workload) {
			season, err := profile.FindSeason(input)
			return func(w *workload) {
				w.seasonsBusy &^= 1 << m
				if err == nil {
					profile.SetSeason(w.profile, m, season)
				}
			}
		}) {
			w.seasonsBusy |= 1 << m
		}
	}
	if end := w.profile.Coarse.End().Add(-coarse); end.After(w.coarseSeen) {
		w.coarseSeen = end
		o.learnBias(w, now, end)
		updateForecasts(w)
		o.look(w, now, end)
	}
	o.scheduleForecast(w, now, coarse)
}

// oneOfMany is how many times as seldom models are fitted where the forecast is one signal of many that rules look at.
const oneOfMany = 3

func (o *owner) scheduleForecast(w *workload, now time.Time, coarse time.Duration) {
	if o.Forecast == nil || w.forecasting || now.Before(w.forecastAt) || !w.mayForecast() {
		return
	}
	histories := demandHistories(w)
	if histories == nil {
		return
	}
	every := o.Forecast.Every(now.Sub(w.profile.Created()))
	if w.scalable() && w.policy.Objective.Stated() {
		every *= oneOfMany
	}
	w.forecastAt = now.Add(max(every, coarse))
	w.forecasting = o.later(w, now.Add(coarse/2), func(ctx context.Context) func(*workload) {
		var found []*forecast.Chosen
		for _, h := range histories {
			found = append(found, o.Forecast.Choose(ctx, h))
		}
		return func(w *workload) {
			w.forecasting = false
			w.chosen = found
			w.planned = make([]*foreshock.Forecast, foreshock.NumDimensions)
			w.forecasts = make([]*foreshock.Forecast, foreshock.NumDimensions)
			for _, c := range found {
				f := c.Forecast()
				w.planned[f.Dimension], w.forecasts[f.Dimension] = &f, &f
			}
			updateForecasts(w)
			w.decideAt = time.Time{}
		}
	})
}

// updateForecasts takes the coarse steps that have ended since into the models that were chosen.
func updateForecasts(w *workload) {
	end := w.profile.Coarse.End().Add(-w.profile.Coarse.Length)
	for _, c := range w.chosen {
		missing := int(end.Sub(c.At()) / w.profile.Coarse.Length)
		d := c.Dimension()
		ring := w.profile.DemandOf(d)
		if missing < 1 || ring.Empty() {
			continue
		}
		demand, scores := newest(ring, missing), newest(w.profile.Scores(), missing)
		for i := range demand {
			c.Update(demand[i], scores[i])
		}
		f := c.Forecast()
		w.forecasts[d] = &f
	}
}

// newest is the last n readings of a history, NaN where there are none.
func newest(h quantile.Column, n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = math.NaN()
	}
	if n == 1 {
		list[0] = h.Last()
		return list
	}
	all := h.Values(nil)
	all = all[max(0, len(all)-n):]
	copy(list[n-len(all):], all)
	return list
}

// mayForecast bounds the workloads that are forecast: those that can be scaled come first, then the first ones known.
func (w *workload) mayForecast() bool { return w.scalable() || w.early }

// demandHistories copies the demand of each dimension that has one, for a forecast elsewhere: of those that can be changed where any can.
func demandHistories(w *workload) []forecast.History {
	var list []forecast.History
	p := w.profile
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		values := p.DemandOf(d).Values(nil)
		if len(values) == 0 || w.scalable() && !w.policy.Changes(d) {
			continue
		}
		list = append(list, forecast.History{
			Workload: p.ID, Dimension: d, Length: p.Coarse.Length, Values: values,
			Start:   p.Coarse.End().Add(-time.Duration(len(values)) * p.Coarse.Length),
			Periods: periods(p, d, len(values)),
			Anomaly: newest(p.Scores(), len(values)),
		})
	}
	return list
}

// periods gives the seasons that were found in the metric behind a dimension; until they were looked for, a day is
// a good guess once there are two.
func periods(p *foreshock.Profile, d foreshock.Dimension, steps int) []int {
	m, ok := d.Metric()
	if !ok || p.Metrics[m] == nil {
		return nil
	}
	if season := p.Metrics[m].Season; season != nil && !season.Renewed.IsZero() {
		return season.Periods
	}
	if day := int(24 * time.Hour / p.Coarse.Length); day > 1 && steps >= 2*day {
		return []int{day}
	}
	return nil
}

package prometheus

import (
	"context"
	"errors"
	"fmt"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/foreshock-io/foreshock/ingest"
)

// errPartial says that an answer is not all there is, or not sure.
var errPartial = errors.New("the answer is partial")

// series is what was answered of one series, in the order of time.
type series struct {
	key    []byte
	points []ingest.Point
}

// fetch asks for all samples after from and up to to, and pushes them when all the answers are there. It gives their number.
func (f *feed) fetch(ctx context.Context, from, to time.Time) (samples int, err error) {
	var all []series
	for _, a := range f.asks {
		answer, err := f.answer(ctx, a, from, to)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", a.expression, err)
		}
		for _, stream := range answer {
			s := seriesOf(stream, a.name, from, to)
			samples += len(s.points)
			all = append(all, s)
		}
	}
	return samples, f.push(ctx, all, from, to)
}

// answer asks one expression: a selector for its raw samples, a query for its value at the end of each step.
func (f *feed) answer(ctx context.Context, a ask, from, to time.Time) (model.Matrix, error) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	var value model.Value
	var warnings v1.Warnings
	var err error
	if a.name == "" {
		raw := fmt.Sprintf("%s[%dms]", a.expression, to.Sub(from).Milliseconds())
		value, warnings, _, err = f.api.Query(ctx, raw, to, v1.WithTimeout(f.cfg.Timeout))
	} else {
		grid := v1.Range{Start: from.Add(f.cfg.Step), End: to, Step: f.cfg.Step}
		value, warnings, _, err = f.api.QueryRange(ctx, a.expression, grid, v1.WithTimeout(f.cfg.Timeout))
	}
	if err != nil {
		return nil, err
	}
	if len(warnings) > 0 {
		return nil, fmt.Errorf("%w: %s", errPartial, warnings[0])
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("the answer is a %s, not series", value.Type())
	}
	return matrix, nil
}

// seriesOf takes what lies within the time: servers differ in whether the ends belong to a range.
func seriesOf(stream *model.SampleStream, name string, from, to time.Time) series {
	labels := make(ingest.Labels, 0, len(stream.Metric)+1)
	for label, value := range stream.Metric {
		if name == "" || label != model.MetricNameLabel {
			labels = append(labels, ingest.Label{Name: string(label), Value: string(value)})
		}
	}
	if name != "" {
		labels = append(labels, ingest.Label{Name: ingest.NameLabel, Value: name})
	}
	s := series{key: labels.AppendKey(nil), points: make([]ingest.Point, 0, len(stream.Values))}
	after, until := from.UnixMilli(), to.UnixMilli()
	for _, v := range stream.Values {
		if t := int64(v.Timestamp); t > after && t <= until {
			s.points = append(s.points, ingest.Point{Value: float64(v.Value), Time: t})
		}
	}
	return s
}

// push hands the samples over step by step, so that no step is closed before all its samples are there.
func (f *feed) push(ctx context.Context, all []series, from, to time.Time) error {
	b := f.index.Batch(time.Now())
	defer b.Close()
	for end := from.Add(f.cfg.Step); !end.After(to); end = end.Add(f.cfg.Step) {
		until, some := end.UnixMilli(), false
		for i := range all {
			n := 0
			for n < len(all[i].points) && all[i].points[n].Time <= until {
				n++
			}
			if n > 0 {
				b.Add(all[i].key, all[i].points[:n])
				all[i].points, some = all[i].points[n:], true
			}
		}
		if some && (b.Full() || f.live) {
			if err := b.Push(ctx); err != nil {
				return err
			}
		}
	}
	return b.Push(ctx)
}

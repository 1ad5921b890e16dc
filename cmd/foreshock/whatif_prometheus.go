package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/foreshock-io/foreshock/simulate"
	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// promChunk is asked for at once: a Prometheus gives at most 11,000 points of a series.
const promChunk = 7 * 24 * time.Hour

// promDemand takes I/O per second, by the minute, from a Prometheus.
func promDemand(ctx context.Context, url, query string, from, to int64) (*simulate.Trace, error) {
	if query == "" || from == 0 || to <= from {
		return nil, usageError{errors.New("--prometheus needs --query, --from and a later --to")}
	}
	client, err := api.NewClient(api.Config{Address: url})
	if err != nil {
		return nil, usageError{fmt.Errorf("--prometheus: %w", err)}
	}
	var rows []simulate.Row
	for begin, end := time.Unix(from, 0), time.Unix(to, 0); begin.Before(end); begin = begin.Add(promChunk) {
		last := begin.Add(promChunk - simulate.Step)
		if last.After(end) {
			last = end
		}
		answer, _, _, err := promv1.NewAPI(client).QueryRange(ctx, query, promv1.Range{Start: begin, End: last, Step: simulate.Step})
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", url, err)
		}
		found, ok := answer.(model.Matrix)
		if !ok || len(found) > 1 {
			return nil, usageError{fmt.Errorf("--query gives %d series; narrow it to one, or add sum(…)", len(found))}
		}
		for _, series := range found {
			for _, x := range series.Values {
				if v := float64(x.Value); v >= 0 && !math.IsInf(v, 0) {
					rows = append(rows, simulate.Row{At: x.Timestamp.Unix(), IOPS: v})
				}
			}
		}
	}
	t, err := simulate.TraceOf(rows)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; check --query and the times", query, err)
	}
	t.Name = query
	return t, nil
}

package app

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest/replay"
	"github.com/foreshock-io/foreshock/simulate"
)

// Demand reads I/O per second of one workload, from any file that a replay reads, to simulate with it. What a replay would pass over is an error here: demand
// that lacks a part compares nothing.
func Demand(file string) (*simulate.Trace, error) {
	reader, err := replay.Open(file, replay.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = reader.Close() }()
	rows, err := demandRows(reader)
	if err == nil {
		err = unusable(reader.Report())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", reader.Report().File, err)
	}
	t, err := simulate.TraceOf(rows)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	t.Name = string(reader.IDs()[0])
	return t, nil
}

// demandRows are the rows with I/O per second; of those within a second, the mean.
func demandRows(reader *replay.Reader) (rows []simulate.Row, err error) {
	steps, within := make([]foreshock.Step, 512), 0.0
	for {
		n, err := reader.Next(steps)
		for i := range steps[:n] {
			s := &steps[i]
			iops, some := s.Values.Get(foreshock.IOPS)
			if !some {
				continue
			}
			bytes, _ := s.Values.Get(foreshock.Throughput)
			row := simulate.Row{At: s.Time.Add(-s.Length).Unix(), IOPS: iops, Bytes: bytes}
			if n := len(rows); n > 0 && rows[n-1].At == row.At {
				within++
				rows[n-1].IOPS += (row.IOPS - rows[n-1].IOPS) / within
				rows[n-1].Bytes += (row.Bytes - rows[n-1].Bytes) / within
				continue
			}
			rows, within = append(rows, row), 1
		}
		switch {
		case errors.Is(err, io.EOF) && len(rows) == 0:
			return nil, errors.New("no row has iops; name the column of I/O per second so")
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return nil, err
		}
	}
}

// unusable is what a file has that cannot be simulated.
func unusable(r replay.Report) error {
	switch {
	case len(r.Wrong) > 0:
		e := r.Wrong[0].Examples[0]
		return fmt.Errorf("line %d: %s: %s; correct it, or leave the cell empty where nothing was measured", e.Line, e.Why, e.Text)
	case r.Workloads > 1:
		var names []string
		for _, id := range r.IDs {
			names = append(names, string(id))
		}
		return fmt.Errorf("it has %d workloads (%s), and one is simulated; leave the rows of one in it", r.Workloads, strings.Join(names, ", "))
	case r.Duplicates > 0:
		return fmt.Errorf("%d rows have the time of another; leave one row for each time, and where a clock was put back write times in UTC or with their zone", r.Duplicates)
	}
	return nil
}

package cloudmonitoring

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/monitoring/v3"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// metric is one that Compute Engine has of each disk that is attached.
type metric struct {
	name    string
	aligner string // how the samples of a period become one
	field   ingest.Field
	unit    float64 // of a value, in the field's
}

// metrics are all that is read of a disk. Counts are those of a period, reads and writes add up; latency, in microseconds, and the queue are means.
var metrics = []metric{
	{"read_ops_count", "ALIGN_DELTA", ingest.Ops, 1},
	{"write_ops_count", "ALIGN_DELTA", ingest.Ops, 1},
	{"read_bytes_count", "ALIGN_DELTA", ingest.Bytes, 1},
	{"write_bytes_count", "ALIGN_DELTA", ingest.Bytes, 1},
	{"average_io_latency", "ALIGN_MEAN", ingest.Latency, 1e-6},
	{"average_io_queue_depth", "ALIGN_MEAN", ingest.QueueDepth, 1},
}

const prefix = "compute.googleapis.com/instance/disk/"

// mostNamed is how many disks are named to Cloud Monitoring; of more, all are asked for, and the others left out here.
const mostNamed = 50

// filter is that of a metric's series.
func (f *feed) filter(m metric) string {
	text := `metric.type = "` + prefix + m.name + `" AND resource.type = "gce_instance"`
	if n := len(f.cfg.Disks); n == 0 || n > mostNamed {
		return text
	}
	var names []string
	for _, d := range f.cfg.Disks {
		_, device, _ := strings.Cut(d, "/")
		names = append(names, `"`+device+`"`)
	}
	slices.Sort(names)
	return text + ` AND metric.labels.device_name = one_of(` + strings.Join(slices.Compact(names), ",") + `)`
}

// call asks for the series of a metric, for the periods that end after from, up to to.
func (f *feed) call(m metric, from, to time.Time) *monitoring.ProjectsTimeSeriesListCall {
	return f.series.List("projects/" + f.account.Project).Filter(f.filter(m)).
		IntervalStartTime(from.UTC().Format(time.RFC3339)).IntervalEndTime(to.UTC().Format(time.RFC3339)).
		AggregationAlignmentPeriod(fmt.Sprintf("%ds", int(f.cfg.Period.Seconds()))).AggregationPerSeriesAligner(m.aligner)
}

// fetch gives the readings for the periods that end after from, up to to, ascending by time.
func (f *feed) fetch(ctx context.Context, from, to time.Time) ([]ingest.Reading, error) {
	var batch []ingest.Reading
	for _, m := range metrics {
		err := f.call(m, from, to).Pages(ctx, func(page *monitoring.ListTimeSeriesResponse) error {
			for _, s := range page.TimeSeries {
				batch = f.read(batch, m, s, from, to)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(batch, func(a, b ingest.Reading) int { return cmp.Compare(a.Time, b.Time) })
	return batch, nil
}

// read makes readings of a series; a reading has the time at which its period ends.
func (f *feed) read(batch []ingest.Reading, m metric, s *monitoring.TimeSeries, from, to time.Time) []ingest.Reading {
	if s.Metric == nil || s.Resource == nil {
		return batch
	}
	zone, device, instance := s.Resource.Labels["zone"], s.Metric.Labels["device_name"], cmp.Or(s.Metric.Labels["instance_name"], s.Resource.Labels["instance_id"])
	if device == "" || len(f.named) > 0 && !f.named[zone+"/"+device] {
		return batch
	}
	id := strings.NewReplacer(zoneMark, zone, deviceMark, device, instanceMark, instance).Replace(f.cfg.ID)
	f.Register(id, foreshock.ID(id))
	h, known := f.Handles[id]
	if !known { // there are too many
		return batch
	}
	for _, p := range s.Points {
		value, known := amount(p)
		end := moment(p)
		if !known || !end.After(from) || end.After(to) || m.field == ingest.Latency && value == 0 { // no requests, no latency
			continue
		}
		one := ingest.Reading{Value: value * m.unit, Time: end.UnixMilli(), Handle: h, Field: m.field}
		if m.field.Increment() {
			one.Span = uint32(f.cfg.Period.Milliseconds())
		}
		batch = append(batch, one)
	}
	return batch
}

// amount is the value of a point, whole or not.
func amount(p *monitoring.Point) (x float64, known bool) {
	switch v := p.Value; {
	case v == nil:
	case v.DoubleValue != nil:
		return *v.DoubleValue, true
	case v.Int64Value != nil:
		return float64(*v.Int64Value), true
	}
	return 0, false
}

// moment is when a point's period ends; the zero time where that is not told.
func moment(p *monitoring.Point) time.Time {
	if p.Interval == nil {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, p.Interval.EndTime)
	if err != nil {
		return time.Time{}
	}
	return t
}

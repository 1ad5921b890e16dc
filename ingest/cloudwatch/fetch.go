package cloudwatch

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/foreshock-io/foreshock/ingest"
)

const (
	namespace = "AWS/EBS"
	dimension = "VolumeId"
	// maxQueries and maxPoints are what one call of GetMetricData may ask for (API reference).
	maxQueries = 500
	maxPoints  = 100_800
	maxPeriods = maxPoints / maxQueries
)

// metric is one that CloudWatch has of each volume.
type metric struct {
	name      string
	statistic string
	field     ingest.Field
}

// metrics are all that is read of a volume. Sums are those of a period, reads and writes add up; the queue's length is a mean. The checks are 1 in a
// minute in which more was asked for than the volume may do, of volumes on Nitro that are attached once: what waits then waits for the provider.
var metrics = []metric{
	{"VolumeReadOps", "Sum", ingest.Ops},
	{"VolumeWriteOps", "Sum", ingest.Ops},
	{"VolumeReadBytes", "Sum", ingest.Bytes},
	{"VolumeWriteBytes", "Sum", ingest.Bytes},
	{"VolumeTotalReadTime", "Sum", ingest.OpSeconds},
	{"VolumeTotalWriteTime", "Sum", ingest.OpSeconds},
	{"VolumeQueueLength", "Average", ingest.QueueDepth},
	{"VolumeIOPSExceededCheck", "Maximum", ingest.Pressure},
	{"VolumeThroughputExceededCheck", "Maximum", ingest.Pressure},
}

// volumes are those that are read, in their order.
func (f *feed) volumes() []string { return slices.Sorted(maps.Keys(f.Handles)) }

// discover registers the volumes that are named or, now and then, those of which CloudWatch has heard lately.
func (f *feed) discover(ctx context.Context, now time.Time) error {
	if len(f.cfg.Volumes) > 0 {
		for _, v := range f.cfg.Volumes {
			f.register(v)
		}
		return nil
	}
	if now.Sub(f.found) < f.cfg.Discover {
		return nil
	}
	in := &cloudwatch.ListMetricsInput{Namespace: aws.String(namespace), MetricName: aws.String(metrics[0].name), RecentlyActive: types.RecentlyActivePt3h}
	for {
		out, err := f.list(ctx, in)
		if err != nil {
			return err
		}
		for _, m := range out.Metrics {
			if len(m.Dimensions) == 1 && aws.ToString(m.Dimensions[0].Name) == dimension {
				f.register(aws.ToString(m.Dimensions[0].Value))
			}
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			f.found = now
			f.Purge()
			return nil
		}
	}
}

// fetch gives the readings of volumes for the periods that end after from, up to to, ascending by time.
func (f *feed) fetch(ctx context.Context, volumes []string, from, to time.Time) ([]ingest.Reading, error) {
	in := &cloudwatch.GetMetricDataInput{StartTime: &from, EndTime: &to, ScanBy: types.ScanByTimestampAscending}
	for v, volume := range volumes {
		for m, metric := range metrics {
			in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{
				Id: aws.String("q" + strconv.Itoa(v*len(metrics)+m)),
				MetricStat: &types.MetricStat{
					Period: aws.Int32(int32(f.cfg.Period / time.Second)), Stat: aws.String(metric.statistic),
					Metric: &types.Metric{
						Namespace: aws.String(namespace), MetricName: aws.String(metric.name),
						Dimensions: []types.Dimension{{Name: aws.String(dimension), Value: aws.String(volume)}},
					},
				},
			})
		}
	}
	var batch []ingest.Reading
	for {
		out, err := f.data(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, r := range out.MetricDataResults {
			batch = f.read(batch, volumes, r, from, to)
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			break
		}
	}
	slices.SortStableFunc(batch, func(a, b ingest.Reading) int { return cmp.Compare(a.Time, b.Time) })
	return batch, nil
}

// read makes readings of a result. CloudWatch stamps a period with its begin; a reading has its end.
func (f *feed) read(batch []ingest.Reading, volumes []string, r types.MetricDataResult, from, to time.Time) []ingest.Reading {
	n, err := strconv.Atoi(strings.TrimPrefix(aws.ToString(r.Id), "q"))
	if err != nil || n < 0 || n >= len(volumes)*len(metrics) {
		return batch
	}
	m, volume := metrics[n%len(metrics)], volumes[n/len(metrics)]
	if len(r.Timestamps) > 0 {
		f.register(volume) // the sink may have let it go meanwhile
	}
	handle, known := f.Handles[volume]
	if !known { // there are too many
		return batch
	}
	for i, begin := range r.Timestamps[:min(len(r.Timestamps), len(r.Values))] {
		end := begin.Add(f.cfg.Period)
		if !end.After(from) || end.After(to) {
			continue
		}
		one := ingest.Reading{Value: r.Values[i], Time: end.UnixMilli(), Handle: handle, Field: m.field}
		if m.field.Increment() {
			one.Span = uint32(f.cfg.Period.Milliseconds())
		}
		batch = append(batch, one)
	}
	return batch
}

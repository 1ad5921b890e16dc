package azuremonitor

import (
	"context"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"

	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

const (
	namespace = "Microsoft.Compute/virtualMachines"
	// unit is the dimension by which the metrics of data disks are split.
	unit = "LUN"
	// mostDisks is more than any machine has.
	mostDisks = 100
	// maxPeriods keeps an answer below 8 MB: of a machine with 64 disks, two hours of minutes.
	maxPeriods = 120
)

// metric is one that Azure Monitor has of each disk; what follows "Data Disk " or "OS Disk ".
type metric struct {
	name  string
	field ingest.Field
}

// metrics are all that is read of a disk (Azure's page of supported metrics for virtual machines). Rates are those of reads and of writes, which add up.
var metrics = []metric{
	{"Read Operations/Sec", ingest.Ops},
	{"Write Operations/Sec", ingest.Ops},
	{"Read Bytes/sec", ingest.Bytes},
	{"Write Bytes/sec", ingest.Bytes},
	{"Latency", ingest.Latency},
	{"Queue Depth", ingest.QueueDepth},
	{"IOPS Consumed Percentage", ingest.Pressure},
	{"Bandwidth Consumed Percentage", ingest.Pressure},
}

// full is from which percentage on a disk is taken to be at its limit: Azure says 100, of means of samples.
const full = 99

// sets are the beginnings of the names of metrics that are asked for together.
func sets(withOS bool) []string {
	if withOS {
		return []string{"Data Disk ", "OS Disk "}
	}
	return []string{"Data Disk "}
}

// fetch gives the readings of a machine's disks for the periods that end after from, up to until.
func (f *feed) fetch(ctx context.Context, m machine, set string, from, until time.Time) ([]ingest.Reading, error) {
	data := set == sets(false)[0]
	if _, os := m.disks[osUnit]; !data && !os || data && len(m.disks) == 0 {
		return nil, nil
	}
	var names []string
	for _, x := range metrics {
		names = append(names, set+x.name)
	}
	in := &armmonitor.MetricsClientListOptions{
		Metricnamespace: to.Ptr(namespace), Metricnames: to.Ptr(strings.Join(names, ",")), Aggregation: to.Ptr("average,maximum"), Interval: to.Ptr(periods[f.cfg.Period]),
		Timespan: to.Ptr(from.UTC().Format(time.RFC3339) + "/" + until.UTC().Format(time.RFC3339)),
	}
	if data {
		in.Filter, in.Top = to.Ptr(unit+" eq '*'"), to.Ptr(int32(mostDisks))
	}
	out, err := f.metrics(ctx, m.id, in)
	if err != nil {
		return nil, err
	}
	var batch []ingest.Reading
	for _, answer := range out.Value {
		if answer.Name == nil {
			continue
		}
		for _, x := range metrics {
			if strings.EqualFold(azuresdk.Value(answer.Name.Value), set+x.name) {
				batch = f.read(batch, m, x, answer, from, until)
			}
		}
	}
	return batch, nil
}

// read makes readings of a metric's series, one for each disk.
func (f *feed) read(batch []ingest.Reading, m machine, x metric, answer *armmonitor.Metric, from, until time.Time) []ingest.Reading {
	for _, series := range answer.Timeseries {
		at := osUnit
		for _, v := range series.Metadatavalues {
			if v.Name != nil && strings.EqualFold(azuresdk.Value(v.Name.Value), unit) {
				at = azuresdk.Value(v.Value)
			}
		}
		handle, known := f.Handles[m.disks[at]]
		if !known {
			continue
		}
		for _, point := range series.Data {
			value, known := f.value(x.field, point)
			end := azuresdk.Value(point.TimeStamp).Add(f.cfg.Period) // Azure Monitor stamps a period with its begin
			if !known || !end.After(from) || end.After(until) {
				continue
			}
			one := ingest.Reading{Value: value, Time: end.UnixMilli(), Handle: handle, Field: x.field}
			if x.field.Increment() {
				one.Span = uint32(f.cfg.Period.Milliseconds())
			}
			batch = append(batch, one)
		}
	}
	return batch
}

// value is what a point says of a field, in the field's unit; a period of which Azure Monitor has nothing says nothing.
func (f *feed) value(field ingest.Field, point *armmonitor.MetricValue) (float64, bool) {
	if point.Average == nil {
		return 0, false
	}
	switch x := *point.Average; field {
	case ingest.Ops, ingest.Bytes: // of a second
		return x * f.cfg.Period.Seconds(), true
	case ingest.Latency: // milliseconds
		return x / 1000, true
	case ingest.Pressure:
		if point.Maximum != nil {
			x = *point.Maximum
		}
		if x >= full {
			return 1, true
		}
		return 0, true
	default:
		return x, true
	}
}

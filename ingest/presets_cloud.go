package ingest

import (
	"slices"
	"time"
)

// cloudWatchEBS reads EBS volumes from CloudWatch, by prometheus/cloudwatch_exporter (label volume_id) or
// prometheus-community/yet-another-cloudwatch-exporter (label dimension_VolumeId). Both name the metrics
// aws_ebs_<metric>_<statistic>. A sum is that of the period for which the exporter asks, which the series do not tell:
// so there is a preset for each of the two usual periods. CloudWatch is minutes late; the source's lateness must allow
// for it, or the exporter must not set timestamps.
func cloudWatchEBS(period time.Duration) []Rule {
	var rules []Rule
	for _, label := range []string{"volume_id", "dimension_VolumeId"} {
		match, id := map[string]string{label: ".+"}, "ebs/${"+label+"}"
		rules = append(rules, rates(id, match, period, map[string]Field{
			"aws_ebs_volume_read_ops_sum":         Ops,
			"aws_ebs_volume_write_ops_sum":        Ops,
			"aws_ebs_volume_read_bytes_sum":       Bytes,
			"aws_ebs_volume_write_bytes_sum":      Bytes,
			"aws_ebs_volume_total_read_time_sum":  OpSeconds,
			"aws_ebs_volume_total_write_time_sum": OpSeconds,
		})...)
		rules = append(rules, Rule{Metric: "aws_ebs_volume_queue_length_average", Match: match, ID: id, Field: QueueDepth.String()})
	}
	return rules
}

// azureDisk reads managed disks from Azure Monitor, by the OpenTelemetry Collector's azuremonitorreceiver
// (internal/metadata/metrics.go: azure_<metric>_<aggregation>, data points with azuremonitor.resource_id). The metrics
// are rates, in preview, and may be zero for a disk that is used little.
var azureDisk = rates("azure${azuremonitor.resource_id}", nil, time.Second, map[string]Field{
	"azure_composite_disk_read_operations/sec_average":  Ops,
	"azure_composite_disk_write_operations/sec_average": Ops,
	"azure_composite_disk_read_bytes/sec_average":       Bytes,
	"azure_composite_disk_write_bytes/sec_average":      Bytes,
})

// gcpDisk reads the disks of Compute Engine from Cloud Monitoring, by prometheus-community/stackdriver_exporter
// without its flag monitoring.aggregate-deltas: each value is then what came in one minute.
var gcpDisk = rates("gcp/${instance_name}/${device_name}", nil, time.Minute, map[string]Field{
	"stackdriver_gce_instance_compute_googleapis_com_instance_disk_read_ops_count":    Ops,
	"stackdriver_gce_instance_compute_googleapis_com_instance_disk_write_ops_count":   Ops,
	"stackdriver_gce_instance_compute_googleapis_com_instance_disk_read_bytes_count":  Bytes,
	"stackdriver_gce_instance_compute_googleapis_com_instance_disk_write_bytes_count": Bytes,
})

// otelSystem reads block devices by OpenTelemetry: the Collector's hostmetricsreceiver (disk scraper, metadata.yaml:
// attribute device) and the semantic conventions for system metrics (attribute system.device).
var otelSystem = slices.Concat(
	counters("disk/${system.device}", map[string]string{"system.device": ".+"}, otelFields),
	counters("disk/${device}", map[string]string{"device": ".+"}, otelFields),
)

var otelFields = map[string]Field{
	"system.disk.operations":       Ops,
	"system.disk.io":               Bytes,
	"system.disk.operation_time":   OpSeconds,
	"system.disk.weighted_io_time": QueueSeconds,
}

package ingest

// nodeExporter reads the block devices of prometheus/node_exporter: collector/diskstats_common.go and
// collector/diskstats_linux.go (1.3 and later), collector/pressure_linux.go for pressure. One host's disks have ids
// of their own only when the id has the host in it: set id_prefix to "${instance}/" where there are several.
var nodeExporter = []Rule{
	disk("node_disk_reads_completed_total", Ops),
	disk("node_disk_writes_completed_total", Ops),
	disk("node_disk_read_bytes_total", Bytes),
	disk("node_disk_written_bytes_total", Bytes),
	disk("node_disk_read_time_seconds_total", OpSeconds),
	disk("node_disk_write_time_seconds_total", OpSeconds),
	disk("node_disk_io_time_weighted_seconds_total", QueueSeconds),
}

// disk makes a rule of one counter of one device. What is no disk (partitions, loop devices) the exporter leaves out
// itself, by its flag --collector.diskstats.device-exclude.
func disk(metric string, f Field) Rule {
	return Rule{Metric: metric, Field: f.String(), Counter: true, ID: "disk/${device}"}
}

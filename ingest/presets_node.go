package ingest

// nodeExporter reads the block devices of prometheus/node_exporter (collector/diskstats_linux.go; the names since
// 0.16). One host's disks have ids of their own only when the id has the host in it: set id_prefix to "${instance}/"
// where there are several. What is no disk (partitions, loop devices) the exporter leaves out itself, by its flag
// --collector.diskstats.device-exclude.
var nodeExporter = counters("disk/${device}", nil, map[string]Field{
	"node_disk_reads_completed_total":          Ops,
	"node_disk_writes_completed_total":         Ops,
	"node_disk_read_bytes_total":               Bytes,
	"node_disk_written_bytes_total":            Bytes,
	"node_disk_read_time_seconds_total":        OpSeconds,
	"node_disk_write_time_seconds_total":       OpSeconds,
	"node_disk_io_time_weighted_seconds_total": QueueSeconds,
})

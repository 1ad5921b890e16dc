package ingest

// libvirtExporter reads the disks of virtual machines by the libvirt exporters that ask for GetAllDomainStats
// (AlexZzz/libvirt-exporter and its descendants: README.md); the older kumina/libvirt_exporter has the same names but
// for the times.
var libvirtExporter = append(counters("vm/${domain}/${target_device}", nil, map[string]Field{
	"libvirt_domain_block_stats_read_requests_total":      Ops,
	"libvirt_domain_block_stats_write_requests_total":     Ops,
	"libvirt_domain_block_stats_read_bytes_total":         Bytes,
	"libvirt_domain_block_stats_write_bytes_total":        Bytes,
	"libvirt_domain_block_stats_read_time_seconds_total":  OpSeconds,
	"libvirt_domain_block_stats_write_time_seconds_total": OpSeconds,
}), Rule{Metric: "libvirt_domain_block_stats_capacity_bytes", ID: "vm/${domain}/${target_device}", Field: "allocated_size"})

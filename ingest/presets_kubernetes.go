package ingest

import "slices"

// ebsCSI reads the EBS volumes of kubernetes-sigs/aws-ebs-csi-driver (docs/metrics.md, "EBS NVMe Metrics"; node
// plugin, on Nitro instances).
var ebsCSI = append(counters("ebs/${volume_id}", nil, map[string]Field{
	"aws_ebs_csi_read_ops_total":      Ops,
	"aws_ebs_csi_write_ops_total":     Ops,
	"aws_ebs_csi_read_bytes_total":    Bytes,
	"aws_ebs_csi_write_bytes_total":   Bytes,
	"aws_ebs_csi_read_seconds_total":  OpSeconds,
	"aws_ebs_csi_write_seconds_total": OpSeconds,
}), Rule{Metric: "aws_ebs_csi_volume_queue_length", ID: "ebs/${volume_id}", Field: QueueDepth.String()})

// cAdvisor reads the containers of google/cadvisor (metrics/prometheus.go), by itself or in the kubelet. The series of
// pods and other groups above the containers are left out, for they count the same requests again; so are the times
// (container_fs_read_seconds_total and its like), which divide milliseconds by nanoseconds, or are zero.
var cAdvisor = slices.Concat(
	counters("container/${namespace}/${pod}/${container}", map[string]string{"pod": ".+", "container": ".+", "image": ".+"}, containerFields),
	counters("container/${name}", map[string]string{"name": ".+", "pod": "", "image": ".+"}, containerFields),
)

var containerFields = map[string]Field{
	"container_fs_reads_total":        Ops,
	"container_fs_writes_total":       Ops,
	"container_fs_reads_bytes_total":  Bytes,
	"container_fs_writes_bytes_total": Bytes,
}

package app

import (
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/ingest/azuremonitor"
	"github.com/foreshock-io/foreshock/ingest/cloudmonitoring"
	"github.com/foreshock-io/foreshock/ingest/cloudwatch"
	"github.com/foreshock-io/foreshock/ingest/ebpf"
	"github.com/foreshock-io/foreshock/ingest/host"
	"github.com/foreshock-io/foreshock/ingest/libvirt"
	"github.com/foreshock-io/foreshock/ingest/otlp"
	"github.com/foreshock-io/foreshock/ingest/prometheus"
	"github.com/foreshock-io/foreshock/ingest/remotewrite"
	"github.com/foreshock-io/foreshock/ingest/replay"
)

// sources are the components of stage ingest. To add one, add its folder and its line.
var sources = []ingest.Factory{
	azuremonitor.Factory,
	cloudmonitoring.Factory,
	cloudwatch.Factory,
	ebpf.Factory,
	host.Factory,
	libvirt.Factory,
	otlp.Factory,
	prometheus.Factory,
	remotewrite.Factory,
	replay.Factory,
}

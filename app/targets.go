package app

import (
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/aws"
	"github.com/foreshock-io/foreshock/act/azure"
	"github.com/foreshock-io/foreshock/act/cgroup"
	"github.com/foreshock-io/foreshock/act/dryrun"
	"github.com/foreshock-io/foreshock/act/gcp"
	"github.com/foreshock-io/foreshock/act/kubernetes"
	"github.com/foreshock-io/foreshock/act/libvirt"
	"github.com/foreshock-io/foreshock/act/vsphere"
	"github.com/foreshock-io/foreshock/act/webhook"
)

// targets are the components of stage act. To add one, add its folder and its line.
var targets = []act.Factory{
	aws.Factory,
	azure.Factory,
	cgroup.Factory,
	dryrun.Factory,
	gcp.Factory,
	kubernetes.Factory,
	libvirt.Factory,
	vsphere.Factory,
	webhook.Factory,
}

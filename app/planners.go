package app

import (
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/http"
	"github.com/foreshock-io/foreshock/capacity/kubernetes"
	"github.com/foreshock-io/foreshock/capacity/libvirt"
	"github.com/foreshock-io/foreshock/capacity/limits"
	"github.com/foreshock-io/foreshock/capacity/quota"
	"github.com/foreshock-io/foreshock/capacity/vsphere"
)

// planners are the components of stage capacity. To add one, add its folder and its line.
var planners = []capacity.Factory{
	http.Factory,
	kubernetes.Factory,
	limits.Factory,
	quota.Factory,
	libvirt.Factory,
	vsphere.Factory,
}

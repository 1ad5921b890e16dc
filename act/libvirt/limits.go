package libvirt

import (
	"maps"
	"slices"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
)

var categories = map[foreshock.Dimension]libvirt.Category{foreshock.DimIOPS: libvirt.PerSecond, foreshock.DimThroughput: libvirt.Bytes}

// move sets a category from its lowest limit to another. Growing lifts only the limits that are lower than it, reducing lowers only those that
// are higher. A burst limit below its limit is none that libvirt takes, and is lifted with it.
func move(l libvirt.Limits, c libvirt.Category, from, to uint64) {
	for _, name := range c.Names() {
		x := l[name]
		if x == 0 || to > from && x >= to || to < from && x <= to {
			continue
		}
		l[name] = to
		if burst := l[name+"_max"]; burst > 0 && burst < to {
			l[name+"_max"] = to
		}
	}
}

// params are the limits as libvirt takes them. They are always written all, as libvirt takes out what is left out of a category that is touched; but for the
// group's name, which stays when it is not written.
func params(l libvirt.Limits) []rpc.TypedParam {
	var list []rpc.TypedParam
	for _, name := range slices.Sorted(maps.Keys(l)) {
		list = append(list, rpc.TypedParam{Field: name, Value: *rpc.NewTypedParamValueUllong(l[name])})
	}
	return list
}

package libvirt

import (
	"maps"
	"slices"
	"strings"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock"
)

// limits are those of one disk by libvirt's names (virsh blkdeviotune): all but the group's name, which stays what it is when it is not
// written. 0 is no limit. They are always written all: libvirt takes out what is left out of a category that is touched.
type limits map[string]uint64

// category is a group of limits: either on all requests, or on reads and on writes.
type category string

func (c category) names() []string {
	return []string{"total_" + string(c), "read_" + string(c), "write_" + string(c)}
}

var categories = map[foreshock.Dimension]category{foreshock.DimIOPS: "iops_sec", foreshock.DimThroughput: "bytes_sec"}

// readLimits reads the limits in effect, or those of the configuration.
func readLimits(l *rpc.Libvirt, d rpc.Domain, name string, of rpc.DomainModificationImpact) (limits, error) {
	flags := uint32(of) | uint32(rpc.TypedParamStringOkay)
	_, n, err := l.DomainGetBlockIOTune(d, rpc.OptString{name}, 0, flags)
	if err != nil {
		return nil, err
	}
	params, _, err := l.DomainGetBlockIOTune(d, rpc.OptString{name}, n, flags)
	if err != nil {
		return nil, err
	}
	set := limits{}
	for _, p := range params {
		if x, is := p.Value.I.(uint64); is {
			set[p.Field] = x
		}
	}
	for name, length := range set {
		if burst, is := strings.CutSuffix(name, "_length"); is && length == 0 && set[burst] > 0 {
			set[name] = 1 // seconds; that is what 0 comes to
		}
	}
	return set, nil
}

func (l limits) copy() limits { return maps.Clone(l) }

func (l limits) same(other limits) bool { return maps.Equal(l, other) }

// lowest is the limit of a category that is met first; 0 where there is none.
func (l limits) lowest(c category) (lowest uint64) {
	for _, name := range c.names() {
		if x := l[name]; x > 0 && (lowest == 0 || x < lowest) {
			lowest = x
		}
	}
	return lowest
}

// move sets a category from its lowest limit to another. Growing lifts only the limits that are lower than it, reducing lowers only those that
// are higher. A burst limit below its limit is none that libvirt takes, and is lifted with it.
func (l limits) move(c category, from, to uint64) {
	for _, name := range c.names() {
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

// params are the limits as libvirt takes them.
func (l limits) params() []rpc.TypedParam {
	var list []rpc.TypedParam
	for _, name := range slices.Sorted(maps.Keys(l)) {
		list = append(list, rpc.TypedParam{Field: name, Value: *rpc.NewTypedParamValueUllong(l[name])})
	}
	return list
}

package libvirt

import (
	"strings"

	rpc "github.com/digitalocean/go-libvirt"
)

// Limits are those of one disk by libvirt's names (virsh blkdeviotune): all but the group's name. 0 is no limit.
type Limits map[string]uint64

// Category is a group of limits: either on all requests, or on reads and on writes.
type Category string

// The categories: requests per second, and bytes per second.
const (
	PerSecond Category = "iops_sec"
	Bytes     Category = "bytes_sec"
)

// Names are the limits of a category.
func (c Category) Names() []string {
	return []string{"total_" + string(c), "read_" + string(c), "write_" + string(c)}
}

// ReadLimits reads the limits in effect (DomainAffectLive) of a disk of a domain, or those of its configuration (DomainAffectConfig).
func ReadLimits(l *rpc.Libvirt, d rpc.Domain, disk string, of rpc.DomainModificationImpact) (Limits, error) {
	flags := uint32(of) | uint32(rpc.TypedParamStringOkay)
	_, n, err := l.DomainGetBlockIOTune(d, rpc.OptString{disk}, 0, flags)
	if err != nil {
		return nil, err
	}
	params, _, err := l.DomainGetBlockIOTune(d, rpc.OptString{disk}, n, flags)
	if err != nil {
		return nil, err
	}
	set := Limits{}
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

// Lowest is the limit of a category that is met first; 0 where there is none.
func (l Limits) Lowest(c Category) (lowest uint64) {
	for _, name := range c.Names() {
		if x := l[name]; x > 0 && (lowest == 0 || x < lowest) {
			lowest = x
		}
	}
	return lowest
}

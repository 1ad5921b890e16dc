package libvirt

import (
	"fmt"
	"maps"
	"slices"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
)

// diskDesc is a disk in a domain's XML.
type diskDesc struct {
	Type   string `xml:"type,attr"` // file, block, network, …
	Target struct {
		Dev string `xml:"dev,attr"`
	} `xml:"target"`
	Group    string    `xml:"iotune>group_name"`
	ReadOnly *struct{} `xml:"readonly"`
	Mirror   *struct{} `xml:"mirror"` // a block job is on it
}

// disk is a disk of a domain that runs.
type disk struct {
	*domain
	desc     diskDesc
	limits   libvirt.Limits // in effect
	kept     libvirt.Limits // in the configuration; nil where there is none
	capacity float64        // bytes; 0 where it is not known
}

// disk reads a disk of the domain.
func (d *domain) disk(l *rpc.Libvirt, name string) (*disk, error) {
	named := func(x diskDesc) bool { return x.Target.Dev == name }
	i := slices.IndexFunc(d.live.Disks, named)
	if i < 0 {
		return nil, fmt.Errorf("%w: domain %s has no disk %q", act.ErrNotFound, d.Name, name)
	}
	k := &disk{domain: d, desc: d.live.Disks[i]}
	var err error
	if k.limits, err = libvirt.ReadLimits(l, d.Domain, name, rpc.DomainAffectLive); err != nil {
		return nil, err
	}
	if d.persistent && !slices.ContainsFunc(d.config.Disks, named) {
		d.persistent = false // plugged in until the domain stops
	}
	if d.persistent {
		if k.kept, err = libvirt.ReadLimits(l, d.Domain, name, rpc.DomainAffectConfig); err != nil {
			return nil, err
		}
	}
	count, _ := d.stats.Uint("block.count")
	for i := range count {
		if d.stats.Text(fmt.Sprintf("block.%d.name", i)) == name {
			bytes, _ := d.stats.Uint(fmt.Sprintf("block.%d.capacity", i))
			k.capacity = float64(bytes)
		}
	}
	return k, nil
}

// QEMU's greatest limit (QEMU_BLOCK_IOTUNE_MAX in libvirt), and the quantum of sizes: whole KiB for old daemons, whole clusters of any image.
const (
	mostLimit   = 1e15
	sizeQuantum = 1 << 20
)

func (k *disk) resource() foreshock.Resource {
	r := foreshock.Resource{Busy: k.busy || k.desc.Mirror != nil, Owner: k.owner(), Rules: map[foreshock.Dimension]foreshock.Rule{}}
	for d, c := range categories {
		r.Rules[d] = foreshock.Rule{Min: 1, Max: mostLimit, Quantum: 1, Down: true}
		if lowest := k.limits.Lowest(c); lowest > 0 {
			r.Allocated.Set(d, float64(lowest))
		}
	}
	if k.capacity == 0 {
		return r
	}
	r.Allocated.Set(foreshock.DimSize, k.capacity)
	if k.desc.Type != "block" && k.desc.ReadOnly == nil { // a device of the host has the size that it has
		r.Rules[foreshock.DimSize] = foreshock.Rule{Min: sizeQuantum, Quantum: sizeQuantum}
	}
	return r
}

// owner says who else has a hand on the disk's limits, or "".
func (k *disk) owner() string {
	for _, other := range k.live.Disks {
		if k.desc.Group != "" && other.Group == k.desc.Group && other.Target != k.desc.Target {
			return fmt.Sprintf("the throttle group %s, in which disk %s is too,", k.desc.Group, other.Target.Dev)
		}
	}
	if k.kept != nil && !maps.Equal(k.limits, k.kept) {
		return fmt.Sprintf("a configuration of %s with other limits for %s than those in effect (compare virsh blkdeviotune with --live and --config, or set persist: false)",
			k.Name, k.desc.Target.Dev)
	}
	return ""
}

func (k *disk) changes(l *rpc.Libvirt, to foreshock.Allocation) ([]func() error, error) {
	var list []func() error
	now := k.resource()
	wanted := maps.Clone(k.limits)
	for _, d := range to.Dimensions() {
		x, _ := to.Get(d)
		has, known := now.Allocated.Get(d)
		if _, ours := now.Rules[d]; !ours || !known {
			return nil, fmt.Errorf("%s of disk %s of domain %s has no amount that could be moved", d, k.desc.Target.Dev, k.Name)
		}
		switch {
		case d != foreshock.DimSize:
			move(wanted, categories[d], uint64(has), uint64(x))
		case x < has:
			return nil, fmt.Errorf("a disk is never shrunk (from %s to %s)", foreshock.FormatBytes(has), foreshock.FormatBytes(x))
		default:
			list = append(list, func() error {
				return l.DomainBlockResize(k.Domain, k.desc.Target.Dev, uint64(x), rpc.DomainBlockResizeBytes)
			})
		}
	}
	if !maps.Equal(wanted, k.limits) {
		list = append(list, func() error { return l.DomainSetBlockIOTune(k.Domain, k.desc.Target.Dev, params(wanted), k.affects()) })
	}
	return list, nil
}

// pending: a disk has its new limits and size at once.
func (k *disk) pending(foreshock.Allocation) string { return "" }

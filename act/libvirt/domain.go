package libvirt

import (
	"encoding/xml"
	"fmt"
	"math"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
)

const kib = 1024

// description is what is read of a domain's XML.
type description struct {
	CurrentKiB float64    `xml:"currentMemory"` // libvirt writes KiB, whatever was written to it
	Disks      []diskDesc `xml:"devices>disk"`
}

// domain is a domain that runs.
type domain struct {
	rpc.Domain
	live, config description // config is empty where the domain has none, or it is left alone
	persistent   bool
	busy         bool
	stats        libvirt.Stats
}

// domain reads a domain.
func (t *target) domain(l *rpc.Libvirt, name string) (*domain, error) {
	found, err := libvirt.Lookup(l, name)
	if err != nil {
		return nil, err
	}
	d := &domain{Domain: found}
	const what = rpc.DomainStatsBalloon | rpc.DomainStatsVCPU | rpc.DomainStatsBlock
	records, err := l.ConnectGetAllDomainStats([]rpc.Domain{found}, uint32(what), uint32(rpc.ConnectGetAllDomainsStatsActive))
	switch {
	case err != nil:
		return nil, err
	case len(records) == 0:
		return nil, fmt.Errorf("domain %s does not run; only domains that run are changed", name)
	}
	d.stats = libvirt.NewStats(records[0].Params)
	if d.live, err = describe(l, found, 0); err != nil {
		return nil, err
	}
	if persistent, err := l.DomainIsPersistent(found); err != nil {
		return nil, err
	} else if d.persistent = t.Persist && persistent == 1; d.persistent {
		if d.config, err = describe(l, found, rpc.DomainXMLInactive); err != nil {
			return nil, err
		}
	}
	state, _, _, err := l.DomainGetControlInfo(found, 0)
	d.busy = state != uint32(rpc.DomainControlOk)
	return d, err
}

func describe(l *rpc.Libvirt, d rpc.Domain, flags rpc.DomainXMLFlags) (description, error) {
	text, err := l.DomainGetXMLDesc(d, flags)
	if err != nil {
		return description{}, err
	}
	var desc description
	if err := xml.Unmarshal([]byte(text), &desc); err != nil {
		return desc, fmt.Errorf("description of domain %s: %w", d.Name, err)
	}
	return desc, nil
}

// affects are the flags of a change.
func (d *domain) affects() uint32 {
	flags := rpc.DomainAffectLive
	if d.persistent {
		flags |= rpc.DomainAffectConfig
	}
	return uint32(flags)
}

// memoryQuantum is one that every machine type takes, in bytes.
const memoryQuantum = 1 << 20

func (d *domain) resource() foreshock.Resource {
	r := foreshock.Resource{Busy: d.busy, Rules: map[foreshock.Dimension]foreshock.Rule{}}
	if n, known := d.stats.Uint("vcpu.current"); known {
		most, _ := d.stats.Uint("vcpu.maximum")
		r.Allocated.Set(foreshock.DimVCPU, float64(n))
		r.Rules[foreshock.DimVCPU] = foreshock.Rule{Min: 1, Max: float64(most), Quantum: 1}
	}
	current, known := d.stats.Uint("balloon.current")
	if !known {
		return r
	}
	bytes := float64(current) * kib
	r.Allocated.Set(foreshock.DimMemory, bytes)
	// The guest's balloon driver must report, or else nobody would know what came of it.
	if last, _ := d.stats.Uint("balloon.last-update"); last > 0 && d.persistent {
		r.Rules[foreshock.DimMemory] = d.memoryRule(bytes)
	}
	return r
}

// memoryRule: the guest can give back only what it can do without.
func (d *domain) memoryRule(bytes float64) foreshock.Rule {
	most, _ := d.stats.Uint("balloon.maximum")
	rule := foreshock.Rule{Min: memoryQuantum, Max: float64(most) * kib, Quantum: memoryQuantum}
	if usable, known := d.stats.Uint("balloon.usable"); known {
		rule.Down = true
		rule.Min = max(rule.Min, math.Ceil((bytes-float64(usable)*kib)/memoryQuantum)*memoryQuantum)
	}
	return rule
}

func (d *domain) changes(l *rpc.Libvirt, to foreshock.Allocation) ([]func() error, error) {
	var list []func() error
	now := d.resource()
	for _, dim := range to.Dimensions() {
		x, _ := to.Get(dim)
		if _, ours := now.Rules[dim]; !ours {
			return nil, fmt.Errorf("%s of domain %s cannot be changed", dim, d.Name)
		}
		if dim == foreshock.DimVCPU {
			list = append(list, func() error { return l.DomainSetVcpusFlags(d.Domain, uint32(x), d.affects()) })
			continue
		}
		list = append(list, func() error { return l.DomainSetMemoryFlags(d.Domain, uint64(x/kib), d.affects()) })
	}
	return list, nil
}

// pending: what the balloon was told stands in the configuration; what it is, the guest says.
func (d *domain) pending(to foreshock.Allocation) string {
	asked, stated := to.Get(foreshock.DimMemory)
	now := d.resource()
	has, _ := now.Allocated.Get(foreshock.DimMemory)
	if !stated || has == asked || d.config.CurrentKiB*kib != asked {
		return ""
	}
	return fmt.Sprintf("the guest is at %s of memory of the %s that it was told", foreshock.FormatBytes(has), foreshock.FormatBytes(asked))
}

package azure

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

const gib = 1 << 30

// shape is all that a change of a disk is of.
type shape struct {
	kind             string // PremiumV2_LRS, …
	size             float64
	iops, throughput float64 // in MB/s; of a disk with tiers those of its tier
	tier             string  // "" where the type has none
}

func (s shape) String() string {
	text := s.kind + ", " + strconv.FormatFloat(s.size, 'f', -1, 64) + " GiB"
	if s.tier != "" {
		text += ", tier " + s.tier
	}
	return fmt.Sprintf("%s, %s, %g MB/s", text, foreshock.FormatAmount(foreshock.DimIOPS, s.iops), s.throughput)
}

// allocation is what a disk of a type has. What neither can be asked for nor comes with a tier is not told.
func (s shape) allocation(t providers.VolumeType) foreshock.Allocation {
	var a foreshock.Allocation
	a.Set(foreshock.DimSize, s.size*gib)
	if s.tier != "" || t.IOPS.Max > 0 {
		a.Set(foreshock.DimIOPS, s.iops)
		a.Set(foreshock.DimThroughput, s.throughput*t.Bytes())
	}
	return a
}

// disk is what Azure says of one.
type disk struct {
	shape
	id       string
	state    string
	phase    providers.Phase
	tierNext string // under way
	created  time.Time
	machines []string // to which it is attached, by their whole names
	inUse    bool     // by a machine, or to be uploaded or downloaded
	fixed    bool     // in size while it is in use: it holds an operating system, or is shared
	shared   bool
}

func (d disk) busy() bool { return d.phase == providers.UnderWay || d.tierNext != "" }

func (x *disks) describe(ctx context.Context, resource string) (disk, error) {
	group, name, err := names(resource, x.Prefix())
	if err != nil {
		return disk{}, err
	}
	d, err := x.get(ctx, group, name)
	if err != nil {
		return disk{}, err
	}
	x.remember(resource, d)
	return d, nil
}

func (x *disks) get(ctx context.Context, group, name string) (disk, error) {
	out, err := x.api.disk(ctx, group, name, nil)
	if err != nil {
		return disk{}, sayable(err)
	}
	if out.Properties == nil || out.SKU == nil {
		return disk{}, fmt.Errorf("%w: Azure shows nothing of the disk", act.ErrNotFound)
	}
	return x.disk(out.Disk), nil
}

func (x *disks) disk(raw armcompute.Disk) disk {
	p := raw.Properties
	d := disk{
		shape: shape{
			kind: string(azuresdk.Value(raw.SKU.Name)), size: float64(azuresdk.Value(p.DiskSizeGB)),
			iops: float64(azuresdk.Value(p.DiskIOPSReadWrite)), throughput: float64(azuresdk.Value(p.DiskMBpsReadWrite)),
		},
		id: azuresdk.Value(raw.ID), state: azuresdk.Value(p.ProvisioningState), created: azuresdk.Value(p.TimeCreated), shared: azuresdk.Value(p.MaxShares) > 1,
	}
	if raw.ManagedBy != nil {
		d.machines = append(d.machines, *raw.ManagedBy)
	}
	for _, m := range raw.ManagedByExtended {
		if name := azuresdk.Value(m); name != "" && !slices.Contains(d.machines, name) {
			d.machines = append(d.machines, name)
		}
	}
	d.inUse = len(d.machines) > 0 || p.DiskState != nil && *p.DiskState != armcompute.DiskStateUnattached
	d.fixed = d.shared || p.OSType != nil
	t := x.types[d.kind]
	phase, known := t.States[d.state]
	if !known { // a state that is new may be on its way to any
		phase = providers.UnderWay
	}
	d.phase = phase
	if in := p.PropertyUpdatesInProgress; in != nil {
		d.tierNext = azuresdk.Value(in.TargetTier)
	}
	if tiers := t.TiersAt(d.size); len(tiers) > 0 {
		at := slices.IndexFunc(tiers, func(tier providers.Tier) bool { return tier.Name == azuresdk.Value(p.Tier) })
		tier := tiers[max(0, at)]
		d.tier, d.iops, d.throughput = tier.Name, tier.IOPS, tier.Throughput
	}
	return d
}

// next is the whole shape that a disk has once amounts are changed. All that is not stated stays; of a tier, at least.
func (x *disks) next(s shape, to foreshock.Allocation) (shape, error) {
	t := x.types[s.kind]
	if size, stated := to.Get(foreshock.DimSize); stated {
		s.size = math.Round(size / gib)
	}
	iops, iopsStated := to.Get(foreshock.DimIOPS)
	throughput, throughputStated := to.Get(foreshock.DimThroughput)
	if s.tier == "" {
		if iopsStated {
			s.iops = math.Round(iops)
		}
		if throughputStated {
			s.throughput = math.Round(throughput / t.Bytes())
		}
		return s, nil
	}
	tiers := t.TiersAt(s.size)
	if len(tiers) == 0 {
		return s, nil // the size is one that Check refuses
	}
	want := tierOffer(t, providers.Tier{IOPS: s.iops, Throughput: s.throughput}).Has
	if iopsStated {
		want.Set(foreshock.DimIOPS, iops)
	}
	if throughputStated {
		want.Set(foreshock.DimThroughput, throughput)
	}
	offer, err := act.Fitting(offers(t, tiers), want)
	if err != nil {
		return s, err
	}
	named := func(name string) int {
		return slices.IndexFunc(tiers, func(tier providers.Tier) bool { return tier.Name == name })
	}
	tier := tiers[named(offer.Name)]
	if at := named(s.tier); at >= 0 && tiers[at].IOPS == tier.IOPS && tiers[at].Throughput == tier.Throughput {
		tier = tiers[at] // that it has already, and of two that are the same
	}
	s.tier, s.iops, s.throughput = tier.Name, tier.IOPS, tier.Throughput
	return s, nil
}

// rank is the place of a tier among those of a type.
func rank(t providers.VolumeType, tier string) int {
	return slices.IndexFunc(t.Tiers, func(x providers.Tier) bool { return x.Name == tier })
}

func tierOffer(t providers.VolumeType, tier providers.Tier) act.Offer {
	o := act.Offer{Name: tier.Name}
	o.Has.Set(foreshock.DimIOPS, tier.IOPS)
	o.Has.Set(foreshock.DimThroughput, tier.Throughput*t.Bytes())
	return o
}

func offers(t providers.VolumeType, tiers []providers.Tier) []act.Offer {
	var list []act.Offer
	for _, tier := range tiers {
		list = append(list, tierOffer(t, tier))
	}
	return list
}

// rules are those of each amount while the others stay, so that amounts that go the same way may be changed together. The share of the machines
// bounds what is more than there is now.
func (x *disks) rules(d disk, share share) map[foreshock.Dimension]foreshock.Rule {
	t := x.types[d.kind]
	rules := map[foreshock.Dimension]foreshock.Rule{}
	if d.tier != "" && !(d.shared && d.inUse) {
		own := tierOffer(t, providers.Tier{IOPS: d.iops, Throughput: d.throughput}).Has
		had := slices.DeleteFunc(t.TiersAt(d.size), func(tier providers.Tier) bool {
			return tier.IOPS > max(d.iops, share.iops) || tier.Throughput*t.Bytes() > max(d.throughput*t.Bytes(), share.throughput)
		})
		rules = act.OfferRules(own, offers(t, had))
	}
	if t.IOPS.Max > 0 {
		rules[foreshock.DimIOPS] = foreshock.Rule{Min: t.LeastIOPS(d.throughput), Max: share.most(t.MostIOPS(d.size), share.iops, d.iops), Quantum: 1, Down: true}
		most := share.most(t.MostThroughput(d.iops), share.throughput/t.Bytes(), d.throughput)
		rules[foreshock.DimThroughput] = foreshock.Rule{Min: t.Throughput.Min * t.Bytes(), Max: most * t.Bytes(), Quantum: t.Bytes(), Down: true}
	}
	if !(d.fixed && d.inUse) {
		rules[foreshock.DimSize] = foreshock.Rule{Min: t.Size.Min * gib, Max: mostSize(d, t) * gib, Quantum: gib}
	}
	return rules
}

// mostSize is the most GiB to which a disk may grow as it is used now.
func mostSize(d disk, t providers.VolumeType) float64 {
	if d.inUse && d.size <= t.Split {
		return t.Split
	}
	return t.Size.Max
}

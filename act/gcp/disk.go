package gcp

import (
	"context"
	"math"
	"slices"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
	"github.com/foreshock-io/foreshock/providers/gcpsdk"
)

const (
	gib = 1 << 30
	mib = 1 << 20
)

// differs are the amounts in which two volumes differ.
func differs(s, to act.Volume) (set amountSet) {
	if s.IOPS != to.IOPS {
		set |= iopsChanged
	}
	if s.Throughput != to.Throughput {
		set |= throughputChanged
	}
	if s.Size != to.Size {
		set |= sizeChanged
	}
	return set
}

// disk is what Compute Engine says of one.
type disk struct {
	act.Volume
	status     string
	instances  []string // addresses
	operations []operation
	frees      map[foreshock.Dimension]time.Time // when an amount can be changed again
}

// busy says that a change is under way, or that the disk is in a state in which it takes none.
func (d disk) busy() bool {
	return d.status != "READY" || slices.ContainsFunc(d.operations, operation.holds)
}

// frozen says whether an amount cannot be changed yet.
func (d disk) frozen(dim foreshock.Dimension, now time.Time) bool { return d.frees[dim].After(now) }

func (x *disks) describe(ctx context.Context, at place) (disk, error) {
	raw, err := x.get(ctx, at)
	if err != nil {
		return disk{}, sayable(err)
	}
	d := x.disk(raw)
	if d.operations, err = x.api.list(ctx, x.target.account.Project, at, "disks", raw.GetId()); err != nil {
		return disk{}, sayable(err)
	}
	d.frees = x.frees(at, d)
	x.seen.Put(at.zone+"/"+at.name, d)
	return d, nil
}

func (x *disks) get(ctx context.Context, at place) (*computepb.Disk, error) {
	if at.regional() {
		return x.api.regionDisks.Get(ctx, &computepb.GetRegionDiskRequest{Project: x.target.account.Project, Region: at.zone, Disk: at.name})
	}
	return x.api.disks.Get(ctx, &computepb.GetDiskRequest{Project: x.target.account.Project, Zone: at.zone, Disk: at.name})
}

func (x *disks) disk(raw *computepb.Disk) disk {
	d := disk{Volume: act.Volume{Kind: gcpsdk.Last(raw.GetType()), Size: float64(raw.GetSizeGb())}, status: raw.GetStatus(), instances: raw.GetUsers()}
	if t := x.types[d.Kind]; t.IOPS.Max > 0 {
		d.IOPS = float64(raw.GetProvisionedIops())
	}
	if t := x.types[d.Kind]; t.Throughput.Max > 0 {
		d.Throughput = float64(raw.GetProvisionedThroughput())
	}
	return d
}

// frees are when amounts can be changed again: a window after the last change of each, whoever asked for it, and after a refusal.
func (x *disks) frees(at place, d disk) map[foreshock.Dimension]time.Time {
	t := x.types[d.Kind]
	if t.Changes == 0 {
		return nil
	}
	free := x.refusals(at)
	later := func(dim foreshock.Dimension, at time.Time) {
		if at.After(free[dim]) {
			free[dim] = at
		}
	}
	for _, o := range d.operations {
		set := o.changes()
		if set&iopsChanged != 0 {
			later(foreshock.DimIOPS, o.at().Add(t.Window))
		}
		if set&throughputChanged != 0 {
			later(foreshock.DimThroughput, o.at().Add(t.Window))
		}
	}
	return free
}

// next is what a disk has once amounts are changed: what is not stated stays, or is raised to the least that the others need.
func (x *disks) next(d disk, to foreshock.Allocation) (act.Volume, providers.VolumeType) {
	s := d.Volume
	size, stated := to.Get(foreshock.DimSize)
	if stated {
		s.Size = math.Round(size / gib)
	}
	t := x.types[s.Kind].At(s.Size)
	if iops, stated := to.Get(foreshock.DimIOPS); stated {
		s.IOPS = math.Round(iops)
	} else if t.IOPS.Max > 0 {
		s.IOPS = max(s.IOPS, t.IOPS.Min)
	}
	if throughput, stated := to.Get(foreshock.DimThroughput); stated {
		s.Throughput = math.Round(throughput / mib)
	} else if t.Throughput.Max > 0 {
		s.Throughput = max(s.Throughput, t.LeastThroughput(s.IOPS))
	}
	return s, t
}

// rules are those of each amount while the others stay, or are raised to the least that it needs where they can be. The share of the instances
// bounds what is more than there is now.
func (x *disks) rules(d disk, share share) map[foreshock.Dimension]foreshock.Rule {
	now, plain := x.target.Now(), x.types[d.Kind]
	t := plain.At(d.Size)
	stays := func(dim foreshock.Dimension, has float64) float64 { // infinite: it can be raised
		if d.frozen(dim, now) {
			return has
		}
		return math.Inf(1)
	}
	iops, throughput := stays(foreshock.DimIOPS, d.IOPS), stays(foreshock.DimThroughput, d.Throughput)
	rules := map[foreshock.Dimension]foreshock.Rule{
		foreshock.DimSize: {Min: plain.Size.Min * gib, Max: plain.MostSize(iops, throughput) * gib, Quantum: gib},
	}
	if t.IOPS.Max > 0 {
		most := min(t.MostIOPS(d.Size), t.MostIOPSWith(throughput))
		rules[foreshock.DimIOPS] = foreshock.Rule{
			Min: t.LeastIOPS(d.Throughput), Max: within(most, share.iops, d.IOPS), Quantum: 1, Down: true, NotBefore: d.frees[foreshock.DimIOPS],
		}
	}
	if t.Throughput.Max > 0 {
		rules[foreshock.DimThroughput] = foreshock.Rule{
			Min: t.LeastThroughput(d.IOPS) * mib, Max: within(t.MostThroughput(d.IOPS), share.throughput, d.Throughput) * mib, Quantum: mib, Down: true,
			NotBefore: d.frees[foreshock.DimThroughput],
		}
	}
	return rules
}

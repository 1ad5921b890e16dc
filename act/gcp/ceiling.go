package gcp

import (
	"cmp"
	"context"
	"math"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/foreshock-io/foreshock/providers/gcpsdk"
)

// share is what is left for a disk of what its instances can do, once their other disks have what they were given. Infinite: not bounded.
type share struct {
	iops, throughput float64 // throughput in MiB/s
}

// within is a limit within a share; what there is already stays allowed.
func within(limit, share, have float64) float64 {
	return max(min(limit, math.Floor(share)), have)
}

// share asks for the instances to which a disk is attached; the least share is the disk's.
func (x *disks) share(ctx context.Context, at place, d disk) (share, error) {
	least := share{math.Inf(1), math.Inf(1)}
	if len(x.cfg.Ceilings) == 0 {
		return least, nil
	}
	for _, link := range d.instances {
		s, err := x.shareOf(ctx, at, place{gcpsdk.Part(link, "zones"), gcpsdk.Last(link)})
		if err != nil {
			return least, err
		}
		least.iops, least.throughput = min(least.iops, s.iops), min(least.throughput, s.throughput)
	}
	return least, nil
}

func (x *disks) shareOf(ctx context.Context, at, instance place) (share, error) {
	s, project := share{math.Inf(1), math.Inf(1)}, x.target.account.Project
	raw, err := x.api.instances.Get(ctx, &computepb.GetInstanceRequest{Project: project, Zone: instance.zone, Instance: instance.name})
	if err != nil {
		return s, sayable(err)
	}
	ceiling, known := x.cfg.Ceilings[gcpsdk.Last(raw.GetMachineType())]
	if !known {
		return s, nil
	}
	if ceiling.IOPS > 0 {
		s.iops = ceiling.IOPS
	}
	if ceiling.Throughput > 0 {
		s.throughput = ceiling.Throughput / mib
	}
	for _, attached := range raw.GetDisks() {
		source := attached.GetSource()
		other := place{cmp.Or(gcpsdk.Part(source, "zones"), gcpsdk.Part(source, "regions")), gcpsdk.Last(source)}
		if other == at || other.zone == "" { // itself, a disk of the machine itself
			continue
		}
		raw, err := x.get(ctx, other)
		if err != nil {
			return s, sayable(err)
		}
		d := x.disk(raw)
		s.iops, s.throughput = s.iops-d.IOPS, s.throughput-d.Throughput
	}
	return s, nil
}

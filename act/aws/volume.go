package aws

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
	"github.com/foreshock-io/foreshock/providers/awssdk"
)

const (
	gib = 1 << 30
	mib = 1 << 20
)

// volume is what EC2 says of one.
type volume struct {
	act.Volume
	state     string
	owner     string
	instances []string
	last      []modification // that EC2 still shows, the oldest first
}

// modification is a change of a volume, whoever asked for it.
type modification struct {
	to             act.Volume
	state          string
	phase          providers.Phase
	progress       int64
	started, ended time.Time
	note           string
}

// busy says that a change is under way, or that the volume is in a state in which it takes none.
func (v volume) busy() bool {
	return v.state != string(types.VolumeStateInUse) && v.state != string(types.VolumeStateAvailable) ||
		slices.ContainsFunc(v.last, func(m modification) bool { return m.phase == providers.UnderWay })
}

func (x *volumes) describe(ctx context.Context, id string) (volume, error) {
	out, err := x.api.describeVolumes(ctx, &ec2.DescribeVolumesInput{VolumeIds: []string{id}})
	if err != nil {
		return volume{}, sayable(err)
	}
	if len(out.Volumes) != 1 {
		return volume{}, fmt.Errorf("%w: EC2 shows %d volumes of this name", act.ErrNotFound, len(out.Volumes))
	}
	v := x.volume(out.Volumes[0])
	if v.last, err = x.modifications(ctx, id); err != nil {
		return volume{}, err
	}
	x.remember(id, v)
	return v, nil
}

func (x *volumes) volume(raw types.Volume) volume {
	v := volume{Volume: act.Volume{Kind: string(raw.VolumeType), Size: amount(raw.Size), IOPS: amount(raw.Iops), Throughput: amount(raw.Throughput)}, state: string(raw.State)}
	if v.Throughput == 0 {
		v.Throughput = x.types[v.Kind].ThroughputGiven
	}
	if o := raw.Operator; o != nil && sdk.ToBool(o.Managed) {
		v.owner = "the operator " + awssdk.Redact(sdk.ToString(o.Principal))
	}
	for _, a := range raw.Attachments {
		if a.InstanceId != nil && a.State != types.VolumeAttachmentStateDetached {
			v.instances = append(v.instances, *a.InstanceId)
		}
	}
	return v
}

func amount(x *int32) float64 { return float64(sdk.ToInt32(x)) }

// modifications lists the changes of a volume that EC2 still shows, the oldest first. It shows the latest at least.
func (x *volumes) modifications(ctx context.Context, id string) ([]modification, error) {
	out, err := x.api.describeModifications(ctx, &ec2.DescribeVolumesModificationsInput{VolumeIds: []string{id}})
	if awssdk.Code(err) == "InvalidVolumeModification.NotFound" {
		return nil, nil // it was never changed
	}
	if err != nil {
		return nil, sayable(err)
	}
	var list []modification
	for _, m := range out.VolumesModifications {
		if m.StartTime == nil || sdk.ToString(m.VolumeId) != id {
			continue
		}
		state := string(m.ModificationState)
		phase, known := x.types[string(m.TargetVolumeType)].States[state]
		if !known { // a state that is new may be on its way to any
			phase = providers.UnderWay
		}
		list = append(list, modification{
			to:    act.Volume{Kind: string(m.TargetVolumeType), Size: amount(m.TargetSize), IOPS: amount(m.TargetIops), Throughput: amount(m.TargetThroughput)},
			state: state, phase: phase, progress: sdk.ToInt64(m.Progress), note: awssdk.Redact(sdk.ToString(m.StatusMessage)),
			started: *m.StartTime, ended: sdk.ToTime(m.EndTime),
		})
	}
	slices.SortStableFunc(list, func(a, b modification) int { return a.started.Compare(b.started) })
	return list, nil
}

// next is the whole volume that a volume has once amounts are changed: all that is not stated stays, or is the least that a new type allows.
func (x *volumes) next(v volume, to foreshock.Allocation) (act.Volume, providers.VolumeType) {
	s := v.Volume
	if kind := x.cfg.Convert[s.Kind]; kind != "" {
		s.Kind = kind
	}
	t := x.types[s.Kind]
	if size, stated := to.Get(foreshock.DimSize); stated {
		s.Size = math.Round(size / gib)
	}
	s.IOPS = stay(t.IOPS, s.IOPS, to, foreshock.DimIOPS, 1)
	s.Throughput = stay(t.Throughput, s.Throughput, to, foreshock.DimThroughput, mib)
	return s, t
}

// stay is what is stated of an amount, or else what there is; 0 where the type does not let one ask for it.
func stay(r providers.Range, have float64, to foreshock.Allocation, d foreshock.Dimension, unit float64) float64 {
	x, stated := to.Get(d)
	switch {
	case stated:
		return math.Round(x / unit)
	case r.Max == 0:
		return 0
	}
	return max(have, r.Min)
}

// rules are those of each amount while the others stay, so that amounts that go the same way may be changed together. The share of the instances
// bounds what is more than there is now.
func (x *volumes) rules(v volume, share share) map[foreshock.Dimension]foreshock.Rule {
	s, t := x.next(v, foreshock.Allocation{})
	rules := map[foreshock.Dimension]foreshock.Rule{
		foreshock.DimSize: {Min: t.Size.Min * gib, Max: t.Size.Max * gib, Quantum: gib},
	}
	if t.IOPS.Max > 0 {
		most := share.most(t.MostIOPS(s.Size), share.iops, s.IOPS)
		if t.IOPSWithoutNitro > 0 && share.old {
			most = max(min(most, t.IOPSWithoutNitro), s.IOPS)
		}
		rules[foreshock.DimIOPS] = foreshock.Rule{Min: t.LeastIOPS(s.Throughput), Max: most, Quantum: 1, Down: true}
	}
	if t.Throughput.Max > 0 {
		most := share.most(t.MostThroughput(s.IOPS), share.throughput, s.Throughput)
		rules[foreshock.DimThroughput] = foreshock.Rule{Min: t.Throughput.Min * mib, Max: most * mib, Quantum: mib, Down: true}
	}
	return rules
}

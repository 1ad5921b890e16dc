package aws

import (
	"context"
	"math"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// The settings of ceiling.
const (
	ceilingBaseline = "baseline"
	ceilingMaximum  = "maximum"
	ceilingNone     = "none"
)

var ceilings = []string{ceilingBaseline, ceilingMaximum, ceilingNone}

// share is what is left for a volume of what its instances can do, once their other volumes have what they were given. Infinite: not bounded.
type share struct {
	iops, throughput float64 // throughput in MiB/s
	old              bool    // an instance is not built on Nitro
}

var unbounded = share{iops: math.Inf(1), throughput: math.Inf(1)}

// most is a limit within a share; what there is already stays allowed.
func (share) most(limit, share, have float64) float64 {
	return max(min(limit, math.Floor(share)), have)
}

// share asks for the instances to which a volume is attached; the least share is the volume's.
func (x *volumes) share(ctx context.Context, id string, instances []string) (share, error) {
	least := unbounded
	if x.cfg.Ceiling == ceilingNone || len(instances) == 0 {
		return least, nil
	}
	out, err := x.api.describeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: instances})
	if err != nil {
		return least, sayable(err)
	}
	for _, r := range out.Reservations {
		for _, i := range r.Instances {
			s, err := x.shareOf(ctx, id, i)
			if err != nil {
				return least, err
			}
			least.iops, least.throughput, least.old = min(least.iops, s.iops), min(least.throughput, s.throughput), least.old || s.old
		}
	}
	return least, nil
}

func (x *volumes) shareOf(ctx context.Context, id string, instance types.Instance) (share, error) {
	info, err := x.instances.get(ctx, x.api, instance.InstanceType)
	if err != nil {
		return share{}, err
	}
	s := unbounded
	s.old = info.Hypervisor == types.InstanceTypeHypervisorXen
	if info.EbsInfo == nil || info.EbsInfo.EbsOptimizedInfo == nil {
		return s, nil
	}
	e := info.EbsInfo.EbsOptimizedInfo
	iops, megabytes := e.BaselineIops, e.BaselineThroughputInMBps
	if x.cfg.Ceiling == ceilingMaximum {
		iops, megabytes = e.MaximumIops, e.MaximumThroughputInMBps
	}
	if iops != nil {
		s.iops = float64(*iops)
	}
	if megabytes != nil {
		s.throughput = *megabytes * 1e6 / mib
	}
	in := &ec2.DescribeVolumesInput{
		Filters: []types.Filter{{Name: sdk.String("attachment.instance-id"), Values: []string{sdk.ToString(instance.InstanceId)}}},
	}
	for {
		page, err := x.api.describeVolumes(ctx, in)
		if err != nil {
			return share{}, sayable(err)
		}
		for _, raw := range page.Volumes {
			if sdk.ToString(raw.VolumeId) == id {
				continue
			}
			other := x.volume(raw)
			s.iops, s.throughput = s.iops-other.IOPS, s.throughput-other.Throughput
		}
		if in.NextToken = page.NextToken; sdk.ToString(in.NextToken) == "" {
			return s, nil
		}
	}
}

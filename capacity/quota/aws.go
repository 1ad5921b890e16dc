package quota

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"github.com/foreshock-io/foreshock/providers/awssdk"
)

// awsAccount is Service Quotas and EC2. Calls are kept as functions, so that the linker leaves out their clients' other ones.
type awsAccount struct {
	quota    func(context.Context, *servicequotas.GetServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetServiceQuotaOutput, error)
	standard func(context.Context, *servicequotas.GetAWSDefaultServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetAWSDefaultServiceQuotaOutput, error)
	volumes  func(context.Context, *ec2.DescribeVolumesInput, ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error)
}

func newAWS(region string) (*awsAccount, error) {
	loaded, err := awssdk.Load(region)
	if err != nil {
		return nil, err
	}
	q, v := servicequotas.NewFromConfig(loaded), ec2.NewFromConfig(loaded)
	return &awsAccount{quota: q.GetServiceQuota, standard: q.GetAWSDefaultServiceQuota, volumes: v.DescribeVolumes}, nil
}

// state asks for a quota and, where it is that of a type of volume, for what its volumes have.
func (a *awsAccount) state(ctx context.Context, q Quota) (state, error) {
	total, err := a.total(ctx, q)
	if err != nil {
		return state{}, fmt.Errorf("quota %s (%s of %s): %s", q.Name, q.Code, q.Service, awssdk.Text(err))
	}
	if q.VolumeType == "" {
		return state{total: total, used: q.InUse}, nil
	}
	used, err := a.used(ctx, q)
	if err != nil {
		return state{}, fmt.Errorf("quota %s: the volumes of type %s: %s", q.Name, q.VolumeType, awssdk.Text(err))
	}
	return state{total: total, used: used, whoever: true}, nil
}

// total is the account's own quota, or where it has none of its own, that of every account.
func (a *awsAccount) total(ctx context.Context, q Quota) (float64, error) {
	own, err := a.quota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &q.Service, QuotaCode: &q.Code})
	switch {
	case err == nil && own.Quota != nil && own.Quota.Value != nil:
		return *own.Quota.Value * q.Unit, nil
	case err != nil && awssdk.Code(err) != "NoSuchResourceException":
		return 0, err
	}
	all, err := a.standard(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: &q.Service, QuotaCode: &q.Code})
	switch {
	case err != nil:
		return 0, err
	case all.Quota == nil || all.Quota.Value == nil:
		return 0, errors.New("it has no value")
	}
	return *all.Quota.Value * q.Unit, nil
}

// ofVolume is how much a volume has of a dimension, in the dimension's unit.
var ofVolume = map[string]func(ec2types.Volume) float64{
	"iops":       func(v ec2types.Volume) float64 { return float64(aws.ToInt32(v.Iops)) },
	"throughput": func(v ec2types.Volume) float64 { return float64(aws.ToInt32(v.Throughput)) * (1 << 20) },
	"size":       func(v ec2types.Volume) float64 { return float64(aws.ToInt32(v.Size)) * (1 << 30) },
}

// used is what the volumes of a quota's type have in all.
func (a *awsAccount) used(ctx context.Context, q Quota) (sum float64, err error) {
	in := &ec2.DescribeVolumesInput{Filters: []ec2types.Filter{{Name: aws.String("volume-type"), Values: []string{q.VolumeType}}}}
	for {
		page, err := a.volumes(ctx, in)
		if err != nil {
			return 0, err
		}
		for _, v := range page.Volumes {
			sum += ofVolume[q.Dimension](v)
		}
		if in.NextToken = page.NextToken; aws.ToString(in.NextToken) == "" {
			return sum, nil
		}
	}
}

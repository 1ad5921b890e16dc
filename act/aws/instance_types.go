package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// instanceTypes is what EC2 said of types of instances, which never change.
type instanceTypes struct {
	known act.Readings[types.InstanceTypeInfo]
}

// get asks once for each type. Of one that EC2 does not know there is nothing.
func (i *instanceTypes) get(ctx context.Context, api ec2Calls, name types.InstanceType) (types.InstanceTypeInfo, error) {
	if info, known := i.known.Get(string(name)); known {
		return info, nil
	}
	out, err := api.describeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []types.InstanceType{name}})
	if err != nil {
		return types.InstanceTypeInfo{}, sayable(err)
	}
	var info types.InstanceTypeInfo
	if len(out.InstanceTypes) == 1 {
		info = out.InstanceTypes[0]
	}
	i.known.Put(string(name), info)
	return info, nil
}

// machineOf is what instances of a type have.
func machineOf(info types.InstanceTypeInfo) (a foreshock.Allocation) {
	if c := info.VCpuInfo; c != nil && c.DefaultVCpus != nil {
		a.Set(foreshock.DimVCPU, float64(*c.DefaultVCpus))
	}
	if m := info.MemoryInfo; m != nil && m.SizeInMiB != nil {
		a.Set(foreshock.DimMemory, float64(sdk.ToInt64(m.SizeInMiB))*mib)
	}
	return a
}

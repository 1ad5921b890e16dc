package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// call is a call of EC2.
type call[In, Out any] func(context.Context, *In, ...func(*ec2.Options)) (*Out, error)

// ec2Calls are the calls of EC2 that are made here. They are kept as functions: where the SDK's client itself is in a type that an interface
// holds, the linker keeps its 700 other calls as well, which are 40 MB.
type ec2Calls struct {
	modifyVolume          call[ec2.ModifyVolumeInput, ec2.ModifyVolumeOutput]
	describeVolumes       call[ec2.DescribeVolumesInput, ec2.DescribeVolumesOutput]
	describeModifications call[ec2.DescribeVolumesModificationsInput, ec2.DescribeVolumesModificationsOutput]
	describeInstances     call[ec2.DescribeInstancesInput, ec2.DescribeInstancesOutput]
	describeInstanceTypes call[ec2.DescribeInstanceTypesInput, ec2.DescribeInstanceTypesOutput]
	stopInstances         call[ec2.StopInstancesInput, ec2.StopInstancesOutput]
	startInstances        call[ec2.StartInstancesInput, ec2.StartInstancesOutput]
	modifyInstance        call[ec2.ModifyInstanceAttributeInput, ec2.ModifyInstanceAttributeOutput]
}

func newEC2Calls(cfg sdk.Config) ec2Calls {
	c := ec2.NewFromConfig(cfg)
	return ec2Calls{
		modifyVolume: c.ModifyVolume, describeVolumes: c.DescribeVolumes, describeModifications: c.DescribeVolumesModifications,
		describeInstances: c.DescribeInstances, describeInstanceTypes: c.DescribeInstanceTypes,
		stopInstances: c.StopInstances, startInstances: c.StartInstances, modifyInstance: c.ModifyInstanceAttribute,
	}
}

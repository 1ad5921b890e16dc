package providers

import "math"

// At is the type as it is at a size in GiB: its ranges are what the size's ratios leave of them.
func (v VolumeType) At(size float64) VolumeType {
	if size < v.ProvisionedFrom {
		v.IOPS, v.Throughput = Range{}, Range{}
		return v
	}
	if v.MinWithinRatio {
		v.IOPS.Min = min(v.IOPS.Min, math.Floor(v.IOPSPerGiB*size))
	}
	v.IOPS.Min = max(v.IOPS.Min, math.Ceil(v.LeastIOPSPerGiB*size))
	v.Throughput.Min = max(v.Throughput.Min, math.Ceil(v.LeastThroughputPerGiB*size))
	if v.ThroughputPerGiB > 0 {
		v.Throughput.Max = min(v.Throughput.Max, math.Floor(v.ThroughputPerGiB*size))
	}
	return v
}

// LeastThroughput is the least that may be asked for with that many IOPS.
func (v VolumeType) LeastThroughput(iops float64) float64 {
	return max(v.Throughput.Min, math.Ceil(v.LeastThroughputPerIOPS*iops))
}

// MostIOPSWith is the most IOPS for which a throughput is enough.
func (v VolumeType) MostIOPSWith(throughput float64) float64 {
	if v.LeastThroughputPerIOPS == 0 {
		return v.IOPS.Max
	}
	return math.Floor(throughput / v.LeastThroughputPerIOPS)
}

// MostSize is the most in GiB for which IOPS and a throughput are enough.
func (v VolumeType) MostSize(iops, throughput float64) float64 {
	most := v.Size.Max
	enough := func(has, perGiB float64) {
		if perGiB > 0 {
			most = min(most, math.Floor(has/perGiB))
		}
	}
	enough(iops, v.LeastIOPSPerGiB)
	enough(throughput, v.LeastThroughputPerGiB)
	if v.MinWithinRatio && iops < v.IOPS.Min {
		enough(iops, v.IOPSPerGiB)
	}
	return most
}

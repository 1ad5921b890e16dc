package act

import (
	"strconv"

	"github.com/foreshock-io/foreshock"
)

// Volume is all that a change of a volume of a cloud states. What its type does not let one ask for is 0.
type Volume struct {
	Kind       string  // gp3, hyperdisk-balanced, …
	Size       float64 // GiB
	IOPS       float64
	Throughput float64 // MiB/s
}

func (v Volume) String() string {
	text := v.Kind + ", " + strconv.FormatFloat(v.Size, 'f', -1, 64) + " GiB"
	has := v.Allocation()
	for _, d := range []foreshock.Dimension{foreshock.DimIOPS, foreshock.DimThroughput} {
		if x, stated := has.Get(d); stated {
			text += ", " + foreshock.FormatAmount(d, x)
		}
	}
	return text
}

// Allocation is what a volume has.
func (v Volume) Allocation() foreshock.Allocation {
	const mib, gib = 1 << 20, 1 << 30
	var a foreshock.Allocation
	a.Set(foreshock.DimSize, v.Size*gib)
	if v.IOPS > 0 {
		a.Set(foreshock.DimIOPS, v.IOPS)
	}
	if v.Throughput > 0 {
		a.Set(foreshock.DimThroughput, v.Throughput*mib)
	}
	return a
}

package act

import (
	"testing"

	"github.com/foreshock-io/foreshock"
)

func TestVolume(t *testing.T) {
	f := func(v Volume, text string, has ...foreshock.Dimension) {
		t.Helper()
		if got := v.String(); got != text {
			t.Errorf("%q, want %q", got, text)
		}
		a := v.Allocation()
		if size, _ := a.Get(foreshock.DimSize); len(a.Dimensions()) != len(has) || size != v.Size*(1<<30) {
			t.Errorf("%s has %s", text, a)
		}
		for _, d := range has {
			if !a.Has(d) {
				t.Errorf("%s has no %s", text, d)
			}
		}
	}
	f(Volume{Kind: "gp2", Size: 100}, "gp2, 100 GiB", foreshock.DimSize)
	f(Volume{Kind: "io2", Size: 100, IOPS: 64000}, "io2, 100 GiB, 64,000 IOPS", foreshock.DimSize, foreshock.DimIOPS)
	f(Volume{Kind: "gp3", Size: 1500, IOPS: 3000, Throughput: 125}, "gp3, 1500 GiB, 3000 IOPS, 125 MiB/s", foreshock.DimSize, foreshock.DimIOPS, foreshock.DimThroughput)
}

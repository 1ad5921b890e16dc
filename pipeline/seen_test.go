package pipeline

import (
	"math"
	"testing"
	"unsafe"

	"github.com/foreshock-io/foreshock/timeseries/quantile"
	"pgregory.net/rapid"
)

// The default of 4 KiB a workload is kept, with the rings' own bookkeeping, as Go hands memory out.
func TestRecentFits(t *testing.T) {
	const bytes = 4096
	fine, middle := fineRows(bytes)*fineWidth, midRows(bytes)*midWidth
	size := int(unsafe.Sizeof(quantile.Code(0)))
	if all := int(unsafe.Sizeof(seen{})) + sizeClass(fine*size) + sizeClass(middle*size); all > bytes {
		t.Errorf("%d bytes", all)
	}
}

// sizeClass is what Go takes for so many bytes: see runtime/sizeclasses.go.
func sizeClass(n int) int {
	for _, class := range []int{1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096} {
		if n <= class {
			return class
		}
	}
	return math.MaxInt
}

// A strip has the newest rows, each at its time, whatever is left out.
func TestStrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const length, width, capacity = 10, 2, 7
		var s strip
		want := map[int64]float64{}
		end := int64(0)
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			end += length * rapid.Int64Range(0, 12).Draw(t, "ahead")
			row := s.row(end, length, width, capacity)
			if row == nil {
				continue // not newer
			}
			want[end] = float64(end + 1)
			row[1] = quantile.Encode(want[end])
		}
		rows, last := 0, int64(0)
		s.each(length, width, func(at int64, row []quantile.Code) {
			if rows > 0 && at != last+length {
				t.Fatalf("%d comes after %d", at, last)
			}
			rows, last = rows+1, at
			got := quantile.Decode(row[1])
			if x, ok := want[at]; ok != !math.IsNaN(got) || ok && math.Abs(got/x-1) > 1e-3 {
				t.Fatalf("at %d: %g, want %g", at, got, x)
			}
			delete(want, at)
		})
		for at := range want {
			if at > end-capacity*length {
				t.Fatalf("the row at %d is gone; the newest is at %d", at, end)
			}
		}
	})
}

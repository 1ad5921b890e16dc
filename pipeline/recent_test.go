package pipeline

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

func TestPeakOfWhatWasWatched(t *testing.T) {
	const over = time.Hour
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	r := &recent{bucket: bucketOf(over)}
	minutes := func(from, to int, iops, throughput float64) {
		for i := from; i < to; i++ {
			var demand foreshock.Allocation
			if iops > 0 {
				demand.Set(foreshock.DimIOPS, iops)
			}
			if throughput > 0 {
				demand.Set(foreshock.DimThroughput, throughput)
			}
			r.add(&foreshock.Step{Time: start.Add(time.Duration(i) * time.Minute), Length: time.Minute}, demand, false)
		}
	}
	f := func(minute int, d foreshock.Dimension, want float64) {
		t.Helper()
		peak := r.peak(start.Add(time.Duration(minute)*time.Minute), over)
		if x, ok := peak.Get(d); ok != (want > 0) || ok && x != want {
			t.Errorf("at minute %d the peak of %v is %v, %v; want %v", minute, d, x, ok, want)
		}
	}
	minutes(0, 59, 500, 5)
	f(59, foreshock.DimIOPS, 0)
	minutes(59, 62, 400, 5)
	f(61, foreshock.DimIOPS, 500)
	minutes(65, 70, 300, 0) // a short gap
	f(69, foreshock.DimIOPS, 500)

	const month = 30 * 24 * 60
	minutes(month, month+10, 10, 1) // it is back: idle for ten minutes is not idle for an hour
	f(month+9, foreshock.DimIOPS, 0)
	minutes(month+10, month+62, 20, 0)
	f(month+61, foreshock.DimIOPS, 20)
	f(month+61, foreshock.DimThroughput, 1)
	minutes(month+62, month+64, 20, 1) // throughput was not known for long
	f(month+63, foreshock.DimIOPS, 20)
	f(month+63, foreshock.DimThroughput, 0)
}

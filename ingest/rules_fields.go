package ingest

import (
	"fmt"

	"github.com/foreshock-io/foreshock"
)

var fieldNames = func() [NumFields]string {
	names := [NumFields]string{
		LatencyP50: "latency_p50_seconds", LatencyP95: "latency_p95_seconds", LatencyP99: "latency_p99_seconds",
		Pressure: "pressure",
		Ops:      "ops", Bytes: "bytes", OpSeconds: "op_seconds", QueueSeconds: "queue_seconds", WaitSeconds: "wait_seconds",
	}
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		names[m] = m.String()
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		names[AllocatedAt+Field(d)] = "allocated_" + d.String()
	}
	return names
}()

// String gives the field's name as rules write it.
func (f Field) String() string {
	if int(f) < NumFields {
		return fieldNames[f]
	}
	return fmt.Sprintf("field(%d)", uint8(f))
}

// ParseField gives the field of a name.
func ParseField(name string) (Field, error) {
	for i, n := range fieldNames {
		if n == name {
			return Field(i), nil
		}
	}
	return 0, foreshock.NoSuch("field", name, fieldNames[:])
}

// highestRate bounds what is believed of an increment, per second of the time that it covers; a gauge's bound is
// in highestOf.
func highestRate(f Field) float64 {
	switch f {
	case Ops:
		return highestOf[IOPS]
	case Bytes:
		return highestOf[Throughput]
	case OpSeconds, QueueSeconds:
		return highestOf[QueueDepth] // as many requests are in service at once
	case WaitSeconds:
		return 2 // what waits cannot wait longer than the time took; twice that allows for how unevenly counters are read
	}
	return highestOf[f]
}

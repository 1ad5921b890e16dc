package foreshock_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	. "github.com/foreshock-io/foreshock"
)

// What is not there is told with what is, and that there is nothing where nothing is.
func TestNoSuch(t *testing.T) {
	f := func(want string, known ...string) {
		t.Helper()
		if got := NoSuch("target", "x", known).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(`no target is called "x"; there is: a, b`, "a", "b")
	f(`no target is called "x"; there is none`)
}

func TestFormatAmount(t *testing.T) {
	f := func(d Dimension, x float64, want string) {
		t.Helper()
		if got := FormatAmount(d, x); got != want {
			t.Errorf("%g of %s is written %q, not %q", x, d, got, want)
		}
	}
	const mib, gib, tib = 1 << 20, 1 << 30, 1 << 40
	f(DimIOPS, 0, "0 IOPS")
	f(DimIOPS, 3000, "3000 IOPS")
	f(DimIOPS, 9999.7, "10,000 IOPS")
	f(DimIOPS, 16000, "16,000 IOPS")
	f(DimIOPS, 863964001, "863,964,001 IOPS")
	f(DimIOPS, 123456, "123,456 IOPS")
	f(DimThroughput, 125*mib, "125 MiB/s")
	f(DimThroughput, 1126*mib, "1126 MiB/s")
	f(DimThroughput, 125e6, "119.2 MiB/s")
	f(DimThroughput, 45.3271*mib, "45.3 MiB/s")
	f(DimThroughput, 46412*1024, "45.3 MiB/s")
	f(DimSize, 100*gib, "100 GiB")
	f(DimSize, 1.5*tib, "1.5 TiB")
	f(DimSize, 1126*gib, "1126 GiB")
	f(DimSize, 65536*gib, "64 TiB")
	f(DimMemory, 512*mib, "512 MiB")
	f(DimMemory, 700, "700 B")
	f(DimVCPU, 2.5, "2.5 vCPU")
	f(DimVCPU, 10.0/3, "3.333 vCPU")
	f(DimReplicas, 3, "3 replicas")
	f(DimReplicas, 1e6, "1,000,000 replicas")
	f(DimIOPS, -123456, "-123,456 IOPS")
	f(DimIOPS, math.Copysign(0, -1), "0 IOPS")
	f(DimIOPS, math.Inf(1), "+Inf IOPS")
	f(DimIOPS, math.NaN(), "NaN IOPS")
}

// Whole operations and gibibytes, which is what providers are asked for, are read back as they were.
func FuzzFormatAmount(f *testing.F) {
	for _, x := range []uint32{0, 999, 1000, 9999, 10000, 1126, 65536, 1<<32 - 1} {
		f.Add(x)
	}
	units := map[string]float64{"IOPS": 1, "B": 1, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "PiB": 1 << 50}
	f.Fuzz(func(t *testing.T, x uint32) {
		for d, unit := range map[Dimension]float64{DimIOPS: 1, DimSize: 1 << 30} {
			text := FormatAmount(d, float64(x)*unit)
			figure, name, _ := strings.Cut(strings.ReplaceAll(text, ",", ""), " ")
			if read, err := strconv.ParseFloat(figure, 64); err != nil || d == DimIOPS && read != float64(x) || d == DimSize && x < 1<<20 && read*units[name] != float64(x)*unit {
				t.Errorf("%d of %s is written %q", x, d, text)
			}
		}
	})
}

func TestFormatMetric(t *testing.T) {
	f := func(m Metric, x float64, want string) {
		t.Helper()
		if got := FormatMetric(m, x); got != want {
			t.Errorf("%g of %s is written %q, not %q", x, m, got, want)
		}
	}
	f(IOPS, 0, "0 IOPS")
	f(IOPS, 3.14, "3.1 IOPS")
	f(IOPS, 99.99, "100 IOPS")
	f(IOPS, 1806.4, "1806 IOPS")
	f(IOPS, 16000, "16,000 IOPS")
	f(IOPS, 863964000, "864 M IOPS")
	f(IOPS, 1234567, "1.23 M IOPS")
	f(IOPS, 12345678, "12.3 M IOPS")
	f(IOPS, 999.96e6, "1000 M IOPS")
	f(IOPS, 5e12, "5 T IOPS")
	f(QueueDepth, 4.54, "4.54 requests")
	f(QueueDepth, 0, "0 requests")
	f(QueueDepth, 25000.3, "25,000 requests")
	f(Throughput, 45.3271*(1<<20), "45.3 MiB/s")
	f(Latency, 0.5, "500.00 ms")
	f(Latency, 2, "2.00 s")
	f(Latency, 20e-6, "20 µs")
}

package foreshock

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Count writes how many there are: "1 step", "2 steps".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// NoSuch says, to people, that nothing of a kind has a name, and which names there are.
func NoSuch(kind, name string, known []string) error {
	if len(known) == 0 {
		return fmt.Errorf("no %s is called %q; there is none", kind, name)
	}
	return fmt.Errorf("no %s is called %q; there is: %s", kind, name, strings.Join(known, ", "))
}

// FormatAmount writes an amount of a dimension with its unit, for people. What providers are asked for, whole operations and mebibytes, is
// written exactly.
func FormatAmount(d Dimension, x float64) string {
	switch d {
	case DimIOPS:
		return number(x, 0) + " IOPS"
	case DimThroughput:
		return FormatBytes(x) + "/s"
	case DimSize, DimMemory:
		return FormatBytes(x)
	case DimVCPU:
		return number(x, 3) + " vCPU"
	}
	return number(x, 3) + " " + d.String()
}

// FormatMetric writes a reading with its unit, for people: no more exactly than is of use, from a million on with three figures.
func FormatMetric(m Metric, x float64) string {
	switch m {
	case Latency:
		switch {
		case x >= 1:
			return fmt.Sprintf("%.2f s", x)
		case x >= 1e-3:
			return fmt.Sprintf("%.2f ms", x*1e3)
		}
		return fmt.Sprintf("%.0f µs", x*1e6)
	case Throughput:
		return FormatBytes(x) + "/s"
	case IOPS:
		return reading(x, 1) + " IOPS"
	}
	return reading(x, 2) + " requests"
}

// FormatBytes writes bytes with a binary unit: exactly where two decimals do that, or from mebibytes on the next smaller unit; else with one decimal.
func FormatBytes(x float64) string {
	units := [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	v, i := scale(x, 1024, len(units))
	switch {
	case i == 0:
		return number(v, 0) + " B"
	case v*100 == math.Trunc(v*100):
		return number(v, 2) + " " + units[i]
	case i >= 3 && v*1024 == math.Trunc(v*1024):
		return number(v*1024, 0) + " " + units[i-1]
	}
	return number(v, 1) + " " + units[i]
}

// scale divides by a unit as often as leaves at least one, and at most so many units but one.
func scale(x, unit float64, units int) (float64, int) {
	i := 0
	for ; x >= unit && i < units-1; i++ {
		x /= unit
	}
	return x, i
}

// reading writes what was read, with at most so many decimals while it is below a hundred.
func reading(x float64, decimals int) string {
	switch size := math.Abs(x); {
	case size < 100:
		return number(x, decimals)
	case size < 1e6:
		return number(x, 0)
	}
	prefixes := [...]string{"M", "G", "T", "P", "E"}
	v, i := scale(x/1e6, 1000, len(prefixes))
	return number(v, 2-min(2, int(math.Log10(v)))) + " " + prefixes[i]
}

// number writes a number with at most so many decimals, and from 10,000 on with commas between thousands.
func number(x float64, decimals int) string {
	text := strconv.FormatFloat(x, 'f', decimals, 64)
	if decimals > 0 {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	if math.IsInf(x, 0) || math.IsNaN(x) || math.Abs(x) < 9999.5 {
		return text
	}
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	return whole
}

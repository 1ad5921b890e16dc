package decide

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// percent writes a share: 25 %.
func percent(x float64) string {
	if !finite(x) {
		return "? %"
	}
	return strconv.FormatFloat(math.Round(x*1000)/10, 'f', -1, 64) + " %"
}

// span writes a time without the parts that are zero: 2m, 1h30m, 250ms.
func span(x time.Duration) string {
	switch {
	case x >= time.Minute || x <= -time.Minute:
		x = x.Round(time.Second)
	case x >= time.Second:
		x = x.Round(time.Millisecond)
	}
	s := x.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// long writes a time that can be of weeks: 16.7 days.
func long(x time.Duration) string {
	const day = 24 * time.Hour
	if x < 2*day {
		return span(x)
	}
	return strconv.FormatFloat(math.Round(10*float64(x)/float64(day))/10, 'f', -1, 64) + " days"
}

// clock writes a moment.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// metricName is a metric's name in a sentence.
func metricName(m foreshock.Metric) string {
	switch m {
	case foreshock.Latency:
		return "latency"
	case foreshock.Throughput:
		return "throughput"
	case foreshock.QueueDepth:
		return "queue depth"
	}
	return "demand"
}

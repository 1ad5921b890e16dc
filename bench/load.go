package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/foreshock-io/foreshock/ingest"
)

// load is what is sent: each series once a round, in requests of batch series.
type load struct{ series, batch, rounds int }

// fields are the series of a workload.
var fields = [...]string{
	"node_disk_reads_completed_total", "node_disk_read_bytes_total",
	"node_disk_read_time_seconds_total", "node_disk_io_time_weighted_seconds_total",
}

const interval = 15 * time.Second

// encoder makes requests. It uses its memory again, so that little of what the collector does later is its.
type encoder struct {
	raw, series []byte
	bodies      [][]byte
}

// round encodes the requests of one round; the slice is used again by the next.
func (e *encoder) round(l load, round int, at time.Time) [][]byte {
	n := 0
	for from := 0; from < l.series; from += l.batch {
		e.raw = e.raw[:0]
		for i := from; i < min(from+l.batch, l.series); i++ {
			e.series = appendSeries(e.series[:0], i, round, at)
			e.raw = appendMessage(e.raw, 1, e.series)
		}
		if n == len(e.bodies) {
			e.bodies = append(e.bodies, nil)
		}
		e.bodies[n] = s2.EncodeSnappy(e.bodies[n][:cap(e.bodies[n])], e.raw)
		n++
	}
	return e.bodies[:n]
}

// appendSeries appends a TimeSeries of nine labels and one sample.
func appendSeries(b []byte, i, round int, at time.Time) []byte {
	workload := i / len(fields)
	for _, l := range [...][2]string{
		{ingest.NameLabel, fields[i%len(fields)]},
		{"cluster", "eu-west-1-prod"},
		{"device", fmt.Sprint("nvme", workload%16, "n1")},
		{"env", "production"},
		{"instance", fmt.Sprintf("10.%d.%d.%d:9100", workload/16>>16, workload/16>>8&255, workload/16&255)},
		{"job", "node-exporter"},
		{"namespace", "monitoring"},
		{"pod", fmt.Sprintf("node-exporter-%05x", workload/16)},
		{"zone", "eu-west-1a"},
	} {
		b = ingest.AppendLabel(b, l[0], l[1])
	}
	sample := binary.LittleEndian.AppendUint64([]byte{1<<3 | 1}, math.Float64bits(float64(round*1000+i%977)))
	sample = binary.AppendUvarint(append(sample, 2<<3), uint64(at.UnixMilli()))
	return appendMessage(b, 2, sample)
}

func appendMessage(b []byte, field byte, message []byte) []byte {
	return append(binary.AppendUvarint(append(b, field<<3|2), uint64(len(message))), message...)
}

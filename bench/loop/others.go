package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock/simulate"
)

// shape is where the shape of a trace comes from.
type shape struct {
	name   string
	file   string // in the data; "" is drawn
	column string // of a file of columns, or the series of a file of rows
	step   int64  // seconds; 0: the file has times, and what is drawn minutes
	days   int    // at the most; 0: all
	draw   drawing
	gaps   [][2]int // minutes of what is drawn that nothing is known of, from and to
}

// drawing gives what a volume asks for at each minute, as time goes on.
type drawing func(random *rand.Rand) func(minute int) float64

// otherShapes are of the kinds of the shared traces, and none of them is the shape of one. That settings were fitted to those shows here.
var otherShapes = []shape{
	{name: "smd-2-1-w", file: "smd-io/data/machine-2-1.csv", column: "disk_w", step: 60},
	{name: "smd-1-6-r", file: "smd-io/data/machine-1-6.csv", column: "disk_r", step: 60},
	{name: "smd-3-3-r", file: "smd-io/data/machine-3-3.csv", column: "disk_r", step: 60},
	{name: "taxi-weekly", file: "nab/data/realKnownCause/nyc_taxi.csv", column: "value", days: 42},
	{name: "asg-daily", file: "nab/data/realKnownCause/cpu_utilization_asg_misconfiguration.csv", column: "value", days: 42},
	{name: "elb-bursty", file: "nab/data/realAWSCloudwatch/elb_request_count_8c0756.csv", column: "value"},
	{name: "rare-spikes", file: "nab/data/artificialWithAnomaly/art_load_balancer_spikes.csv", column: "value"},
	{name: "ingress-03", file: "traces/cloud-5min/train.csv", column: "ms_ingress-03", step: 300},
	{name: "mongo-01", file: "traces/cloud-5min/train.csv", column: "ms_mongo-01", step: 300},
	{name: "backup-window", days: 28, draw: backup},
	{name: "ramp", days: 35, draw: ramp},
	{name: "level-shift", days: 28, draw: levelShift},
}

const (
	dayMinutes = 24 * 60
	usual      = 8000.0  // IOPS that a share of 0.999 of a trace is below
	ceiling    = 13600.0 // IOPS
	meanSize   = 16384.0 // bytes of an I/O
)

// backup is quiet but for two hours each night and the whole of Sunday's night.
func backup(random *rand.Rand) func(int) float64 {
	return func(m int) float64 {
		day, at := m/dayMinutes, m%dayMinutes
		hours := 2
		if day%7 == 6 {
			hours = 6
		}
		x := 0.12 + 0.02*random.NormFloat64()
		if at > 60 && at < 60+60*hours {
			x = 0.9 + 0.05*random.NormFloat64()
		}
		return x
	}
}

// ramp grows by the day under a daily rhythm.
func ramp(random *rand.Rand) func(int) float64 {
	return func(m int) float64 {
		minute := float64(m)
		return (0.2 + 0.02*minute/dayMinutes) * (1 + 0.5*math.Sin(2*math.Pi*minute/dayMinutes) + 0.08*random.NormFloat64())
	}
}

// levelShift doubles after 18 days and falls to half of that after 24.
func levelShift(random *rand.Rand) func(int) float64 {
	return func(m int) float64 {
		minute := float64(m)
		level := 1.0
		if day := minute / dayMinutes; day > 18 && day <= 24 {
			level = 2
		}
		return level * (1 + 0.3*math.Sin(2*math.Pi*minute/dayMinutes) + 0.1*random.NormFloat64())
	}
}

// others makes the traces; data are the folder of the shared files.
func others(data string) ([]*simulate.Trace, error) {
	list, err := traces(otherShapes, 5, 14, func(s shape, random *rand.Rand) (string, []simulate.Row, error) {
		if s.draw != nil {
			return s.name, scaled(s.drawn(epoch, random)), nil
		}
		rows, err := s.read(data)
		if err != nil {
			return s.name, nil, err
		}
		return s.name, scaled(rows), nil
	})
	for _, t := range list {
		t.Warmup = min(t.Warmup, len(t.Demand)/3)
	}
	return list, err
}

// traces makes a trace of each thing of a list, with random draws of its own, the same each time, and with so many days to warm up.
func traces[T any](things []T, seed uint64, warmup int, of func(T, *rand.Rand) (name string, rows []simulate.Row, err error)) (list []*simulate.Trace, err error) {
	for i, thing := range things {
		name, rows, err := of(thing, rand.New(rand.NewPCG(seed, uint64(i)))) //nolint:gosec // draws are to be the same
		if err != nil {
			return nil, err
		}
		t, err := simulate.TraceOf(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		t.Name, t.Warmup = name, warmup*dayMinutes
		list = append(list, t)
	}
	return list, nil
}

const epoch = 1767225600 // of shapes without times: a Thursday, 2026-01-01

// drawn draws a shape from a time on.
func (s shape) drawn(from int64, random *rand.Rand) (rows []simulate.Row) {
	at := s.draw(random)
	for m := 0; m < s.days*dayMinutes; m += max(1, int(s.step/60)) {
		iops := max(0, at(m))
		if !s.unknown(m) {
			rows = append(rows, simulate.Row{At: from + 60*int64(m), IOPS: iops, Bytes: iops * meanSize})
		}
	}
	return rows
}

func (s shape) unknown(minute int) bool {
	return slices.ContainsFunc(s.gaps, func(gap [2]int) bool { return minute >= gap[0] && minute < gap[1] })
}

// scaled brings a shape to IOPS as the shared traces are.
func scaled(rows []simulate.Row) []simulate.Row {
	values := make([]float64, len(rows))
	for i, r := range rows {
		values[i] = r.IOPS
	}
	slices.Sort(values)
	factor := usual / max(values[len(values)*999/1000], 1e-12)
	for i := range rows {
		rows[i].IOPS = min(rows[i].IOPS*factor, ceiling)
		rows[i].Bytes = rows[i].IOPS * meanSize
	}
	return rows
}

// read reads a column, or a series that is a row. Values that are missing have no row.
func (s shape) read(data string) (rows []simulate.Row, err error) {
	f, err := os.Open(filepath.Join(data, s.file))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	in := csv.NewReader(f)
	head, err := in.Read()
	if err != nil {
		return nil, err
	}
	column := slices.Index(head, s.column)
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch {
		case column >= 0:
			rows, err = s.add(rows, int64(len(rows)), fields[0], fields[column])
		case fields[0] == s.column:
			for i, text := range fields[1:] {
				if rows, err = s.add(rows, int64(i), "", text); err != nil {
					break
				}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.file, err)
		}
	}
	if most := s.days; most > 0 && len(rows) > 0 {
		end := rows[0].At + int64(most)*86400
		rows = slices.DeleteFunc(rows, func(r simulate.Row) bool { return r.At >= end })
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s has no %s", s.file, s.column)
	}
	return rows, nil
}

// add adds a value; one of a time that is there already, or before it, is left out.
func (s shape) add(rows []simulate.Row, i int64, at, text string) ([]simulate.Row, error) {
	x, err := strconv.ParseFloat(text, 64)
	if text == "" || math.IsNaN(x) {
		return rows, nil
	}
	if err != nil {
		return rows, err
	}
	r := simulate.Row{At: epoch + i*s.step, IOPS: max(0, x)}
	if s.step == 0 {
		t, err := time.Parse(time.DateTime, at)
		if err != nil {
			return rows, err
		}
		r.At = t.Unix()
	}
	if n := len(rows); n > 0 && r.At <= rows[n-1].At {
		return rows, nil
	}
	return append(rows, r), nil
}

// Command volume prints three days of a made-up volume with 3,000 provisioned IOPS, a row a minute, to try
// `foreshock replay` on: a daily cycle with noise, and on the third day a load that grows until the volume is saturated.
//
//	go run ./examples/volume > volume.csv
//	foreshock replay volume.csv --allocated-iops 3000
package main

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"time"
)

const (
	provisioned = 3000.0 // I/O per second
	minutes     = 3 * 1440
	service     = 0.001 // seconds that a request takes on an idle volume
	timeout     = 30.0  // seconds after which a request is given up
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(out, "time,id,iops,throughput_bps,latency_seconds,queue_depth")
	rng := rand.New(rand.NewPCG(2026, 1))
	backlog := 0.0
	for i := range minutes {
		demand := 900 + 500*math.Sin(2*math.Pi*float64(i-540)/1440) + 40*rng.NormFloat64()
		if surge := i - (2*1440 + 600); surge >= 0 && surge < 240 {
			demand += 11 * float64(surge) // a tenant that moves in
		}
		// A queue that carries its backlog from minute to minute.
		served := min(demand*60+backlog, provisioned*60)
		before := backlog
		backlog = min(backlog+demand*60-served, timeout*provisioned)
		busy := served / (provisioned * 60)
		latency := service/(1-min(busy, 0.99)) + (before+backlog)/2/provisioned
		iops := served / 60
		at := time.Date(2026, 3, 2, 0, i, 0, 0, time.UTC)
		fmt.Fprintf(out, "%s,vol/orders,%.1f,%.0f,%.6f,%.3f\n", at.Format(time.RFC3339), iops, iops*16384, latency, iops*latency)
	}
	if err := out.Flush(); err != nil {
		os.Exit(1)
	}
}

package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/promote"
)

// daysOf writes days of a volume of 1,500 IOPS, a row a minute.
func daysOf(t *testing.T, days int, reading func(rng *rand.Rand, minute int) (iops, latency float64)) (file string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 6))
	var rows bytes.Buffer
	rows.WriteString("unix_seconds,id,latency_seconds,iops,queue_depth\n")
	for i := 1; i <= days*1440; i++ {
		iops, latency := reading(rng, i)
		fmt.Fprintf(&rows, "%d,disk/a,%g,%g,%g\n", bubble.Unix()+int64(60*i), latency, iops, iops*latency)
	}
	file = filepath.Join(t.TempDir(), "days.csv")
	if err := os.WriteFile(file, rows.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// reported replays days of a volume of 1,500 IOPS, a row a minute, and gives the report on its policy.
func reported(t *testing.T, days int, reading func(rng *rand.Rand, minute int) (iops, latency float64)) promote.Report {
	t.Helper()
	file := daysOf(t, days, reading)
	s, err := Replay(t.Context(), config.Default(), ReplayOptions{File: file, AllocatedIOPS: 1500, Reports: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Reports) != 1 {
		t.Fatalf("%d reports", len(s.Reports))
	}
	t.Log("\n" + s.Reports[0].Text())
	return s.Reports[0]
}

// outgrown is a demand that is above the volume for fifty minutes, every four hours.
func outgrown(rng *rand.Rand, minute int) (iops, latency float64) {
	iops, latency = 700+20*rng.NormFloat64(), 0.001*math.Exp(0.1*rng.NormFloat64())
	if phase := minute % 240; phase >= 150 && phase < 200 { // what is asked for is not served
		return 1500, 0.04 * math.Exp(0.1*rng.NormFloat64())
	}
	return iops, latency
}

// Where demand outgrows the volume each day, the growth that would have been is what was needed; where only latency is noisy, it is not, and the advice says so.
func TestReportAdvises(t *testing.T) {
	peaks := reported(t, 9, outgrown)
	if !peaks.Approve.Give || peaks.Grow.Right.Yes < 20 || peaks.SparedS <= 0 {
		t.Errorf("growth that is needed is not advised: %+v", peaks)
	}
	noise := reported(t, 9, func(rng *rand.Rand, minute int) (float64, float64) {
		iops, latency := 950+40*rng.NormFloat64(), 0.001*math.Exp(0.1*rng.NormFloat64())
		if phase := minute % 720; phase >= 400 && phase < 420 { // slow for another reason than its limit
			latency *= 30
		}
		return iops, latency
	})
	if noise.Approve.Give || noise.Auto.Give || !noise.Auto.Enough || noise.Grow.Actions < 10 {
		t.Errorf("growth that nothing asks for is advised, or not told from it: %+v", noise)
	}
	if early := reported(t, 1, func(rng *rand.Rand, _ int) (float64, float64) {
		return 700 + 20*rng.NormFloat64(), 0.001
	}); early.Auto.Give || early.Auto.Enough || early.Approve.Enough {
		t.Errorf("of a day in which nothing happened more is said than is known: %+v", early)
	}
}

// What is followed when the program stops is followed on when it starts again: it is judged, and in the report.
func TestReportGoesOnAfterStop(t *testing.T) {
	c := config.Default()
	c.Sources = nil
	const stop = 1440 + 2*240 + 170 // minutes: within a peak, in which growth would have been in effect
	found := live(t, c, ReplayOptions{File: daysOf(t, 2, outgrown), AllocatedIOPS: 1500}, nil, stop)
	stopped := bubble.Add(stop * time.Minute)
	var report promote.Report
	over := 0
	for _, line := range found["disk/a"] {
		var e foreshock.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if report.Policy == "" && e.Decision != nil {
			report.Policy = e.Decision.Policy
		}
		report.Take(&e)
		if f := e.FollowUp; f != nil && f.Kind == foreshock.Grow && f.Begun.Before(stopped) && f.Ended.After(stopped) {
			over++
			if f.Verdict == foreshock.Unclear || f.WatchedS < f.Ended.Sub(f.Works).Seconds()-300 || f.LateS < 15*60 {
				t.Errorf("what was followed over the stop is judged so: %+v", *f)
			}
		}
	}
	report.Conclude(func(foreshock.Dimension) float64 { return 0 })
	if over != 1 || report.Grow.Actions < over {
		t.Errorf("%d were followed over the stop at %s; the report says\n%s", over, stopped, report.Text())
	}
}

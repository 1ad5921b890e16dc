package host

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// A disk that reads 4 KiB ten times a second, 2 ms each, comes out as that, in every whole step, whatever the interval.
func TestFolded(t *testing.T) {
	f := func(interval time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			m := newMachine(t, map[string]string{"proc/diskstats": diskstats(1)})
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			source := m.source(func(c *Config) { c.Interval = interval })
			done := make(chan error)
			go func() { done <- source.Run(ctx, &m.sink) }()
			time.Sleep(25 * time.Millisecond) // never at the time of a read
			for i := range 1200 {
				m.write("proc/diskstats", diskstats(1+i))
				time.Sleep(100 * time.Millisecond)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			about := m.sink.about["disk/sda"]
			if about.Step < interval {
				t.Errorf("interval %v, step %v", interval, about.Step)
			}
			steps := folded(t, about, m.sink.readings["disk/sda"])
			if want := int(2*time.Minute/about.Step) - 1; len(steps) < want {
				t.Fatalf("interval %v: %d steps, want %d", interval, len(steps), want)
			}
			for i := range steps[:len(steps)-1] {
				want := [foreshock.NumMetrics]float64{0.002, 40960, 10, 0.02}
				for metric, w := range want {
					got, _ := steps[i].Values.Get(foreshock.Metric(metric))
					// The file moves on by a tenth of a second at a time.
					if math.Abs(got-w) > 0.02*w && i > 0 {
						t.Errorf("interval %v, step %d: %s is %v, want %v", interval, i, foreshock.Metric(metric), got, w)
					}
				}
			}
		})
	}
	f(time.Second)
	f(700 * time.Millisecond)
	f(5 * time.Second)
	f(30 * time.Second)
}

func folded(t *testing.T, about ingest.About, readings []ingest.Reading) (steps []foreshock.Step) {
	t.Helper()
	fold := ingest.NewFold(about.Step, about.Lateness)
	var step foreshock.Step
	for i := range readings {
		for fold.Close(readings[i].Time, &step) {
			steps = append(steps, step)
		}
		if why := fold.Add(&readings[i]); why != "" {
			t.Fatalf("%+v is dropped: %s", readings[i], why)
		}
	}
	for fold.Close(math.MaxInt64/2, &step) {
		steps = append(steps, step)
	}
	return steps
}

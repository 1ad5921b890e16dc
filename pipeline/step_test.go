package pipeline_test

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/pipeline"
)

func TestStepOf(t *testing.T) {
	start := time.Unix(0, 0)
	f := func(want time.Duration, seconds ...int) {
		t.Helper()
		var times []time.Time
		for _, s := range seconds {
			times = append(times, start.Add(time.Duration(s)*time.Second))
		}
		if got := pipeline.StepOf(times); got != want {
			t.Errorf("%v: %s, want %s", seconds, got, want)
		}
	}
	f(time.Minute)
	f(time.Minute, 5)
	f(10*time.Second, 0, 10, 20, 30)
	f(24*time.Hour, 0, 40*86400, 80*86400)
	f(10*time.Second, 0, 10, 10, 7200, 7210, 7220) // a duplicate and a gap
}

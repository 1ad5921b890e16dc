package pipeline

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/profile"
)

// What one method saw and the others did not is kept for a while, so that a person can say later that it was missed.
func TestNearMisses(t *testing.T) {
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	w := &workload{profile: profile.New("vol/a", "s", time.Minute)}
	step := func(minute int, score, stl float64) {
		f := &foreshock.Finding{Score: score, Threshold: 1, Lead: foreshock.Latency, Methods: 2}
		f.Parts[foreshock.Latency][0] = foreshock.Part{Method: "zscore", Ready: true, Score: 0.1, Deviation: 1, Weight: 1}
		f.Parts[foreshock.Latency][1] = foreshock.Part{Method: "stl", Ready: true, Score: stl, Deviation: 1, Weight: 1}
		w.last.Time = begin.Add(time.Duration(minute) * time.Minute)
		w.notice(&foreshock.Step{Time: w.last.Time, Length: time.Minute}, f)
	}
	loud := func(minute int) float64 {
		at := time.Time{}
		if minute >= 0 {
			at = begin.Add(time.Duration(minute) * time.Minute)
		}
		if said := w.missed(at); len(said) == 2 && said[1].Method == "stl" {
			return said[1].Loud
		}
		return -1
	}
	step(0, 0.5, 0.9) // no method is at the boundary
	if len(w.near) != 0 || loud(0) != -1 {
		t.Fatalf("%+v", w.near)
	}
	step(10, 0.6, 1.1)
	step(11, 0.9, 1.7)
	step(12, 0.6, 1.2)
	step(13, 1.4, 2) // an anomaly: that is not missed
	if len(w.near) != 1 || w.near[0].loudest != 1.7 || loud(12) != 1 || loud(-1) != 1 || loud(40) != -1 {
		t.Fatalf("%+v", w.near)
	}
	w.profile.Current = &foreshock.Anomaly{}
	step(30, 0.6, 1.1)
	w.profile.Current = nil
	if len(w.near) != 1 {
		t.Errorf("a step of an anomaly was kept: %+v", w.near)
	}
	for k := range 10 {
		step(100+60*k, 0.6, 1.1)
	}
	if len(w.near) != mostNearMisses || loud(100) != -1 || loud(640) != 1 {
		t.Errorf("%+v", w.near)
	}
}

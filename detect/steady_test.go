package detect_test

import (
	"testing"
	"time"
	"unsafe"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/profile"
)

// steps makes steps of a plain volume that follow the rig's last one.
func (r *rig) steps(n int) []foreshock.Step {
	rng := newRand(9)
	made := make([]foreshock.Step, n)
	for i := range made {
		r.now = r.now.Add(r.p.Length)
		made[i] = foreshock.Step{ID: r.p.ID, Time: r.now, Length: r.p.Length, Values: volume(rng, 1000, 300e-6), Quality: foreshock.Fresh}
	}
	return made
}

// seasoned is a rig that has seen enough for every method to be ready.
func seasoned(t testing.TB) *rig {
	rng := newRand(10)
	r := newRig(t, 10*time.Second)
	for range 3*8640 + 10 {
		at := r.now.Add(r.p.Length)
		r.step(volume(rng, daily(rng, at, at.Hour() >= 9 && at.Hour() < 11), 300e-6))
	}
	if season := r.p.Metrics[foreshock.IOPS].Season; season == nil || len(season.Periods) == 0 {
		t.Fatal("no season was found")
	}
	return r
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	for name, r := range map[string]*rig{"plain": newRig(t, time.Second), "seasoned": seasoned(t)} {
		for _, s := range r.steps(3000) {
			r.take(s)
		}
		steps := r.steps(2001)
		i := 0
		allocs := testing.AllocsPerRun(len(steps)-1, func() {
			use := profile.Demand(&steps[i], r.p)
			r.detector.Score(&r.f, r.p, &steps[i])
			r.detector.Track(r.p, &r.f, &steps[i])
			profile.Learn(r.p, &steps[i], &r.f, &use, &r.cfg)
			i++
		})
		if allocs != 0 { // AllocsPerRun rounds down, so that growing a ring now and then does not count
			t.Errorf("%s: %g allocations per step", name, allocs)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	run := func(name string, r *rig) {
		b.Run(name, func(b *testing.B) {
			steps := r.steps(4096)
			span := time.Duration(len(steps)) * r.p.Length
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				k := i % len(steps)
				step := steps[k]
				step.Time = step.Time.Add(time.Duration(i/len(steps)) * span)
				use := profile.Demand(&step, r.p)
				r.detector.Score(&r.f, r.p, &step)
				r.detector.Track(r.p, &r.f, &step)
				profile.Learn(r.p, &step, &r.f, &use, &r.cfg)
			}
			b.ReportMetric(float64(size(r.p)), "bytes/metric")
			data, err := profile.Encode(r.p)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(data)), "bytes-encoded")
		})
	}
	plain := newRig(b, 10*time.Second)
	for _, s := range plain.steps(3000) {
		plain.take(s)
	}
	run("plain", plain)
	run("seasoned", seasoned(b))
}

// size is what a metric takes in memory, with its window, without its seasons and the history.
func size(p *foreshock.Profile) uintptr {
	return unsafe.Sizeof(*p.Metrics[foreshock.IOPS])
}

func TestSize(t *testing.T) {
	r := seasoned(t)
	data, err := profile.Encode(r.p)
	if err != nil {
		t.Fatal(err)
	}
	n := size(r.p)
	t.Logf("%d bytes for each metric without its seasons; %d bytes encoded for four metrics after three days", n, len(data))
	if n > 1016 { // are as many as the allocator gives 1024 for, since it adds 8
		t.Errorf("a metric takes %d bytes, at most 1016 are meant", n)
	}
	if n := unsafe.Sizeof(*r.p); n > 384 {
		t.Errorf("a workload takes %d bytes besides, at most 384 are meant", n)
	}
}

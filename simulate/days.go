package simulate

import "time"

const daySteps = int(24 * time.Hour / Step)

// days are the loads of the last days, by step; what was not measured is as a day before.
type days struct {
	loads []float64
	n     int // steps that were seen
}

func newDays(n int) days { return days{loads: make([]float64, n*daySteps)} }

// add takes in a step.
func (d *days) add(s Sample) {
	at := d.n % len(d.loads)
	d.loads[at] = s.IOPS
	if s.Missing {
		d.loads[at] = d.loads[(at+len(d.loads)-daySteps)%len(d.loads)]
	}
	d.n++
}

// ago is the load that many days before the step that is k steps after the next.
func (d *days) ago(days, k int) float64 {
	return d.loads[(d.n+k+len(d.loads)-days*daySteps)%len(d.loads)]
}

package stl

// inner is one pass: a better season from the trend so far, a better trend from
// that season.
func (w *Workspace) inner(trend, seasonal []float64) {
	n, p := w.n, w.settings.period
	detrended := w.a[:n]
	for i, v := range w.y {
		detrended[i] = v - trend[i]
	}
	cycles := w.b // from one period before the series to one after it
	w.smoothCycles(cycles, detrended)

	// What the cycles hold of trend. Each average is shorter by its width less one:
	// n+2p, n+p+1, n+2, n values.
	average(w.a, cycles, p)
	average(w.a, w.a[:n+p+1], p)
	average(w.a, w.a[:n+2], 3)
	low := w.lowPlan.Smooth(seasonal, w.a[:n], nil)
	for i := range seasonal {
		seasonal[i] = cycles[p+i] - low[i]
	}

	deseasonalised := w.a[:n]
	for i, v := range w.y {
		deseasonalised[i] = v - seasonal[i]
	}
	w.trendPlan.Smooth(trend, deseasonalised, w.loessWeights())
}

func (w *Workspace) loessWeights() []float64 {
	if w.weighted {
		return w.weights
	}
	return nil
}

// smoothCycles smooths every cycle-subseries of x, each from one cycle before its
// first reading to one after its last.
func (w *Workspace) smoothCycles(dst, x []float64) {
	p := w.settings.period
	for j := range p {
		k := (w.n-1-j)/p + 1
		plan := w.subPlans[0]
		if k < len(w.sub) {
			plan = w.subPlans[1]
		}
		sub, weights := w.sub[:k], []float64(nil)
		for i := range sub {
			sub[i] = x[i*p+j]
		}
		if w.weighted {
			weights = w.subWeights[:k]
			for i := range weights {
				weights[i] = w.weights[i*p+j]
			}
		}
		for i, v := range plan.SmoothExtended(w.subSmooth, sub, weights) {
			dst[i*p+j] = v
		}
	}
}

// average is the moving average of x over the given width, written to dst from the
// start. dst may be x.
func average(dst, x []float64, width int) {
	sum := 0.0
	for _, v := range x[:width] {
		sum += v
	}
	scale := float64(width)
	last := len(x) - width
	for i := 0; ; i++ {
		first := x[i] // read first: dst may be x
		dst[i] = sum / scale
		if i == last {
			return
		}
		sum += x[i+width] - first
	}
}

package robust

import "math"

// Workspace computes what the package functions do without allocating, once its
// storage has grown to the largest sample. The zero value is ready. It is not safe
// for concurrent use.
type Workspace struct {
	buf []float64
}

// load copies the sample without its NaN.
func (w *Workspace) load(x []float64) []float64 {
	w.buf = resize(w.buf, len(x))[:0]
	for _, v := range x {
		if v == v {
			w.buf = append(w.buf, v)
		}
	}
	return w.buf
}

// Median is as the package function.
func (w *Workspace) Median(x []float64) float64 { return quantile(w.load(x), 0.5) }

// Quantile is as the package function.
func (w *Workspace) Quantile(x []float64, q float64) float64 { return quantile(w.load(x), q) }

// Quantiles is as the package function. dst must not be x.
func (w *Workspace) Quantiles(dst, x []float64, qs ...float64) []float64 {
	buf := w.load(x)
	dst = resize(dst, len(qs))
	for i, q := range qs {
		dst[i] = quantile(buf, q)
	}
	return dst
}

// MAD is as the package function.
func (w *Workspace) MAD(x []float64) float64 {
	buf := w.load(x)
	return mad(buf, quantile(buf, 0.5))
}

// mad overwrites buf with its deviations from centre.
func mad(buf []float64, centre float64) float64 {
	return NormalMAD * quantile(deviations(buf, buf, centre), 0.5)
}

// TrimmedMean is as the package function.
func (w *Workspace) TrimmedMean(x []float64, trim float64) float64 {
	if !(trim >= 0 && trim <= 0.5) {
		return math.NaN()
	}
	buf := w.load(x)
	cut := int(trim * float64(len(buf)))
	if 2*cut >= len(buf) {
		return quantile(buf, 0.5)
	}
	if cut > 0 {
		Select(buf, cut)
		Select(buf[cut:], len(buf)-2*cut-1)
	}
	return mean(buf[cut : len(buf)-cut])
}

// mean adds differences from the first value, so that a constant is its own mean,
// and divides before it adds, so that no sum overflows.
func mean(x []float64) float64 {
	m, n := 0.0, float64(len(x))
	for _, v := range x {
		m += (v/2 - x[0]/2) / n
	}
	return x[0] + 2*m
}

// Huber is as the package function. It panics when bend is not above 0.
func (w *Workspace) Huber(x []float64, bend float64) float64 {
	if !(bend > 0) {
		panic("robust: the bend of Huber's location must be above 0")
	}
	buf := w.load(x)
	m := quantile(buf, 0.5)
	s := mad(buf, m)
	if !(s > 0) || math.IsInf(s, 1) {
		return m
	}
	buf = w.load(x)
	for range 200 { // converges linearly; 200 rounds are far more than needed
		sum := 0.0
		for _, v := range buf {
			sum += max(-bend, min(bend, (v-m)/s))
		}
		move := s * sum / float64(len(buf))
		m += move
		if math.Abs(move) <= 1e-10*s {
			break
		}
	}
	return m
}

package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"

	"github.com/DataDog/sketches-go/ddsketch"

	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

const (
	sketchWindow   = 360 // an hour of live steps
	sketchAdds     = 1_000_000
	sketchQueries  = 5_000
	sketchAccuracy = 0.01 // of DDSketch, relative
	sketchParts    = 6    // of its window
)

var sketchQuantiles = []float64{0.5, 0.9, 0.99}

// sketch gives quantiles of what was added.
type sketch interface {
	add(x float64) error
	quantiles() ([]float64, error)
}

// window is ours.
type window struct {
	w   quantile.Window
	dst []float64
}

func (w *window) add(x float64) error { w.w.Add(x); return nil }

func (w *window) quantiles() ([]float64, error) {
	w.dst = w.w.Quantiles(w.dst, sketchQuantiles...)
	return w.dst, nil
}

// plain is a DDSketch, which never forgets.
type plain struct{ *ddsketch.DDSketch }

func newPlain() (sketch, error) {
	s, err := ddsketch.NewDefaultDDSketch(sketchAccuracy)
	return plain{s}, err
}

func (p plain) add(x float64) error           { return p.Add(x) }
func (p plain) quantiles() ([]float64, error) { return p.GetValuesAtQuantiles(sketchQuantiles) }

// sliding is one DDSketch for each part of the window, merged to be read.
type sliding struct {
	parts []*ddsketch.DDSketch
	at    int // the part that is filled
	in    int // readings in it
}

func newSliding() (sketch, error) {
	s := &sliding{parts: make([]*ddsketch.DDSketch, sketchParts)}
	for i := range s.parts {
		part, err := ddsketch.NewDefaultDDSketch(sketchAccuracy)
		if err != nil {
			return nil, err
		}
		s.parts[i] = part
	}
	return s, nil
}

func (s *sliding) add(x float64) error {
	if s.in == sketchWindow/sketchParts {
		s.at, s.in = (s.at+1)%sketchParts, 0
		s.parts[s.at].Clear()
	}
	s.in++
	return s.parts[s.at].Add(x)
}

func (s *sliding) quantiles() ([]float64, error) {
	all := s.parts[0].Copy()
	for _, part := range s.parts[1:] {
		if err := all.MergeWith(part); err != nil {
			return nil, err
		}
	}
	return all.GetValuesAtQuantiles(sketchQuantiles)
}

// printSketch compares the quantiles of a sliding window with DDSketch (Masson, Rim, Lee 2019, "DDSketch: a fast and fully-mergeable
// quantile sketch with relative-error guarantees", PVLDB 12(12)).
func printSketch(*labelled) error {
	out := table(fmt.Sprintf("Quantiles of the last %d readings", sketchWindow), "adding no slower than DDSketch, at most a third of its bytes")
	fmt.Fprintln(out, "Sketch\tSlides\tns to add\tns for 3 quantiles\tHeap bytes\tStated relative error")
	rng := rand.New(rand.NewPCG(5, 1))
	xs := make([]float64, 1<<14)
	for i := range xs {
		xs[i] = 1e-3 * math.Exp(rng.NormFloat64()) // latencies
	}
	kinds := []struct {
		name, slides, accuracy string
		make                   func() (sketch, error)
	}{
		{"timeseries/quantile", "by each reading", "0.04 %", func() (sketch, error) { return &window{w: quantile.NewWindow(sketchWindow)}, nil }},
		{"DDSketch", "never", "1 %", newPlain},
		{"DDSketch, one for each sixth", "by a sixth", "1 %", newSliding},
	}
	var adds, reads []func(int)
	var bytes []int64
	failed := make([]error, len(kinds))
	for i, k := range kinds {
		s, err := k.make()
		if err != nil {
			return err
		}
		add := func(n int) { failed[i] = errors.Join(failed[i], s.add(xs[n%len(xs)])) }
		read := func(int) {
			_, err := s.quantiles()
			failed[i] = errors.Join(failed[i], err)
		}
		each, err := sketchBytes(k.make, xs)
		if err != nil {
			return err
		}
		adds, reads, bytes = append(adds, add), append(reads, read), append(bytes, each)
	}
	added, read := best(sketchAdds, adds...), best(sketchQueries, reads...)
	for i, k := range kinds {
		fmt.Fprintf(out, "%s\t%s\t%.1f\t%.0f\t%d\t%s\n", k.name, k.slides, added[i], read[i], bytes[i], k.accuracy)
	}
	return errors.Join(append(failed, out.Flush())...)
}

// sketchBytes is what one takes of the heap when its window is full.
func sketchBytes(create func() (sketch, error), xs []float64) (int64, error) {
	const n = 2000
	before := heap()
	list := make([]sketch, n)
	for k := range list {
		s, err := create()
		if err != nil {
			return 0, err
		}
		for i := range sketchWindow {
			if err := s.add(xs[(k+i)%len(xs)]); err != nil {
				return 0, err
			}
		}
		list[k] = s
	}
	each := (heap() - before) / n
	runtime.KeepAlive(list)
	return each, nil
}

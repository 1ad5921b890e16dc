package main

import "testing"

// The measurement itself checks that every reading arrives.
func TestMeasure(t *testing.T) {
	for name, open := range ends {
		r, err := measure(load{series: 403, batch: 100, rounds: 3}, open)
		if err != nil || r.samples != 403*3 || r.labels < 403*200 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

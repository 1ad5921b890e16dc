package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A search for an order that is ended gives the best so far, and says so.
func TestSearchEnds(t *testing.T) {
	f := forecasting{deadline: time.Minute, levels: []float64{95}, changed: func(string) bool { return false }}
	s := series{values: []float64{3, 5, 4, 6, 5, 8, 6, 9, 8, 9, 11, 10, 13, 12, 12, 15, 14, 16, 18, 17}}
	ctx, end := context.WithCancel(t.Context())
	end()
	p, err := f.chosen(ctx, &s, 4)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(p.note, "the search was ended") || len(p.mean) != 4 || !finite(p.mean) {
		t.Errorf("%q, %v", p.note, p.mean)
	}
}

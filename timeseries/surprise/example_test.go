package surprise_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// A disk whose latency is 2 ms, give or take a little, takes 9 ms for once.
func ExampleStream() {
	s := surprise.NewStream(60, 1)
	var v surprise.Verdict
	for i := range int64(2000) {
		latency := 2 + 0.1*float64(i*7919%13-6)
		if i == 1999 {
			latency = 9
		}
		v = s.Observe(60*i, []float64{latency})
	}
	fmt.Printf("expected %.1f, %+.1f from it\n", v.Expected, v.Deviations[surprise.Reading])
	fmt.Println("to be told of:", v.Alert > 2)
	// Output:
	// expected 2.0, +7.0 from it
	// to be told of: true
}

// What a stream remembers outlives the program, here by encoding/gob.
func ExampleStream_snapshot() {
	s := surprise.NewStream(60, 1)
	for i := range int64(2000) {
		s.Observe(60*i, []float64{2 + 0.1*float64(i*7919%13-6)})
	}

	var snapshot bytes.Buffer
	if err := gob.NewEncoder(&snapshot).Encode(s); err != nil {
		fmt.Println(err)
		return
	}
	var restored surprise.Stream
	if err := gob.NewDecoder(&snapshot).Decode(&restored); err != nil {
		fmt.Println(err)
		return
	}
	for i := range restored.Metrics { // it may have been damaged
		if err := errors.Join(restored.Metrics[i].Valid(), restored.Row.Valid()); err != nil {
			fmt.Println(err)
			return
		}
	}

	row := []float64{9}
	fmt.Println("the same verdict:", restored.Observe(60*2000, row) == s.Observe(60*2000, row))
	// Output:
	// the same verdict: true
}

// A metric on its own, without what rows of several share.
func ExampleMetric() {
	m := surprise.NewMetric(60)
	for i := range int64(2000) {
		m.Observe(60*i, 2+0.1*float64(i*7919%13-6))
	}
	j := m.Observe(60*2000, 9) // judged by those before, then learned
	fmt.Printf("outside: %v; most surprised are\n", j.Outside)
	for scale := range surprise.NumScales {
		if j.Scales[scale] > j.Surprise {
			fmt.Println(scale)
		}
	}
	// Output:
	// outside: true; most surprised are
}

// The package's comment says that JSON cannot hold a stream: should it come to, the comment goes.
func TestJSONHasNoNaN(t *testing.T) {
	s := surprise.NewStream(60, 1)
	for i := range int64(100) {
		s.Observe(60*i, []float64{1})
	}
	if _, err := json.Marshal(s); err == nil {
		t.Error("a stream can be written as JSON")
	}
}

func TestScaleNames(t *testing.T) {
	f := func(s surprise.Scale, want string) {
		t.Helper()
		if got := s.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(surprise.Reading, "reading")
	f(surprise.Change, "change")
	f(surprise.NumScales, "scale 7")
}

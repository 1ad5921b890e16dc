package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock/tables"
)

// axis reads and writes the first column of a file of times and values: dates, times, Unix seconds, or any numbers that count.
type axis struct {
	layout string // empty: numbers
}

// axisOf finds how a column is written; false when it is neither times nor numbers, but mere labels.
func axisOf(first string) (axis, bool) {
	if layout, _, ok := tables.Written(first); ok {
		return axis{layout}, true
	}
	_, err := strconv.ParseFloat(first, 64)
	return axis{}, err == nil
}

// at is a position in seconds, or in the unit of the numbers.
func (a axis) at(text string) (float64, error) {
	if a.layout == "" {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
			return 0, fmt.Errorf("%q is no number, and the first row had one", text)
		}
		return x, nil
	}
	t, err := time.Parse(a.layout, text)
	if err != nil {
		return 0, fmt.Errorf("%q is no time as in the first row", text)
	}
	return float64(t.Unix()) + float64(t.Nanosecond())/1e9, nil
}

func (a axis) text(at float64) string {
	if a.layout == "" {
		return number(at)
	}
	return moment(at).Format(a.layout)
}

func moment(seconds float64) time.Time {
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(part*1e9))).UTC()
}

// jitter is how far a row may be from its step, in steps: months have 28 to 31 days.
const jitter = 0.1

// regular makes steps regular: a step without a row becomes a missing value.
func (s *series) regular() error {
	if len(s.times) < 2 {
		return nil
	}
	a, ok := axisOf(s.times[0])
	if !ok {
		return nil
	}
	var err error
	at := make([]float64, len(s.times))
	for i, text := range s.times {
		if at[i], err = a.at(text); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	step := commonStep(at)
	if !(step > 0) {
		return fmt.Errorf("the times do not ascend; sort the rows by time")
	}
	times, values := s.times[:1:1], s.values[:1:1]
	for i := 1; i < len(at); i++ {
		steps := (at[i] - at[i-1]) / step
		whole := math.Round(steps)
		if whole < 1 || math.Abs(steps-whole) > jitter*max(1, math.Sqrt(whole)) {
			return fmt.Errorf("from %s to %s are %s steps of %s; each row must be a step or several after the one before it", s.times[i-1], s.times[i], number(steps), a.length(step))
		}
		if float64(s.filled)+whole > float64(1000+10*len(at)) {
			return fmt.Errorf("from %s to %s are %s steps of %s: more would be missing than there are; leave out what is before", s.times[i-1], s.times[i], number(whole), a.length(step))
		}
		s.filled += int(whole) - 1
		for k := 1.0; k < whole; k++ {
			times, values = append(times, a.text(at[i-1]+k*step)), append(values, math.NaN())
		}
		times, values = append(times, s.times[i]), append(values, s.values[i])
	}
	s.times, s.values = times, values
	if a.layout != "" {
		s.start, s.step = moment(at[0]), time.Duration(step*1e9)
	}
	return nil
}

// commonStep is the median distance of neighbours.
func commonStep(at []float64) float64 {
	steps := make([]float64, len(at)-1)
	for i := range steps {
		steps[i] = at[i+1] - at[i]
	}
	slices.Sort(steps)
	return steps[len(steps)/2]
}

func (a axis) length(step float64) string {
	if a.layout == "" {
		return number(step)
	}
	return time.Duration(step * 1e9).String()
}

// number is the shortest text that parses back to x.
func number(x float64) string {
	if size := math.Abs(x); size != 0 && (size < 1e-6 || size >= 1e21) {
		return strconv.FormatFloat(x, 'e', -1, 64)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

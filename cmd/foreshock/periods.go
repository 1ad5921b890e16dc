package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/timeseries/stl"
)

// periods is the flag --period: seasons in steps, ascending.
type periods struct {
	list []int
	auto bool // find them
}

func (p *periods) Type() string { return "N[,M]" }

func (p *periods) String() string {
	if p.auto {
		return "auto"
	}
	return joined(p.list)
}

func joined(list []int) string {
	var text []string
	for _, n := range list {
		text = append(text, strconv.Itoa(n))
	}
	return strings.Join(text, ",")
}

// Set reads the flag.
func (p *periods) Set(text string) error {
	p.auto, p.list = text == "auto", nil
	if p.auto || text == "none" {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return fmt.Errorf("steps in a season are expected, for example 24 or 24,168, or auto, or none")
		}
		if n > 1 {
			p.list = append(p.list, n)
		}
	}
	slices.Sort(p.list)
	p.list = slices.Compact(p.list)
	return nil
}

// looked is how many series of a file are asked for their seasons.
const looked = 20

// find finds the periods of a file, when they are not given: those of most of its first series. A file has one step, so its series have the same seasons or none.
func (p *periods) find(f *seriesFile, say io.Writer) error {
	if !p.auto {
		return nil
	}
	votes := map[int]int{}
	for len(f.ahead) < looked {
		s, err := f.nextRead()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		f.ahead = append(f.ahead, s)
		for _, found := range s.seasons() {
			votes[found.Period]++
		}
	}
	for period, n := range votes {
		if 2*n > len(f.ahead) {
			p.list = append(p.list, period)
		}
	}
	slices.Sort(p.list)
	if len(p.list) > 0 {
		fmt.Fprintf(say, "foreshock: %s: found --period %s\n", f.Name, joined(p.list))
	} else {
		fmt.Fprintf(say, "foreshock: %s: no season found; --period says how many steps one has\n", f.Name)
	}
	return nil
}

// seasons are those that a series has. Where its steps have times, days and weeks are looked for first: of what is named, fewer cycles tell.
func (s *series) seasons() []stl.Season {
	var usual []int
	for _, length := range []time.Duration{day, 7 * day} {
		if s.step > 0 && length%s.step == 0 && length > s.step {
			usual = append(usual, int(length/s.step))
		}
	}
	if len(usual) > 0 {
		if found := stl.FindPeriod(s.values, usual...); len(found) > 0 {
			return found
		}
	}
	return stl.FindPeriod(s.values)
}

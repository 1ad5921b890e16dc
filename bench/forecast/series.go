package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// series is one row of a train file with what came after it.
type series struct {
	id          string
	train, test []float64
}

// forecasts are by series: what one method says, step by step.
type forecasts map[string][]step

// step is a forecast for one step; the bounds are those of the 95 % interval.
type step struct{ mean, lower, upper float64 }

// wide reads a file with one series per row: series_id,t1,t2,…; empty cells at the end are padding.
func wide(path string) (ids []string, rows map[string][]float64, err error) {
	records, err := cells(path)
	if err != nil {
		return nil, nil, err
	}
	rows = map[string][]float64{}
	for _, r := range records[1:] {
		var x []float64
		for _, cell := range r[1:] {
			if strings.TrimSpace(cell) == "" {
				continue
			}
			v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: series %s: %w", path, r[0], err)
			}
			x = append(x, v)
		}
		ids = append(ids, r[0])
		rows[r[0]] = x
	}
	return ids, rows, nil
}

func cells(path string) ([][]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1
	records, err := reader.ReadAll()
	if err == nil && len(records) == 0 {
		err = fmt.Errorf("%s: empty", path)
	}
	return records, err
}

// load reads train.csv and test.csv of a folder.
func load(dir string) ([]series, error) {
	ids, train, err := wide(filepath.Join(dir, "train.csv"))
	if err != nil {
		return nil, err
	}
	_, test, err := wide(filepath.Join(dir, "test.csv"))
	if err != nil {
		return nil, err
	}
	var list []series
	for _, id := range ids {
		if test[id] != nil {
			list = append(list, series{id, train[id], test[id]})
		}
	}
	return list, nil
}

// long reads forecasts: series_id,h,mean,lo95,hi95, with empty or NA bounds where there are none.
func long(path string) (forecasts, error) {
	records, err := cells(path)
	if err != nil {
		return nil, err
	}
	all := forecasts{}
	number := func(cell string) float64 {
		if v, err := strconv.ParseFloat(cell, 64); err == nil {
			return v
		}
		return math.NaN()
	}
	for _, r := range records[1:] {
		h, err := strconv.Atoi(r[1])
		if err != nil || h < 1 || h > 1e6 {
			return nil, fmt.Errorf("%s: series %s: step %q is no step", path, r[0], r[1])
		}
		list := all[r[0]]
		for len(list) < h {
			list = append(list, step{math.NaN(), math.NaN(), math.NaN()})
		}
		list[h-1] = step{number(r[2]), number(r[3]), number(r[4])}
		all[r[0]] = list
	}
	return all, nil
}

// cpuTime is the mean time per series that a file of R's states, NaN where there is none.
func cpuTime(path string) float64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return math.NaN()
	}
	var m mean
	for _, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(line, "\t")
		if len(cells) < 2 {
			continue
		}
		if v, err := strconv.ParseFloat(cells[1], 64); err == nil {
			m.add(v)
		}
	}
	return m.value()
}

// write writes forecasts as long reads them.
func write(path string, list []series, f forecasts) error {
	var b strings.Builder
	b.WriteString("series_id,h,mean,lo95,hi95\n")
	for i := range list {
		for k, s := range f[list[i].id] {
			fmt.Fprintf(&b, "%s,%d,%g,%g,%g\n", list[i].id, k+1, s.mean, s.lower, s.upper)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

package nab

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// File is one labelled series.
type File struct {
	Name    string // as in windows.json
	Times   []time.Time
	Values  []float64
	Windows []Window
}

// Load reads root/windows.json and the files that it names from root/data, in the order of their names.
func Load(root string) ([]File, error) {
	text, err := os.ReadFile(filepath.Join(root, "windows.json"))
	if err != nil {
		return nil, err
	}
	var windows map[string][][2]string
	if err := json.Unmarshal(text, &windows); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(root, "windows.json"), err)
	}
	var files []File
	for _, name := range slices.Sorted(maps.Keys(windows)) {
		f, err := load(filepath.Join(root, "data", filepath.FromSlash(name)), windows[name])
		if err != nil {
			return nil, err
		}
		f.Name = name
		files = append(files, f)
	}
	return files, nil
}

func load(file string, spans [][2]string) (f File, err error) {
	in, err := os.Open(file)
	if err != nil {
		return f, err
	}
	defer func() { _ = in.Close() }()
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return f, fmt.Errorf("%s: %w", file, err)
	}
	first := map[time.Time]int{} // rows by time; the first of those with the same
	for i, cells := range rows[min(1, len(rows)):] {
		at, err := when(cells[0])
		if err != nil {
			return f, fmt.Errorf("%s: row %d: %w", file, i+1, err)
		}
		x, err := strconv.ParseFloat(cells[1], 64)
		if err != nil {
			return f, fmt.Errorf("%s: row %d: %w", file, i+1, err)
		}
		if _, ok := first[at]; !ok {
			first[at] = i
		}
		f.Times, f.Values = append(f.Times, at), append(f.Values, x)
	}
	for _, span := range spans {
		var ends [2]int
		for k, text := range span {
			at, err := when(text)
			if err != nil {
				return f, fmt.Errorf("%s: window: %w", file, err)
			}
			row, ok := first[at]
			if !ok {
				return f, fmt.Errorf("%s: no row has the time %s at which a window begins or ends", file, text)
			}
			ends[k] = row
		}
		f.Windows = append(f.Windows, Window{ends[0], ends[1]})
	}
	return f, nil
}

// when reads a time as the benchmark writes it; a fraction of a second may follow.
func when(text string) (time.Time, error) { return time.Parse(time.DateTime, text) }

package detect_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
)

// nabScale makes the readings large against the floors that IOPS have; it is the same for all series.
const nabScale = 1000

// TestNAB prints how many anomalies of labelled series fall into the labelled windows. NAB_RESULTS names a folder to write the
// scores of each row to, for a scorer.
func TestNAB(t *testing.T) {
	root := filepath.FromSlash("../../shared/nab")
	text, err := os.ReadFile(filepath.Join(root, "windows.json"))
	if err != nil {
		t.Skipf("the Numenta Anomaly Benchmark is not at %s: put its data and windows.json there", root)
	}
	var windows map[string][][2]string
	if err := json.Unmarshal(text, &windows); err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(windows))
	for name := range windows {
		names = append(names, name)
	}
	sort.Strings(names)
	var found, labelled, outside int
	t.Logf("%-62s %7s %7s %7s", "series", "windows", "found", "outside")
	for _, name := range names {
		r, first := runNAB(t, root, name)
		hit := map[int]bool{}
		beside := 0
		for _, a := range r.journal {
			if !a.End.IsZero() || a.Steps != 1 || a.Start.Before(first) {
				continue
			}
			if w := windowOf(t, windows[name], a.Time); w >= 0 {
				hit[w] = true
			} else {
				beside++
			}
		}
		t.Logf("%-62s %7d %7d %7d", name, len(windows[name]), len(hit), beside)
		found, labelled, outside = found+len(hit), labelled+len(windows[name]), outside+beside
	}
	t.Logf("%-62s %7d %7d %7d", "all", labelled, found, outside)
	if found == 0 {
		t.Error("nothing was found")
	}
}

func windowOf(t *testing.T, windows [][2]string, at time.Time) int {
	for i, w := range windows {
		from, err := time.Parse("2006-01-02 15:04:05.000000", w[0])
		if err != nil {
			t.Fatal(err)
		}
		to, err := time.Parse("2006-01-02 15:04:05.000000", w[1])
		if err != nil {
			t.Fatal(err)
		}
		if !at.Before(from) && !at.After(to) {
			return i
		}
	}
	return -1
}

// runNAB takes a series row by row; first is when the scorer's probation of 15 % ends.
func runNAB(t *testing.T, root, name string) (r *rig, first time.Time) {
	file, err := os.Open(filepath.Join(root, "data", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows = rows[1:]
	at := func(i int) time.Time {
		when, err := time.Parse(time.DateTime, rows[i][0])
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	cfg := detect.Default()
	cfg.Metrics.IOPS = detect.Limit{Up: 1, Down: 1}
	step := at(1).Sub(at(0))
	r = newRigWith(t, step, cfg)
	r.now = at(0).Add(-step)
	scores := make([]float64, len(rows))
	for i, row := range rows {
		x, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		r.now = at(i).Add(-step)
		r.one(foreshock.IOPS, nabScale*x)
		if r.p.Current != nil && r.p.Current.Steps == 1 && r.p.Current.Time.Equal(r.now) {
			scores[i] = r.f.Score / (1 + r.f.Score)
		}
	}
	writeScores(t, name, rows, scores)
	return r, at(min(len(rows)*15/100, 750))
}

func writeScores(t *testing.T, name string, rows [][]string, scores []float64) {
	folder := os.Getenv("NAB_RESULTS")
	if folder == "" {
		return
	}
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	fmt.Fprintln(w, "timestamp,anomaly_score")
	for i, row := range rows {
		fmt.Fprintf(w, "%s,%g\n", row[0], scores[i])
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

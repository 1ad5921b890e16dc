package nab_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/bench/nab"
)

func Example() {
	scores := make([]float64, 200)
	scores[100], scores[190] = 0.9, 0.6 // the first row of the window, and a row far from it
	file := nab.Judge([]nab.Window{{First: 100, Last: 119}}, scores)
	for _, threshold := range []float64{1, 0.9, 0.6} {
		r := nab.At([]nab.Scored{file}, nab.Profiles[0], threshold)
		fmt.Printf("%.1f: %.1f, %d of %d windows, %d false rows\n", threshold, r.Score, r.Found, r.Windows, r.FalseRows)
	}
	fmt.Println("best:", nab.Best([]nab.Scored{file}, nab.Profiles[0]))
	// Output:
	// 1.0: 0.0, 0 of 1 windows, 0 false rows
	// 0.9: 100.0, 1 of 1 windows, 0 false rows
	// 0.6: 94.5, 1 of 1 windows, 1 false rows
	// best: 0.9
}

func TestScore(t *testing.T) {
	const n = 1000
	windows := []nab.Window{{First: 300, Last: 399}, {First: 600, Last: 639}}
	f := func(want float64, found, falseRows int, rows ...int) {
		t.Helper()
		scores := make([]float64, n)
		for _, i := range rows {
			scores[i] = 1
		}
		r := nab.At([]nab.Scored{nab.Judge(windows, scores)}, nab.Profiles[0], 0.5)
		if math.Abs(r.Score-want) > 0.005 || r.Found != found || r.FalseRows != falseRows {
			t.Errorf("rows %v: %+v, want %g, %d found and %d false", rows, r, want, found, falseRows)
		}
	}
	f(0, 0, 0)                       // nothing is 0
	f(100, 2, 0, 300, 600)           // perfection
	f(100, 2, 0, 300, 301, 399, 600) // later rows of a window count for nothing
	f(0, 0, 0, 0, 149)               // probation
	f(-2.75, 0, 1, 150)              // before any window
	f(-2.75, 0, 1, 599)              // long after a window
	f(50, 1, 0, 600)                 // half
	f(25.63, 1, 0, 399)              // late: the last row of a window still has σ(-1/100)
	f(49.93, 1, 1, 300, 400)         // shortly after a window a false row costs little
	f(46.49, 1, 0, 350)              // in the middle: σ(-1/2)
}

// The scorer of the shared tools is an independent program; ours must agree with it on any scores.
func TestReferenceScorer(t *testing.T) {
	root, tool := filepath.FromSlash("../../../shared/nab"), filepath.FromSlash("../../../shared/tools/nab_score.py")
	files, err := nab.Load(root)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the Numenta Anomaly Benchmark is not at %s: put its data and windows.json there", root)
	}
	if err != nil {
		t.Fatal(err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	f := func(seed uint64, score func(*rand.Rand) float64) {
		t.Helper()
		rng := rand.New(rand.NewPCG(seed, 1))
		out := t.TempDir()
		var scored []nab.Scored
		for i := range files {
			scores := make([]float64, len(files[i].Times))
			for k := range scores {
				scores[k] = score(rng)
			}
			save(t, filepath.Join(out, files[i].Name), &files[i], scores)
			scored = append(scored, nab.Judge(files[i].Windows, scores))
		}
		report := filepath.Join(out, "report.json")
		run := exec.Command(python, tool, "--data", filepath.Join(root, "data"), "--windows", filepath.Join(root, "windows.json"), "--results", out, "--json", report)
		if text, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		want := results(t, report)
		for _, p := range nab.Profiles {
			got, want := nab.At(scored, p, nab.Best(scored, p)), want[strings.ReplaceAll(p.Name, " ", "_")]
			if got.Threshold != want.Threshold || got.Found != want.Found || got.FalseRows != want.FalseRows || got.Windows != want.Windows {
				t.Errorf("%s: %+v, want %+v", p.Name, got, want)
			}
			if math.Abs(got.Score-want.Score) > 1e-12*math.Abs(want.Score) {
				t.Errorf("%s: score %.17g, want %.17g", p.Name, got.Score, want.Score)
			}
		}
	}
	f(2, func(r *rand.Rand) float64 { return math.Round(10*r.Float64()*r.Float64()) / 10 }) // many equal
	f(3, func(r *rand.Rand) float64 { return math.Pow(r.Float64(), 200) })
}

type result struct {
	Threshold, Score float64
	Found, Windows   int
	FalseRows        int `json:"fp_rows"`
}

func results(t *testing.T, file string) map[string]result {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report struct{ All map[string]result }
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	return report.All
}

func save(t *testing.T, path string, file *nab.File, scores []float64) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("timestamp,anomaly_score\n")
	for i, at := range file.Times {
		fmt.Fprintf(&text, "%s,%v\n", at.Format("2006-01-02 15:04:05"), scores[i])
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

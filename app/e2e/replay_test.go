package e2e_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const shared = "../../../shared"

var eventTypes = []string{"anomaly", "decision", "action", "evaluation", "correction", "reservation"}

// TestReplay replays one in four of the recorded files that are there, one in twelve with -short, and with REPLAY=all each.
func TestReplay(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"traces/*.csv", "nab/data/*/*.csv"} {
		found, err := filepath.Glob(filepath.Join(shared, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skipf("no recorded data: put traces/*.csv and nab/data/*/*.csv into %s", shared)
	}
	every := 4
	switch {
	case os.Getenv("REPLAY") == "all":
		every = 1
	case testing.Short():
		every = 12
	}
	for i := 2 % every; i < len(files); i += every { // the flat line among them
		file := files[i]
		name, _ := filepath.Rel(shared, file)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := command(t, "replay", absolute(t, file), "-o", "json")
			if got.code != 0 {
				t.Fatalf("exit %d: %s", got.code, got.stderr)
			}
			checkReplay(t, got.stdout, filepath.Base(file) == "art_flatline.csv")
			if i < every {
				if again := command(t, "replay", absolute(t, file), "-o", "json"); again.stdout != got.stdout {
					t.Error("a second replay says something else")
				}
			}
		})
	}
}

func absolute(t testing.TB, file string) string {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

type summary struct {
	Type      string             `json:"type"`
	Steps     int64              `json:"steps"`
	Events    map[string]int     `json:"events"`
	Anomalies map[string]int     `json:"anomalies"`
	Decisions map[string]int     `json:"decisions"`
	Scores    map[string]float64 `json:"scores"`
}

// checkReplay checks that the output is one event per line in the order of time, then a summary that counts them. Nothing of a flat line is unusual.
func checkReplay(t *testing.T, out string, flat bool) {
	t.Helper()
	counts := map[string]int{}
	var last event
	var end summary
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Buffer(nil, 16<<20)
	for n := 1; lines.Scan(); n++ {
		if end.Type != "" {
			t.Fatalf("line %d comes after the summary: %s", n, lines.Text())
		}
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("line %d: %v: %s", n, err, lines.Text())
		}
		switch {
		case e.Type == "summary":
			if err := json.Unmarshal(lines.Bytes(), &end); err != nil {
				t.Fatal(err)
			}
			continue
		case !slices.Contains(eventTypes, e.Type):
			t.Errorf("line %d is of type %q", n, e.Type)
		case e.Time.IsZero() || e.Time.Before(last.Time):
			t.Errorf("line %d is of %s, the one before of %s", n, e.Time, last.Time)
		}
		counts[e.Type]++
		last = e
	}
	if end.Type == "" {
		t.Fatal("there is no summary")
	}
	if end.Steps == 0 {
		t.Error("no step was scored")
	}
	for kind, n := range counts {
		if end.Events[kind] != n {
			t.Errorf("the summary counts %d of %s, there are %d", end.Events[kind], kind, n)
		}
	}
	for kind, n := range end.Events {
		if counts[kind] != n {
			t.Errorf("the summary counts %d of %s, there are %d", n, kind, counts[kind])
		}
	}
	quantiles := []float64{end.Scores["p50"], end.Scores["p90"], end.Scores["p99"], end.Scores["p99.9"], end.Scores["p100"]}
	if len(end.Scores) < len(quantiles) || !slices.IsSorted(quantiles) || quantiles[0] < 0 || (quantiles[len(quantiles)-1] == 0) != flat {
		t.Errorf("the quantiles of the scores are %v", end.Scores)
	}
}

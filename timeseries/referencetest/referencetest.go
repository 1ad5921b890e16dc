// Package referencetest compares what the packages of timeseries compute with what R, statsmodels and Prophet computed.
//
// The recorded results are beside the repository, in ../shared/reference. Each comparison is a line of a table, which
// `make reference` prints; a line that is out of its tolerance fails the test.
package referencetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// Mark begins the lines of the table in a test's log.
const Mark = "reference:"

// Path gives the file of that name, for example "arima/lh.json". The test is skipped, with what to do, where it is not there.
func Path(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(shared(t), "reference", filepath.FromSlash(name))
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no %s: put the project's shared folder beside the repository to compare with R, statsmodels and Prophet", name)
	}
	return path
}

// Load decodes the file of that name into v.
func Load(t testing.TB, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// shared is the folder "shared" beside the root of the module.
func shared(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared")
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = up
	}
}

// Within puts a line into the table, and fails the test when the deviation is above the tolerance or is no number. A tolerance in other
// words than a plain difference is said in what, for example "log-likelihood, R's less ours".
func Within(t testing.TB, fixture, what string, deviation, tolerance float64) {
	t.Helper()
	verdict := "within"
	if !(deviation <= tolerance) {
		verdict = "OUT"
	}
	line := fmt.Sprintf("%s\t%s\t%s\t%.2g\t%.2g\t%s", Mark, fixture, what, deviation, tolerance, verdict)
	if verdict == "OUT" {
		t.Error(line)
		return
	}
	t.Log(line)
}

// Apart is the largest |got-want|, infinite for unequal lengths or where just one of the two is NaN.
func Apart(got, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	worst := 0.0
	for i := range want {
		switch d := math.Abs(got[i] - want[i]); {
		case got[i] == want[i], math.IsNaN(got[i]) && math.IsNaN(want[i]):
		case math.IsNaN(d):
			return math.Inf(1)
		default:
			worst = max(worst, d)
		}
	}
	return worst
}

// Size is the largest |x|; NaN is left out.
func Size(x []float64) float64 {
	size := 0.0
	for _, v := range x {
		if v == v {
			size = max(size, math.Abs(v))
		}
	}
	return size
}

// Values are numbers in which null is NaN and "Inf" and "-Inf" are strings.
type Values []float64

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Values) UnmarshalJSON(data []byte) error {
	var list []Value
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*v = make([]float64, len(list))
	for i, x := range list {
		(*v)[i] = float64(x)
	}
	return nil
}

// Value is one of [Values].
type Value float64

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Value) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "null", `"NaN"`, `"NA"`:
		*v = Value(math.NaN())
		return nil
	case `"Inf"`:
		*v = Value(math.Inf(1))
		return nil
	case `"-Inf"`:
		*v = Value(math.Inf(-1))
		return nil
	}
	var x float64
	if err := json.Unmarshal(data, &x); err != nil {
		return err
	}
	*v = Value(x)
	return nil
}

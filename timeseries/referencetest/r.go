package referencetest

import (
	"bytes"
	"encoding/json"
	"math"
	"os/exec"
	"testing"
)

// R runs a script of R on this machine. The script finds input, decoded from JSON, under that name, and leaves what v is decoded from in
// output. NaN is NA on the way there when input holds [Values]; numbers come back with 15 digits. The test or benchmark is skipped where R or its package jsonlite is not
// installed, or where the script ends with status 77 since it lacks another package.
func R(t testing.TB, script string, input, v any) {
	t.Helper()
	if _, err := exec.LookPath("Rscript"); err != nil {
		t.Skip("no Rscript: install R (Debian: r-base-core, r-cran-jsonlite, r-cran-forecast) to compare with it")
	}
	data, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	script = `if (!requireNamespace("jsonlite", quietly = TRUE)) quit(status = 77)
input <- jsonlite::fromJSON(file("stdin"), simplifyDataFrame = FALSE, simplifyMatrix = FALSE)
` + script + `
cat(jsonlite::toJSON(output, digits = NA, auto_unbox = TRUE, na = "string"))`
	cmd := exec.CommandContext(t.Context(), "Rscript", "--vanilla", "-e", script)
	cmd.Stdin = bytes.NewReader(data)
	var said bytes.Buffer
	cmd.Stderr = &said
	answer, err := cmd.Output()
	switch {
	case cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 77:
		t.Skip("R lacks a package: install jsonlite and forecast (Debian: r-cran-jsonlite, r-cran-forecast) to compare with it")
	case err != nil:
		t.Fatalf("Rscript: %v\n%s", err, said.Bytes())
	}
	if err := json.Unmarshal(answer, v); err != nil {
		t.Fatalf("Rscript: %v in %.200q", err, answer)
	}
}

// MarshalJSON implements [json.Marshaler]: NaN is null.
func (v Values) MarshalJSON() ([]byte, error) {
	list := make([]any, len(v))
	for i, x := range v {
		if !math.IsNaN(x) {
			list[i] = x
		}
	}
	return json.Marshal(list)
}

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the README pastes through a pipe does what it says there.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(guide), "## Numbers through a pipe\n")
	part, _, _ = strings.Cut(part, "\n## ")
	var lines []string
	for line := range strings.Lines(part) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			lines = append(lines, strings.ReplaceAll(command, "./bin/foreshock", "foreshock"))
		}
	}
	dir := t.TempDir()
	volume := exec.CommandContext(t.Context(), "go", "run", "./examples/volume")
	volume.Dir = "../.."
	data, err := volume.Output()
	if err != nil {
		t.Fatalf("go run ./examples/volume: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "volume.csv"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	wants := []string{"", "series,60,", `"coef":{"ar1":`}
	if len(lines) != len(wants) {
		t.Fatalf("%d commands in the README, %d are expected here: %q", len(lines), len(wants), lines)
	}
	for i, line := range lines {
		sh := exec.CommandContext(t.Context(), "sh", "-e", "-c", line)
		sh.Dir = dir
		out, err := sh.CombinedOutput()
		if err != nil || !strings.Contains(string(out), wants[i]) {
			t.Errorf("%s%v\n%s", line, err, out)
		}
	}
}

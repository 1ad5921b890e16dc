package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The README has the table of exit codes as the program prints it.
func TestExitCodesAreWritten(t *testing.T) {
	guide, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := "Exit codes: " + exitLine() + "."; !strings.Contains(string(guide), want) {
		t.Errorf("README.md does not have: %s", want)
	}
	for i, e := range exitCodes {
		if e.code != i {
			t.Errorf("code %d stands at %d", e.code, i)
		}
	}
}

// Each code comes when the table says so.
func TestExitCodes(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/workloads") {
			_, _ = w.Write([]byte("[]"))
			return
		}
		http.Error(w, "no such action", http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	t.Setenv("FORESHOCK_SERVER", server.URL)
	rows := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(rows, []byte("time,iops\n1,2\nlater,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(want int, args ...string) {
		t.Helper()
		if got := run(args); got != want {
			t.Errorf("foreshock %s exits with %d, want %d", strings.Join(args, " "), got, want)
		}
	}
	f(exitDone, "workloads", "-o", "yaml")
	f(exitDone, "help", "exit-codes")
	f(exitFailed, "detect", rows+".none")
	f(exitUsage, "workloads", "-o", "xml")
	f(exitUsage, "explain")
	f(exitUsage, "chek")
	f(exitPart, "detect", rows)
	f(exitUnreachable, "workloads", "--server", "http://127.0.0.1:1")
	f(exitRefused, "approve", "none")
}

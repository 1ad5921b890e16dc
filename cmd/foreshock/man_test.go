package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every command has a page, and no line of it is an order to the formatter but those that are meant.
func TestManPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	if code := run([]string{"man", dir}); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	order := regexp.MustCompile(`^(\.(TH|SH|TP|PP|B|BR|nf|fi)\b|[^.'])`)
	for _, c := range rootCommand().Commands() {
		page, err := os.ReadFile(filepath.Join(dir, "foreshock-"+c.Name()+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		for line := range strings.Lines(string(page)) {
			if !order.MatchString(line) {
				t.Errorf("%s: %q", c.Name(), line)
			}
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "foreshock-run.1"))
	if want := ".TP\n.B \\-c, \\-\\-config string\nconfiguration file\n"; err != nil || !strings.Contains(string(page), want) {
		t.Errorf("%v, no %q in\n%s", err, want, page)
	}
}

func TestRoff(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := manText(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f("a\n\n  b -c\n  .d", "a\n.PP\n.nf\n  b \\-c\n  .d\n.fi\n")
	f(".e\n\\n", "\\&.e\n\\en\n")
}

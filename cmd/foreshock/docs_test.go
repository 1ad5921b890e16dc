package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write docs/reference anew")

// The reference is what the code says.
func TestReferenceIsRenewed(t *testing.T) {
	t.Setenv("FORESHOCK_SERVER", "") // a default of flags
	for name, text := range map[string]func(*testing.T) string{
		"configuration.md": configurationReference, "cli.md": commandReference, "events.md": eventReference,
	} {
		file, want := filepath.Join("../../docs/reference", name), text(t)
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, []byte(want)) {
			t.Errorf("docs/reference/%s is not what the code says; renew it with: make generate-docs (%v)", name, err)
		}
	}
}

package vsphere

import (
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	f := func(cfg Config, wants ...string) {
		t.Helper()
		_, err := New(cfg)
		if err == nil {
			t.Errorf("%+v is taken", cfg)
			return
		}
		for _, want := range wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want %q", cfg, err, want)
			}
		}
	}
	f(Config{}, "url", "username", "password_file")
	f(Config{URL: "https://me:secret@vcenter.example/sdk", Username: "u", PasswordFile: "f"}, "no name and no password")
	if _, err := New(Config{URL: "vcenter.example", Username: "u", PasswordFile: "f"}); err != nil {
		t.Error(err)
	}
}

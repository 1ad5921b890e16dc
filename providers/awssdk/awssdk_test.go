package awssdk

import (
	"strings"
	"testing"
)

const (
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	keyID     = "AKIAIOSFODNN7EXAMPLE"
)

func TestRedact(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := Redact(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f("The volume 'vol-0a1b2c3d4e5f60718' does not exist.", "The volume 'vol-0a1b2c3d4e5f60718' does not exist.")
	f("the key "+keyID+" is unknown", "the key … is unknown")
	f("Credential="+keyID+"/20261126, Signature="+strings.Repeat("0af", 22), "Credential=…/20261126, …")
	f("secret "+secretKey, "secret …")
	f("does not match. The Canonical String for this request is 'x'", "does not match.")
	f("a\nb\x00", "a b")
}

package azuresdk

import (
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := Redact(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	const client = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a"
	f("ResourceNotFound: disks/data-1 under resource group 'prod'", "ResourceNotFound: disks/data-1 under resource group 'prod'")
	f("the client "+client+" is not allowed", "the client "+client+" is not allowed")
	f("Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL21hbmFnZW1lbnQifQ.c2lnbmF0dXJl", "Bearer …")
	f("secret "+strings.Repeat("aB1~", 10), "secret …")
	f("a\nb\x00", "a b")
}

func TestParts(t *testing.T) {
	group, name, err := Parts("/subscriptions/1/resourceGroups/PROD/providers/Microsoft.Compute/disks/Data-1")
	if group != "prod" || name != "data-1" || err != nil {
		t.Errorf("%s, %s, %v", group, name, err)
	}
	if _, _, err := Parts("data-1"); err == nil {
		t.Error("that is no whole name")
	}
}

package gcpsdk

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/api/googleapi"
)

func TestRedact(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := Redact(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f("The disk pvc-0259a8b1-e797-40f4-960f-129d7f942907 was not found", "The disk pvc-0259a8b1-e797-40f4-960f-129d7f942907 was not found")
	f("Bearer ya29.a0AfH6SMBx-y_z.more was refused", "Bearer … was refused")
	f("refresh_token=1//0gabcDEF-ghi_jkl", "refresh_token=…")
	f("assertion=eyJhbGciOi.eyJpc3MiOi.c2ln-_8", "assertion=…")
	f("key AIzaSyA1234567890abcdefghijk is bad", "key … is bad")
	f(`{"private_key": "-----BEGIN PRIVATE KEY-----\nMIIEv+/=\n-----END PRIVATE KEY-----\n"}`, `{"private_key": "…\n"}`)
	f("a\nb\x00", "a b")
	if n := len([]rune(Redact(strings.Repeat("x", 1000)))); n > 301 {
		t.Errorf("%d characters", n)
	}
}

func TestText(t *testing.T) {
	f := func(err error, want string) {
		t.Helper()
		if got := Text(fmt.Errorf("call: %w", err)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(&googleapi.Error{Code: 403, Message: "Required permission", Errors: []googleapi.ErrorItem{{Reason: "forbidden"}}}, "403 forbidden: Required permission")
	f(&googleapi.Error{Code: 500, Message: "Internal"}, "500: Internal")
	f(&url.Error{Op: "Get", URL: "https://host/?key=secret", Err: errors.New("connection refused")}, "connection refused")
}

func TestLoad(t *testing.T) {
	t.Setenv("GOOGLE_CLOUD_PROJECT", "")
	f := func(project, endpoint, want string) {
		t.Helper()
		if _, err := Load(project, endpoint, Compute); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f("my-project", "", "")
	f("example.com:my-project", "https://compute-x.p.googleapis.com/", "")
	f("my-project", "http://127.0.0.1:8080", "")
	f("my-project", "http://example.com", "must begin with https")
	f("my-project", "https://example.com/compute/v1", "without a path")
	f("my-project", "https://me:secret@example.com", "without a path")
	f("", "", "GOOGLE_CLOUD_PROJECT")
	f("a/b", "", `project is "a/b"`)
	t.Setenv("GOOGLE_CLOUD_PROJECT", "the-default")
	if a, err := Load("", "", Compute); err != nil || a.Project != "the-default" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestNames(t *testing.T) {
	const link = "https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a/disks/d-1"
	if Last(link) != "d-1" || Last("d-1") != "d-1" || Part(link, "zones") != "us-central1-a" || Part(link, "disks") != "d-1" || Part(link, "regions") != "" {
		t.Error("parts of an address")
	}
}

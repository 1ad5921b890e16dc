package foreshock_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	. "github.com/foreshock-io/foreshock"
)

// TestIDPath: an ID is found under its path by a server, also after a browser has made the address shorter.
func TestIDPath(t *testing.T) {
	mux := http.NewServeMux()
	var got string
	mux.HandleFunc("GET /w/{id...}", func(_ http.ResponseWriter, r *http.Request) { got = r.PathValue("id") })
	base := &url.URL{Scheme: "http", Host: "127.0.0.1", Path: "/w/"}
	f := func(id ID, want string) {
		t.Helper()
		if id.Path() != want {
			t.Errorf("%q has the path %q, not %q", id, id.Path(), want)
		}
		address, err := base.Parse("/w/" + id.Path())
		if err != nil {
			t.Fatal(err)
		}
		got = ""
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, address.String(), nil))
		if got != string(id) {
			t.Errorf("of %q the server finds %q", id, got)
		}
	}
	f("disk/vda", "disk/vda")
	f("a b/c?d#e", "a%20b/c%3Fd%23e")
	f("vm/db-1/", "vm/db-1/")
	f("pool/%2F", "pool/%252F")
	f("nas//vol", "nas%2F%2Fvol")
	f("/dev/sda", "%2Fdev%2Fsda")
	f("nas/..", "nas%2F..")
	f("nas/../vol", "nas%2F..%2Fvol")
	f("./vol", ".%2Fvol")
	f("nas/ü/日", "nas/%C3%BC/%E6%97%A5")
	f(".", "%2E")
}

func TestIDCheck(t *testing.T) {
	f := func(id ID, good bool) {
		t.Helper()
		if err := id.Check(); (err == nil) != good {
			t.Errorf("%q: %v", id, err)
		}
	}
	f("disk/sd a", true)
	f("disk/ü日😀", true)
	f("", false)
	f("a\tb", false)
	f("a\u009b31m", false) // begins a sequence that colours a terminal
	f("a\xff", false)
}

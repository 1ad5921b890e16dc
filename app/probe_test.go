package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/storetest"
)

// Each part of a configuration is asked, and what does not answer is told with its remedy; the rest is asked all the same.
func TestProbeParts(t *testing.T) {
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	}))
	t.Cleanup(prometheus.Close)
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
mode: approve
sources:
  - prometheus: {url: %q, presets: [node_exporter]}
  - {name: away, prometheus: {url: "http://127.0.0.1:1", presets: [node_exporter]}}
  - replay: {path: no-such-file.csv}
targets:
  - {name: dry, dryrun: {allocated: {iops: 3000}}}
policies:
  - {name: one, match: ["a"], mode: approve, target: dry, resource: r, bounds: {iops: {max: 9000}}}
  - {name: all, match: ["b"], mode: approve, target: dry, bounds: {iops: {max: 9000}}}
`, prometheus.URL)
	c, err := config.Parse(filepath.Join(t.TempDir(), "f.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	list, err := Probe(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"listen": "is free", "data": "can be made", "sources: prometheus": "answers queries", "sources: away": "does it run there",
		"sources: replay": "correct path", "policies: one: r of dry": "has iops=3000", "policies: all: ${name} of dry": "follow from the workloads",
	}
	if len(list) != len(want) {
		t.Errorf("%d parts were asked, want %d", len(list), len(want))
	}
	for _, p := range list {
		got := p.Found
		if p.Err != nil {
			got = p.Err.Error()
		}
		if w, ok := want[p.Part]; !ok || !strings.Contains(got, w) {
			t.Errorf("%s: %q, want %q", p.Part, got, w)
		}
		if faulty := p.Part == "sources: away" || p.Part == "sources: replay"; faulty != (p.Err != nil) {
			t.Errorf("%s: %v", p.Part, p.Err)
		}
	}
}

// failing is a store that fails in one operation.
type failing struct {
	*storetest.Memory
	fails string
}

func (m failing) err(operation string) error {
	if m.fails == operation {
		return errors.New("no permission")
	}
	return nil
}

func (m failing) Put(ctx context.Context, batch []store.Entry) error {
	return errors.Join(m.Memory.Put(ctx, batch), m.err("write"))
}

func (m failing) Get(ctx context.Context, ids []foreshock.ID) (map[foreshock.ID][]byte, error) {
	if m.fails == "forget" {
		return nil, nil
	}
	found, err := m.Memory.Get(ctx, ids)
	return found, errors.Join(err, m.err("read"))
}

func (m failing) Delete(ctx context.Context, ids []foreshock.ID) error {
	return errors.Join(m.Memory.Delete(ctx, ids), m.err("delete"))
}

func TestProbeStore(t *testing.T) {
	for fails, want := range map[string]string{"": "", "write": "write a key: no permission", "read": "read the key: no", "delete": "delete the key: no", "forget": "is not there when it is read"} {
		m := failing{storetest.NewMemory(), fails}
		_, err := probeStore(t.Context(), m)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", fails, err, want)
		}
		if left := m.Entries(); fails == "" && len(left) > 0 {
			t.Errorf("%d keys are left", len(left))
		}
	}
}

func TestProbeFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(folder, want string) {
		t.Helper()
		got, err := probeFolder(filepath.Join(dir, folder))
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", folder, got, want)
		}
	}
	f(".", "can be written")
	f("a/b", "can be made")
	f("file", "is no folder")
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%d files, %v", len(left), err)
	}
}

// guarded is a target that answers as it is told.
type guarded struct {
	act.Target
	read, change error
}

func (g guarded) Read(context.Context, string) (foreshock.Resource, error) {
	return foreshock.Resource{}, g.read
}

func (g guarded) MayChange(context.Context, string) error { return g.change }

func TestProbeTarget(t *testing.T) {
	f := func(g guarded, changes bool, want string) {
		t.Helper()
		got, err := probeTarget(t.Context(), g, "r", changes)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(guarded{}, true, "; may be changed")
	f(guarded{change: errors.New("may not")}, true, "may not")
	f(guarded{change: errors.New("may not")}, false, "observed only")
	f(guarded{read: act.ErrNotFound}, true, "correct resource of the policy")
	f(guarded{read: act.ErrDenied}, true, "give the right to read it")
}

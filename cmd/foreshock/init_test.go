package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/discover"
)

// Whatever is found, the configuration written for it has no faults and acts on nothing.
func TestInitPassesCheck(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c}}], clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]}`
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	parts := []func(*discover.Found){
		func(f *discover.Found) { f.Disks, f.EBPF, f.AWS = []string{"sda"}, true, true },
		func(f *discover.Found) {
			f.Groups = []discover.Group{{Path: "system.slice/db.service", Device: "8:0", IOPS: 500}, {Path: `a b/$x: "y"`, Device: "8:0", Throughput: 1e6}}
		},
		func(f *discover.Found) { f.Libvirt = "/run/libvirt/libvirt-sock" },
		func(f *discover.Found) { f.Kubeconfig = kubeconfig },
		func(f *discover.Found) { f.Redis, f.Memcached = "127.0.0.1:6379", "127.0.0.1:11211" },
		func(f *discover.Found) { f.Prometheus, f.Presets = "http://127.0.0.1:9090", []string{"node_exporter"} },
	}
	for set := range 1 << len(parts) {
		var found discover.Found
		for i, add := range parts {
			if set&(1<<i) != 0 {
				add(&found)
			}
		}
		text := found.Configuration()
		c, err := config.Parse("f.yaml", []byte(text))
		if err == nil {
			err = app.Check(c)
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		if c.Mode != foreshock.Observe {
			t.Errorf("mode %s may act", c.Mode)
		}
		// What it shows as comments holds as well.
		if c, err = config.Parse("f.yaml", []byte(shown(text))); err == nil {
			err = app.Check(c)
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, shown(text))
		}
	}
}

// shown is a configuration with the blocks and sources that it has as comments, but for the stores, of which there is one.
func shown(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		inner := strings.TrimLeft(line, " ")
		switch {
		case strings.HasPrefix(line, "#   ") || strings.HasPrefix(line, "# targets") || strings.HasPrefix(line, "# policies"):
			line = line[2:]
		case strings.HasPrefix(inner, "# - "):
			line = strings.Replace(line, "# - ", "- ", 1)
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestInitKeepsWhatIsThere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.yaml")
	f := func(want int, args ...string) {
		t.Helper()
		if got := run(append([]string{"init", file}, args...)); got != want {
			t.Errorf("exit code %d, want %d", got, want)
		}
	}
	f(exitDone)
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	f(exitFailed)
	if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
	f(exitDone, "--force")
	if run([]string{"check", "--offline", file}) != exitDone {
		t.Error("what was written has faults")
	}
	f(exitFailed, "--prometheus", "http://127.0.0.1:1")
}

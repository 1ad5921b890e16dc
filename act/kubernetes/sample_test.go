package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/config"
)

const kubeconfig = `{apiVersion: v1, kind: Config, current-context: production, clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}],
  contexts: [{name: production, context: {cluster: c}}]}`

// load makes a target of a file in which KUBECONFIG stands for one that exists.
func load(t *testing.T, text string) error {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "foreshock.yaml")
	text = strings.ReplaceAll(text, "/etc/foreshock/kubeconfig", filepath.Join(dir, "kubeconfig"))
	for name, content := range map[string]string{"kubeconfig": kubeconfig, "foreshock.yaml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Factory.New(loaded.Targets[0].Block.Decode, act.Env{})
	return err
}

func TestSample(t *testing.T) {
	text, err := os.ReadFile("sample.yaml")
	if err == nil {
		err = load(t, string(text))
	}
	if err != nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	f := func(block, want string) {
		t.Helper()
		if err := load(t, "targets: [{kubernetes: "+block+"}]\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", block, err, want)
		}
	}
	f("{kubeconfig: /no/such/file}", "set kubeconfig")
	f("{kubeconfig: /etc/foreshock/kubeconfig, timeout: 0s}", "timeout must be above 0")
	f("{kubeconfig: /etc/foreshock/kubeconfig, resources: {a: orders}}", `resources: a: "orders" is no place`)
	f("{kubeconfig: /etc/foreshock/kubeconfig, resources: {a: deployments.apps/shop/web/volumes/data}}", "is no place")
	f("{kubeconfig: /etc/foreshock/kubeconfig, drivers: {x: {throughput: bw}}}", "drivers: x: unit must be above 0")
}

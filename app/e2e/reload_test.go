package e2e_test

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const watching = "step: 500ms\nsnapshot: 1s\nsources: [{host: {interval: 500ms}}]\n"

// TestReload checks that a file with faults changes nothing and that a good one does, while samples go on.
func TestReload(t *testing.T) {
	t.Parallel()
	id := "disk/" + machineDisk(t)
	folder := t.TempDir()
	file := config(t, folder, watching)
	p := start(t, "-c", file)
	before := p.waitSteps(id, 5)
	if s := p.status(); !slices.Equal(s.Policies, []string{"watch"}) || s.Reload != "" {
		t.Errorf("at first the policies are %q, the last reload %q", s.Policies, s.Reload)
	}
	hangUp := func(want string) status {
		t.Helper()
		was := p.status().Reload
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		p.until("reloads", func() bool { s := p.status(); return s.Reload != was && strings.HasPrefix(s.Reload, want) })
		return p.status()
	}

	config(t, folder, watching+"policies:\n  - name: new\n    match: ['disk/*']\n    mode: automatic\n    colour: red\n")
	s := hangUp("failed")
	if said := command(t, "status", "--server", p.url).stdout; !strings.Contains(said, s.Reload) {
		t.Errorf("foreshock status does not say %q:\n%s", s.Reload, said)
	}
	if !slices.Equal(s.Policies, []string{"watch"}) {
		t.Errorf("a file with faults brought the policies %q", s.Policies)
	}
	for _, want := range []string{"foreshock.yaml:9", "foreshock.yaml:10", "automatic", "colour"} {
		if !strings.Contains(s.Reload, want) || !strings.Contains(p.out.String(), want) {
			t.Errorf("neither the state %q nor the log says %q", s.Reload, want)
		}
	}
	if answer := command(t, "reload", "--server", p.url); answer.code != 5 || !strings.Contains(answer.stderr, "foreshock.yaml:9") {
		t.Errorf("foreshock reload: exit %d: %s%s", answer.code, answer.stdout, answer.stderr)
	}
	before = p.waitSteps(id, before.Steps+2)

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	hangUp("failed")
	before = p.waitSteps(id, before.Steps+2)

	config(t, folder, watching+"policies:\n  - name: new\n    match: ['disk/*']\n")
	if s = hangUp("succeeded"); !slices.Equal(s.Policies, []string{"new"}) {
		t.Errorf("a good file brought the policies %q", s.Policies)
	}
	after := p.waitSteps(id, before.Steps)
	if after.Policy != "new" {
		t.Errorf("%s is under the policy %q", id, after.Policy)
	}
	if answer := command(t, "reload", "--server", p.url); answer.code != 0 || strings.TrimSpace(answer.stdout) != "reloaded" {
		t.Errorf("foreshock reload: exit %d: %s%s", answer.code, answer.stdout, answer.stderr)
	}
	p.waitSteps(id, after.Steps+5)
	p.stop()
}

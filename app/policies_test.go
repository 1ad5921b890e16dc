package app

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/kube/policies"
)

// taken are the parts of a configuration with these policies of a cluster: name and spec by turns.
func taken(t *testing.T, text string, pairs ...string) *parts {
	t.Helper()
	c, err := config.Parse("foreshock.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := build(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var objects []policies.Object
	for i := 0; i < len(pairs); i += 2 {
		objects = append(objects, policies.Object{Name: pairs[i], Spec: []byte(pairs[i+1])})
	}
	p.takeObjects(c, objects)
	return p
}

func names(p *parts) (list []string) {
	for i := range p.policies {
		list = append(list, p.policies[i].Name)
	}
	return list
}

// Those of the file come first, then those of the cluster that are not faulty, then the one that watches everything, where the file has none.
func TestObjectsAmongPolicies(t *testing.T) {
	f := func(text, want string, pairs ...string) {
		t.Helper()
		if got := strings.Join(names(taken(t, text, pairs...)), " "); got != want {
			t.Errorf("%s%q: policies %s, want %s", text, pairs, got, want)
		}
	}
	const file = "targets: [{name: dry, dryrun: {}}]\npolicies: [{name: own, match: [a]}]\n"
	f("mode: auto\n", "watch")
	f("mode: auto\n", "one two watch", "one", `{"match":["a"]}`, "two", `{}`)
	f(file, "own one", "one", `{"match":["a"]}`)
	f(file, "own two", "own", `{"match":["**"]}`, "two", `null`)
	f(file, "own two", "one", `{"cooldown":"soon"}`, "two", `{"cooldown":"1h","quantile":"0.9","bounds":{"iops":{"max":"16k"}}}`)
	f("mode: auto\n", "watch", "watch", `{"match":["a"]}`)
}

// Each faulty policy is refused with all of its faults; the others are as in the file, with the mode of the program as the most.
func TestVerdicts(t *testing.T) {
	t.Setenv("SECRET", "hunter2")
	p := taken(t, "mode: approve\ntargets: [{name: dry, dryrun: {}}]\n",
		"act", `{"match":["vol/*"],"mode":"auto","target":"dry","resource":"r-${env:SECRET}"}`,
		"far", `{"match":["vol/*"],"mode":"auto","target":"cluster","headroom":-1}`,
		"odd", `{"colour":"red","cooldown":5,"mode":"automatic","above":2}`,
		"good", `{"name":"liar","match":["vol/*"],"mode":"auto","target":"dry","cooldown":"90s","bounds":{"iops":{"max":"16k"}}}`,
	)
	f := func(i int, want ...string) {
		t.Helper()
		if got := p.verdicts[i].faults; !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("%s: %q, want %q", p.objects[i].Name, got, want)
		}
	}
	f(0, "resource has ${env:SECRET}; there is: ${id}, ${name}")
	f(1, "headroom is -1", `no target is called "cluster"; there is: dry`)
	f(2, "spec.colour: unknown setting", `spec.cooldown: "5" is not a duration`, "spec.mode: no mode is called", "above is 2")
	f(3)
	if got := p.policies[0]; got.Name != "good" || got.Mode != foreshock.Approve || got.Cooldown != 90*time.Second || got.Bounds[foreshock.DimIOPS].Max != 16000 {
		t.Errorf("%+v", got)
	}
}

func TestPoliciesFrom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}], contexts: [{name: c, context: {cluster: c}}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(block, want string) {
		t.Helper()
		c, err := config.Parse("foreshock.yaml", fmt.Appendf(nil, "policies_from: "+block, file))
		if err == nil {
			err = Check(c)
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", block, err, want)
		}
	}
	f(`{kubernetes: {kubeconfig: %s}}`, "")
	f(`{kubernetes: {kubeconfig: %s, report: 1ms}}`, "policies_from.kubernetes: report must be at least 1s")
	f(`{kubernetes: {kubeconfig: %s, every: 1s}}`, "unknown setting")
	f(`{etcd: {file: %s}}`, `policies cannot come from "etcd"; there is: kubernetes`)
}

// What is told of actions is bounded, and told once; the last decision is the last that was more than to do nothing.
func TestDeeds(t *testing.T) {
	var d deeds
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	decide := func(kind foreshock.Kind, id foreshock.ID) {
		d.decided(&foreshock.Event{Time: at, Decision: &foreshock.Decision{Policy: "p", Kind: kind, Workload: id}})
	}
	decide(foreshock.Grow, "a")
	decide(foreshock.Hold, "b")
	decide(foreshock.Nothing, "c")
	if last := d.last("p"); last == nil || last.Workload != "b" || last.Kind != "hold" {
		t.Errorf("%+v", last)
	}
	if d.last("q") != nil {
		t.Error("a policy without decisions has a last one")
	}
	act := func(state foreshock.ActionState) {
		a := foreshock.Action{ID: "1", Policy: "p", Workload: "a", Resource: "r"}
		a.To.Set(foreshock.DimReplicas, 3)
		d.acted(&foreshock.Event{Time: at, Change: &foreshock.ActionChange{Action: a, State: state, Note: "so it is"}})
	}
	for _, state := range []foreshock.ActionState{foreshock.Proposed, foreshock.Called, foreshock.Failed} {
		act(state)
	}
	told := d.drain()["p"]
	want := policies.Event{Reason: "Failed", Warning: true, Time: at, Text: "failed: grow of r to replicas=3, for a (action 1): so it is"}
	if len(told) != 2 || told[0].Reason != "Proposed" || told[1] != want {
		t.Errorf("%+v", told)
	}
	for range 2 * mostWaiting {
		act(foreshock.Done)
	}
	if n := len(d.drain()["p"]); n != mostWaiting || d.drain() != nil {
		t.Errorf("%d events wait", n)
	}
}

// Faults stand at the setting that is to be mended. One that rests on what could not be read is not told, whatever words its message has; all others are.
func TestFaultsOfPolicies(t *testing.T) {
	f := func(policy string, want ...string) {
		t.Helper()
		c, err := config.Parse("f.yaml", []byte("policies:\n- name: p\n"+policy))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(fmt.Sprint(Check(c)), "\n"); !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("%s\n got %q\nwant %q", policy, got, want)
		}
	}
	f("  reduce: {cooldown: soon}\n  cooldown: -1s", `f.yaml:3:22: policies[0].reduce.cooldown: "soon" is not`, "f.yaml:4:13: policies[0]: cooldown is -1s")
	f("  bounds: {iops: {max: x}, size: {min: 2, max: 1}}", `f.yaml:3:24: policies[0].bounds.iops.max: "x"`, "f.yaml:3:48: policies[0]: bounds.size.max 1 is below min 2")
	f("  bounds: {iops: {min: x, max: -1}}", `f.yaml:3:24: policies[0].bounds.iops.min: "x"`, "f.yaml:3:32: policies[0]: bounds.iops.max is -1")
	f("  bounds: {iops: {min: x, max: 1}}\n  limits: {spend: 5}", `f.yaml:3:24: policies[0].bounds.iops.min: "x"`, "f.yaml:4:19: policies[0]: limits.spend binds nothing in iops")
	f("  bounds: {iops: {price: x}}\n  limits: {spend: 5}", `f.yaml:3:26: policies[0].bounds.iops.price: "x"`)
	f("  bounds: [iops]\n  calendar: [{name: c, dates: [12-24], min: {iops: 5}}]", "f.yaml:3:11: policies[0].bounds: expected settings")
	f("  windows: [{name: w, inside: some}, {name: v}]", `f.yaml:3:31: policies[0].windows[0].inside: "some"`, "f.yaml:3:38: policies[0]: windows[1] changes nothing")
	f("  mode: auto\n  match: [a]", "f.yaml:3:9: policies[0]: mode auto needs a target")
	f("  mode: auto\n  match: [a]\n  target: {}", "f.yaml:5:11: policies[0].target: expected one value")
	f("  mode: auto\n  match: [a]\n  target: t", `f.yaml:5:11: policies[0]: no target is called "t"`)
	f("  forecast: false\n- name: p", "f.yaml:4:9: policies[1]: another policy is called p already; give one of them another name")
}

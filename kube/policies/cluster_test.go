package policies

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/foreshock-io/foreshock/kube"
	"github.com/foreshock-io/foreshock/kube/kubetest"
)

func TestMain(m *testing.M) { kubetest.Main(m) }

const (
	resource = Resource + "." + Group
	guide    = "../../deploy/kubernetes/README.md"
	binding  = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: foreshock-policies}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: foreshock-policies}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: foreshock}]
`
)

// block is the one of the guide that begins with a line.
func block(t *testing.T, first string) string {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "```yaml\n"+first)
	if !found {
		t.Fatalf("%s shows no %s", guide, first)
	}
	body, _, _ := strings.Cut(after, "```")
	return first + body
}

// defined is a cluster that knows the kind.
func defined(t *testing.T) *kubetest.Hands {
	t.Helper()
	h := kubetest.NewHands(t, kubetest.Shared(t))
	text, err := os.ReadFile("../../deploy/kubernetes/scalingpolicy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	h.Define(resource, string(text))
	return h
}

func source(t *testing.T, h *kubetest.Hands, token, selector string) *Source {
	t.Helper()
	cfg := Defaults()
	cfg.Kubeconfig, cfg.Selector = h.Server.Kubeconfig(t, "", token), selector
	s, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The API server refuses what it can know to be wrong, and takes what the guide shows.
func TestSchema(t *testing.T) {
	h := defined(t)
	h.Create(resource, block(t, "apiVersion: foreshock.io"))
	f := func(spec, want string) {
		t.Helper()
		o := &unstructured.Unstructured{}
		data, err := yaml.YAMLToJSON([]byte("{apiVersion: foreshock.io/v1alpha1, kind: ScalingPolicy, metadata: {name: wrong}, spec: " + spec + "}"))
		if err == nil {
			err = o.UnmarshalJSON(data)
		}
		if err != nil {
			t.Fatal(err)
		}
		options := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
		_, err = h.Resource(kind).Create(t.Context(), o, options)
		if got := errorText(err); !strings.Contains(got, want) || (want == "") != (err == nil) {
			t.Errorf("%s: %q, want %q", spec, got, want)
		}
	}
	f(`{match: ["vol/*"], cooldown: 90s, headroom: 25%, quantile: "0.9", bounds: {throughput: {max: 180MiB/s, quantum: 1}, size: {min: 1, max: 0}}}`, "")
	f(`{windows: [{name: night, days: [mon], from: "22:00", to: "6:00", zone: Europe/Berlin, outside: emergencies}]}`, "")
	f(`{calendar: [{name: sale, dates: [12-24, 15, month-end], lasts: 3d, factor: "1.5", min: {replicas: 4}}]}`, "")
	f(`{mode: auto, match: ["vol/*"]}`, "mode approve or auto needs a target")
	f(`{mode: approve, target: cluster}`, "mode approve or auto without match would act on nothing")
	f(`{mode: automatic}`, `Unsupported value: "automatic"`)
	f(`{bounds: {iops: {min: 5, max: 4}}}`, "max is below min")
	f(`{bounds: {speed: {min: 5}}}`, `unknown field "spec.bounds.speed"`)
	f(`{objective: {unit_hour: 1}}`, "unit_hour, late_second and utilisation belong together")
	f(`{cooldown: soon}`, "spec.cooldown")
	f(`{headroom: much}`, "spec.headroom")
	f(`{headroom: 0.25}`, "spec.headroom")
	f(`{colour: red}`, `unknown field "spec.colour"`)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A source with the rights that the guide names sees policies come, change and go, and nothing else; it writes their status and tells of them.
func TestFollowAndReport(t *testing.T) {
	h := defined(t)
	least := source(t, h, kubetest.Least, "test=follow")
	if _, err := least.List(t.Context()); kube.FaultOf(err) != kube.Forbidden {
		t.Fatalf("without rights: %v", err)
	}
	h.Create("clusterroles.rbac.authorization.k8s.io", block(t, "apiVersion: rbac"))
	h.Create("clusterrolebindings.rbac.authorization.k8s.io", binding)
	h.Until(func() bool { _, err := least.List(t.Context()); return err == nil })

	ctx, stop := context.WithCancel(t.Context())
	seen, ended := make(chan []Object), make(chan struct{})
	least.pause = 10 * time.Millisecond
	go func() {
		defer close(ended)
		refused := false
		least.Follow(ctx, func(list []Object) error {
			if !refused { // it is told again
				refused = true
				return errors.New("not now")
			}
			select {
			case seen <- list:
			case <-ctx.Done():
			}
			return nil
		})
	}()
	var last []Object
	until := func(want string) {
		t.Helper()
		for {
			var names []string
			last = <-seen
			for _, o := range last {
				names = append(names, o.Name+" "+string(o.Spec))
			}
			if strings.Join(names, ", ") == want {
				return
			}
		}
	}
	create := func(name, labels string) {
		t.Helper()
		h.Create(resource, "{apiVersion: foreshock.io/v1alpha1, kind: ScalingPolicy, metadata: {name: "+name+", labels: {test: "+labels+"}}, spec: {target: a}}")
	}
	until("")
	create("second", "follow")
	until(`second {"target":"a"}`)
	create("other", "another")
	create("first", "follow")
	until(`first {"target":"a"}, second {"target":"a"}`)
	h.Patch(resource, "second", "kubectl", map[string]any{"spec": map[string]any{"target": "b"}})
	until(`first {"target":"a"}, second {"target":"b"}`)

	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	o := &last[1]
	report := Report{Mode: "auto", Workloads: 3, Last: &Decision{Time: at, Workload: "vol/a", Kind: "grow", Text: "more"}}
	write := func(now time.Time) {
		t.Helper()
		if err := least.Write(t.Context(), o, &report, now); err != nil {
			t.Fatal(err)
		}
	}
	write(at)
	written := h.Get(resource, "second").GetResourceVersion()
	write(at.Add(time.Minute)) // nothing is new
	if again := h.Get(resource, "second"); again.GetResourceVersion() != written {
		t.Error("a status that is the same was written again")
	}
	report = Report{Faults: []string{"spec.target: no target is called \"b\""}}
	write(at.Add(time.Hour))
	status := h.Get(resource, "second").Object["status"].(map[string]any)
	accepted, matching := condition(status, Accepted), condition(status, Matching)
	if accepted["status"] != "False" || accepted["message"] != report.Faults[0] || accepted["lastTransitionTime"] != "2026-03-04T06:06:07Z" || matching["reason"] != "Refused" {
		t.Errorf("%v", status)
	}
	if d, _ := status["lastDecision"].(map[string]any); d["text"] != "more" || d["time"] != "2026-03-04T05:06:07Z" {
		t.Errorf("last decision %v", d)
	}
	if err := least.Tell(t.Context(), o, Event{Reason: "Failed", Text: "the driver says no", Warning: true, Time: at}); err != nil {
		t.Fatal(err)
	}
	list, err := h.List(t.Context(), eventKind, home, "")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for i := range list {
		if kube.Text(&list[i], "involvedObject", "name") == "second" {
			told = append(told, kube.Text(&list[i], "type")+" "+kube.Text(&list[i], "reason"))
		}
	}
	if got := strings.Join(told, ", "); !strings.Contains(got, "Normal Valid") || !strings.Contains(got, "Warning Invalid") || !strings.Contains(got, "Warning Failed") || len(told) != 3 {
		t.Errorf("events %s", got)
	}

	if err := h.Resource(kind).Delete(t.Context(), "first", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	until(`second {"target":"b"}`)
	stop()
	<-ended
	gone := Object{Name: "first"}
	if err := least.Write(t.Context(), &gone, &Report{Mode: "auto"}, at); err != nil {
		t.Errorf("the status of one that is gone: %v", err)
	}
}

package e2e_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/foreshock-io/foreshock/kube/kubetest"
)

const clusterConfig = `
mode: auto
step: 100ms
log: {level: warn}
sources:
  - remotewrite: {rules: ` + volumeRules + `, step: 100ms, lateness: 20ms}
profile: {trusted_steps: 20}
detect: {severity: {medium_steps: 1, high_steps: 1}}
targets:
  - name: cluster
    kubernetes: {kubeconfig: "KUBECONFIG"}
executor: {settle: 10s, follow_every: 20ms, follow_at_most: 50ms}
policies:
  - name: services
    match: ["vol/*"]
    mode: auto
    target: cluster
    resource: statefulsets.apps/NAMESPACE/orders
    bounds: {replicas: {max: 4, step: 50%}}
    lead_time: 100ms
    cooldown: 100ms
`

const ordersSet = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: orders, namespace: NAMESPACE}
spec:
  replicas: 2
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec: {containers: [{name: main, image: none}]}
`

// TestReplicasInCluster is a service on a real API server from its samples to the verdict: two replicas are not enough for the load, and become
// more, by the action's own field manager. The test plays the StatefulSet's controller, a while behind.
func TestReplicasInCluster(t *testing.T) {
	t.Parallel()
	server := kubetest.Start(t)
	h := kubetest.NewHands(t, server)
	const kind = "statefulsets.apps"
	h.Create(kind, ordersSet)
	// runs lets as many replicas run as are asked for, and says how many do.
	runs := func() float64 {
		o := h.Get(kind, "orders")
		ready, _, _ := unstructured.NestedInt64(o.Object, "status", "readyReplicas")
		if want, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas"); want != ready {
			h.Status(kind, "orders", map[string]any{"observedGeneration": o.GetGeneration(), "replicas": want, "readyReplicas": want})
		}
		return float64(ready)
	}
	runs()
	text := strings.NewReplacer("NAMESPACE", h.Namespace, "KUBECONFIG", server.Kubeconfig(t, "", kubetest.Admin)).Replace(clusterConfig)
	p := startCommand(t, exec.Command(binary(t), "run", "-c", config(t, t.TempDir(), text)))

	// reading is what the service shows under a load: one replica serves 100 requests a second.
	reading := func(load, replicas float64, at time.Time) []sample {
		served, latency := load, 0.001
		if load > 100*replicas {
			served, latency = 100*replicas, 0.1
		}
		return []sample{
			{"orders", "vol_iops", at, served}, {"orders", "vol_latency_seconds", at, latency}, {"orders", "vol_queue_depth", at, served * latency},
		}
	}
	p.sendPast(func(n int, at time.Time) []sample { return reading(100+float64(n%5), 2, at) })
	p.drive("judges the change", func(at time.Time) []sample { return reading(250, runs(), at) }, func() bool { return len(p.events("evaluation")) > 0 })

	var states []string
	for _, e := range p.events("action") {
		states = append(states, e.Change.State)
	}
	if got := strings.Join(states, " "); !strings.HasSuffix(got, "called answered observed done") || strings.Count(got, "called") != 1 {
		t.Errorf("states %s", got)
	}
	if verdict := p.events("evaluation")[0].Evaluation; verdict.Verdict != "helped" || verdict.Workload != "vol/orders" {
		t.Errorf("%+v", verdict)
	}
	o := h.Get(kind, "orders")
	if n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas"); n < 3 || n > 4 {
		t.Errorf("%d replicas", n)
	}
	if !scaledBy(o, "foreshock-"+p.events("action")[0].Change.Action.ID) {
		t.Errorf("the action's field manager is not there: %v", o.GetManagedFields())
	}
	p.stop()
}

// scaledBy says whether a field manager has written through the scale subresource.
func scaledBy(o *unstructured.Unstructured, manager string) bool {
	return slices.ContainsFunc(o.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool {
		return f.Manager == manager && f.Subresource == "scale"
	})
}

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

// clusterConfig is a program that may do anything to a cluster; what, its policies say.
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
`

const servicesPolicy = `
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

const (
	sets      = "statefulsets.apps"
	ordersSet = `
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
)

// inCluster is a program, and the cluster in which it acts. The test plays its controllers, a while behind.
type inCluster struct {
	*program
	*kubetest.Hands
}

// newCluster starts an API server; prepare makes what is there before the program begins, which has the rest of its configuration from lines.
func newCluster(t *testing.T, lines string, prepare func(*kubetest.Hands)) *inCluster {
	t.Helper()
	server := kubetest.Start(t)
	h := kubetest.NewHands(t, server)
	prepare(h)
	text := strings.NewReplacer("NAMESPACE", h.Namespace, "KUBECONFIG", server.Kubeconfig(t, "", kubetest.Admin)).Replace(clusterConfig + lines)
	p := startCommand(t, exec.Command(binary(t), "run", "-c", config(t, t.TempDir(), text)))
	return &inCluster{program: p, Hands: h}
}

// reading is what orders shows under a load, of which so much can be served.
func reading(load, capacity float64, at time.Time) []sample {
	served, latency := load, 0.001
	if load > capacity {
		served, latency = capacity, 0.1
	}
	return []sample{
		{"orders", "vol_iops", at, served}, {"orders", "vol_latency_seconds", at, latency}, {"orders", "vol_queue_depth", at, served * latency},
	}
}

// learns sends what was usual: half of what can be served.
func (c *inCluster) learns(capacity float64) {
	c.t.Helper()
	c.sendPast(func(n int, at time.Time) []sample { return reading(capacity*(0.5+0.01*float64(n%5)), capacity, at) })
}

// under sends a load, of which the cluster can serve what capacity says, until something is so.
func (c *inCluster) under(load float64, capacity func() float64, what string, is func() bool) {
	c.t.Helper()
	c.drive(what, func(at time.Time) []sample { return reading(load, capacity(), at) }, is)
}

// judged says whether a change was.
func (c *inCluster) judged() bool { return len(c.events("evaluation")) > 0 }

// runs lets as many replicas run as are asked for, and gives the requests a second that those served which ran before: 100 each.
func (c *inCluster) runs() float64 {
	c.t.Helper()
	return 100 * catchUp(c.Hands)
}

func catchUp(h *kubetest.Hands) float64 {
	o := h.Get(sets, "orders")
	ready, _, _ := unstructured.NestedInt64(o.Object, "status", "readyReplicas")
	if want, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas"); want != ready {
		h.Status(sets, "orders", map[string]any{"observedGeneration": o.GetGeneration(), "replicas": want, "readyReplicas": want})
	}
	return float64(ready)
}

// states are those of the actions, in their order.
func (c *inCluster) states() string {
	c.t.Helper()
	var states []string
	for _, e := range c.events("action") {
		states = append(states, e.Change.State)
	}
	return strings.Join(states, " ")
}

// TestReplicasInCluster is a service on a real API server from its samples to the verdict: two replicas are not enough for the load, and become
// more, by the action's own field manager.
func TestReplicasInCluster(t *testing.T) {
	t.Parallel()
	c := newCluster(t, servicesPolicy, func(h *kubetest.Hands) {
		h.Create(sets, ordersSet)
		catchUp(h)
	})
	c.learns(200)
	c.under(250, c.runs, "judges the change", c.judged)

	if got := c.states(); !strings.HasSuffix(got, "called answered observed done") || strings.Count(got, "called") != 1 {
		t.Errorf("states %s", got)
	}
	if verdict := c.events("evaluation")[0].Evaluation; verdict.Verdict != "helped" || verdict.Workload != "vol/orders" {
		t.Errorf("%+v", verdict)
	}
	o := c.Get(sets, "orders")
	if n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas"); n < 3 || n > 4 {
		t.Errorf("%d replicas", n)
	}
	if !scaledBy(o, "foreshock-"+c.events("action")[0].Change.Action.ID) {
		t.Errorf("the action's field manager is not there: %v", o.GetManagedFields())
	}
	c.stop()
}

// scaledBy says whether a field manager has written through the scale subresource.
func scaledBy(o *unstructured.Unstructured, manager string) bool {
	return slices.ContainsFunc(o.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool {
		return f.Manager == manager && f.Subresource == "scale"
	})
}

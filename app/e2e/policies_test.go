package e2e_test

import (
	"os"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/foreshock-io/foreshock/kube"
	"github.com/foreshock-io/foreshock/kube/kubetest"
)

const (
	policyObjects = "scalingpolicies.foreshock.io"
	fromCluster   = `
policies_from:
  kubernetes: {kubeconfig: "KUBECONFIG", report: 1s}
`
	ordersPolicy = `
apiVersion: foreshock.io/v1alpha1
kind: ScalingPolicy
metadata: {name: orders}
spec:
  match: ["vol/*"]
  mode: auto
  target: cluster
  resource: statefulsets.apps/NAMESPACE/orders
  bounds: {replicas: {max: 4, step: 50%}}
  lead_time: 100ms
  cooldown: 100ms
`
	faultyPolicy = `
apiVersion: foreshock.io/v1alpha1
kind: ScalingPolicy
metadata: {name: faulty}
spec: {match: ["vol/*"], mode: auto, target: clutser, headroom: -1}
`
)

// accepted gives the status of a policy's condition of that name, with its message.
func accepted(o *unstructured.Unstructured) (is, message string) {
	for _, c := range kube.Objects(o, "status", "conditions") {
		if kube.Text(&c, "type") == "Accepted" {
			return kube.Text(&c, "status"), kube.Text(&c, "message")
		}
	}
	return "", ""
}

// TestPoliciesOfCluster is a service that is scaled by a policy that is an object of a cluster. A faulty one beside it is refused and harms nobody;
// one that is changed is in force as it was changed, and one that is deleted no more.
func TestPoliciesOfCluster(t *testing.T) {
	t.Parallel()
	manifest, err := os.ReadFile("../../deploy/kubernetes/scalingpolicy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := newCluster(t, fromCluster, func(h *kubetest.Hands) {
		h.Define(policyObjects, string(manifest))
		h.Create(policyObjects, faultyPolicy)
		h.Create(sets, ordersSet)
		catchUp(h)
	})
	c.until("refuses what is faulty", func() bool {
		is, message := accepted(c.Get(policyObjects, "faulty"))
		return is == "False" && strings.Contains(message, "headroom is -1") && strings.Contains(message, `no target is called "clutser"; there is: cluster`)
	})
	if got := strings.Join(c.status().Policies, " "); got != "watch" {
		t.Errorf("policies %s", got)
	}
	c.learns(200)
	c.waitSteps("vol/orders", 25)
	c.Create(policyObjects, ordersPolicy) // what was learned stays
	c.under(250, c.runs, "judges the change", c.judged)
	if got := c.states(); !strings.HasSuffix(got, "called answered observed done") || strings.Count(got, "called") != 1 {
		t.Errorf("states %s", got)
	}
	c.until("tells what came of the policy", func() bool {
		o := c.Get(policyObjects, "orders")
		is, _ := accepted(o)
		n, _, _ := unstructured.NestedInt64(o.Object, "status", "workloads")
		return is == "True" && n == 1 && kube.Text(o, "status", "mode") == "auto" && kube.Text(o, "status", "lastDecision", "workload") == "vol/orders"
	})
	c.until("tells of the action", func() bool {
		list, err := c.List(t.Context(), schema.GroupVersionResource{Version: "v1", Resource: "events"}, "default", "")
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			if kube.Text(&list[i], "involvedObject", "name") == "orders" && kube.Text(&list[i], "reason") == "Done" {
				return strings.Contains(kube.Text(&list[i], "message"), c.events("action")[0].Change.Action.ID)
			}
		}
		return false
	})

	c.Patch(policyObjects, "orders", "kubectl", map[string]any{"spec": map[string]any{"mode": "observe"}})
	c.Patch(policyObjects, "faulty", "kubectl", map[string]any{"spec": map[string]any{"headroom": "25%", "target": "cluster"}})
	c.until("takes the changes", func() bool {
		is, _ := accepted(c.Get(policyObjects, "faulty"))
		return is == "True" && kube.Text(c.Get(policyObjects, "orders"), "status", "mode") == "observe"
	})
	if got := strings.Join(c.status().Policies, " "); got != "faulty orders watch" {
		t.Errorf("policies %s", got)
	}
	for _, name := range []string{"orders", "faulty"} {
		kind, err := c.Kind(policyObjects)
		if err == nil {
			err = c.Resource(kind.Resource).Delete(t.Context(), name, metav1.DeleteOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c.until("forgets what is gone", func() bool { return strings.Join(c.status().Policies, " ") == "watch" })
	c.stop()
}

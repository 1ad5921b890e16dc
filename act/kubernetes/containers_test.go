package kubernetes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/kube"
	"github.com/foreshock-io/foreshock/kube/kubetest"
)

const podText = `
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: NAMESPACE, labels: {app: orders}, annotations: {note: kept}}
spec:
  containers:
    - {name: side, image: none, resources: {requests: {cpu: 100m, memory: 64Mi}}}
    - name: main
      image: none
      resources: {requests: {cpu: "1", memory: 1Gi}, limits: {cpu: "2", memory: 1Gi}}
      resizePolicy: [POLICY]
`

func processors(vcpu, gibs float64) foreshock.Allocation {
	return amounts(map[foreshock.Dimension]float64{foreshock.DimVCPU: vcpu, foreshock.DimMemory: gibs * gib})
}

// running makes a pod that runs with what it asks for.
func running(h *kubetest.Hands, name, policy string) {
	h.Create("pods", strings.NewReplacer("NAME,", name+",", "POLICY", policy).Replace(podText))
	granted(h, name)
}

// granted is what the kubelet does for a pod.
func granted(h *kubetest.Hands, name string) {
	spec := kube.Container(h.Get("pods", name), "main", "spec", "containers")
	h.Status("pods", name, map[string]any{"phase": "Running", "conditions": nil, "containerStatuses": []any{map[string]any{
		"name": "main", "image": "none", "imageID": "none", "ready": true, "restartCount": 0,
		"state": map[string]any{"running": map[string]any{"startedAt": "2026-01-01T00:00:00Z"}}, "resources": spec.Object["resources"],
	}}})
}

func TestContainer(t *testing.T) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		h := kubetest.NewHands(t, kubetest.Shared(t))
		running(h, "orders-0", "")
		p := newProxy(t, h.Server)
		p.controller = func(acttest.Mood) { granted(h, "orders-0") }
		return acttest.Subject{
			Target: connect(t, h, p), Resource: "pods/" + h.Namespace + "/orders-0/containers/main", Missing: "pods/" + h.Namespace + "/orders-0/containers/none",
			To: processors(3, 2), Calls: p.count, Others: others(h, "pods", "orders-0", "containers"),
			Fault: func(m acttest.Mood) bool { p.setMood(m); return m != acttest.FailingLater },
		}
	})
}

// Every running pod of a workload is resized; the request is kept below the limit where it was, and the other container as it is.
func TestContainersOfWorkload(t *testing.T) {
	h := kubetest.NewHands(t, kubetest.Shared(t))
	h.Create("statefulsets.apps", strings.Replace(workload, "KIND", "StatefulSet", 1))
	for i := range 2 {
		running(h, fmt.Sprintf("orders-%d", i), "")
	}
	p := newProxy(t, h.Server)
	target := connect(t, h, p)
	action := foreshock.Action{ID: "a", Resource: "statefulsets.apps/" + h.Namespace + "/orders/containers/main", From: processors(2, 1), To: processors(2.5, 1.5)}
	for range 2 {
		if err := target.Apply(t.Context(), action); err != nil || p.count() != 2 {
			t.Fatalf("%v, %d calls", err, p.count())
		}
	}
	pod := h.Get("pods", "orders-1")
	got := fmt.Sprint(kube.Container(pod, "main", "spec", "containers").Object["resources"], kube.Container(pod, "side", "spec", "containers").Object["resources"])
	if want := "map[limits:map[cpu:2500m memory:1536Mi] requests:map[cpu:1 memory:1536Mi]] map[requests:map[cpu:100m memory:64Mi]]"; got != want {
		t.Errorf("resources\n%s, want\n%s", got, want)
	}
	f := func(done, underWay, failed bool, note string) {
		t.Helper()
		p, err := target.Follow(t.Context(), action)
		if err != nil || p.Done != done || p.UnderWay != underWay || p.Failed != failed || !strings.Contains(p.Note, note) {
			t.Errorf("%+v, %v", p, err)
		}
	}
	pending := func(reason string) {
		h.Status("pods", "orders-1", map[string]any{"conditions": []any{map[string]any{
			"type": "PodResizePending", "status": "True", "reason": reason, "message": "node has 2 CPUs",
		}}})
	}
	f(false, true, false, "")
	granted(h, "orders-0")
	pending("Deferred")
	f(false, true, false, "orders-1: PodResizePending (Deferred): node has 2 CPUs")
	pending("Infeasible")
	f(false, false, true, "(Infeasible)")
	spec := kube.Container(h.Get("pods", "orders-1"), "main", "spec", "containers")
	if got := fmt.Sprint(spec.Object["resources"]); got != "map[limits:map[cpu:2 memory:1Gi] requests:map[cpu:1 memory:1Gi]]" {
		t.Errorf("it was not taken back: %s", got)
	}
}

// What would restart a container is not offered.
func TestRestart(t *testing.T) {
	h := kubetest.NewHands(t, kubetest.Shared(t))
	running(h, "orders-0", "{resourceName: memory, restartPolicy: RestartContainer}")
	r, err := connect(t, h, newProxy(t, h.Server)).Read(t.Context(), "pods/"+h.Namespace+"/orders-0/containers/main")
	if _, cpu := r.Rules[foreshock.DimVCPU]; err != nil || !cpu || len(r.Rules) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

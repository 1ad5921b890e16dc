package kubernetes

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/kube"
	"github.com/foreshock-io/foreshock/kube/kubetest"
)

func TestMain(m *testing.M) { kubetest.Main(m) }

const workload = `
apiVersion: apps/v1
kind: KIND
metadata: {name: orders, namespace: NAMESPACE, annotations: {note: kept}}
spec:
  replicas: 2
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec: {containers: [{name: main, image: none}]}
`

const ring = `
apiVersion: example.com/v1
kind: Ring
metadata: {name: orders, namespace: NAMESPACE, annotations: {note: kept}}
spec: {nodes: 2, color: green}
`

const ringDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rings.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: rings, singular: ring, kind: Ring}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
      subresources: {status: {}, scale: {specReplicasPath: .spec.nodes, statusReplicasPath: .status.nodes}}
`

func amounts(pairs map[foreshock.Dimension]float64) (a foreshock.Allocation) {
	for d, x := range pairs {
		a.Set(d, x)
	}
	return a
}

func replicas(n float64) foreshock.Allocation {
	return amounts(map[foreshock.Dimension]float64{foreshock.DimReplicas: n})
}

// connect gives the target, as it reaches the server through a proxy.
func connect(t *testing.T, h *kubetest.Hands, p *proxy) act.Target {
	t.Helper()
	cfg := Config{Config: kube.Defaults()}
	cfg.Kubeconfig = h.Server.Kubeconfig(t, p.url, kubetest.Admin)
	target, err := New(cfg, act.Env{Name: "cluster"})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// others is all of an object but what a change of it is about.
func others(h *kubetest.Hands, kind, name string, spec ...string) func() string {
	return func() string {
		o := h.Get(kind, name).Object
		delete(o, "status")
		meta := o["metadata"].(map[string]any)
		for _, field := range []string{"managedFields", "resourceVersion", "generation"} {
			delete(meta, field)
		}
		if notes, is := meta["annotations"].(map[string]any); is {
			delete(notes, annotation)
		}
		fields := o["spec"].(map[string]any)
		for _, field := range spec {
			delete(fields, field)
		}
		text, _ := json.Marshal(o)
		return string(text)
	}
}

// scalable makes a subject of an object whose replicas are changed; settle plays its controller.
func scalable(t *testing.T, kind, text, field string, settle func(h *kubetest.Hands)) acttest.Subject {
	h := kubetest.NewHands(t, kubetest.Shared(t))
	if strings.HasPrefix(kind, "rings") {
		h.Define(kind, ringDefinition)
	}
	h.Create(kind, text)
	settle(h)
	p := newProxy(t, h.Server)
	p.controller = func(acttest.Mood) { settle(h) }
	return acttest.Subject{
		Target: connect(t, h, p), Resource: kind + "/" + h.Namespace + "/orders", Missing: kind + "/" + h.Namespace + "/nobody",
		To: replicas(3), Calls: p.count, Others: others(h, kind, "orders", field),
		Fault: func(m acttest.Mood) bool { p.setMood(m); return m != acttest.FailingLater },
	}
}

// settled says that the controller of a workload has done what is asked for.
func settled(kind string) func(h *kubetest.Hands) {
	return func(h *kubetest.Hands) {
		o := h.Get(kind, "orders")
		n := number(o, "spec", "replicas")
		h.Status(kind, "orders", map[string]any{"observedGeneration": o.GetGeneration(), "replicas": n, "readyReplicas": n})
	}
}

func TestDeployment(t *testing.T) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		return scalable(t, "deployments.apps", strings.Replace(workload, "KIND", "Deployment", 1), "replicas", settled("deployments.apps"))
	})
}

func TestStatefulSet(t *testing.T) {
	s := scalable(t, "statefulsets.apps", strings.Replace(workload, "KIND", "StatefulSet", 1), "replicas", settled("statefulsets.apps"))
	apply(t, s, replicas(5))
}

func TestCustomResource(t *testing.T) {
	s := scalable(t, "rings.example.com", ring, "nodes", func(h *kubetest.Hands) {
		h.Status("rings.example.com", "orders", map[string]any{"nodes": number(h.Get("rings.example.com", "orders"), "spec", "nodes")})
	})
	apply(t, s, replicas(5))
}

// apply changes a subject, sends the same again, and looks at what there is.
func apply(t *testing.T, s acttest.Subject, to foreshock.Allocation) {
	t.Helper()
	before := s.Others()
	now, err := s.Target.Read(t.Context(), s.Resource)
	if err != nil {
		t.Fatal(err)
	}
	action := foreshock.Action{ID: "once", Resource: s.Resource, From: now.Allocated, To: to}
	for range 2 {
		if err := s.Target.Apply(t.Context(), action); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.Target.Follow(t.Context(), action)
	if err != nil || !p.Done || !p.Observed.Covers(to) {
		t.Errorf("followed: %+v, %v", p, err)
	}
	if s.Calls() != 1 || s.Others() != before {
		t.Errorf("%d calls; other fields from\n%s\nto\n%s", s.Calls(), before, s.Others())
	}
}

// A change is followed until the replicas are ready, and what holds them up is told.
func TestFollowedUntilReady(t *testing.T) {
	h := kubetest.NewHands(t, kubetest.Shared(t))
	kind := "deployments.apps"
	h.Create(kind, strings.Replace(workload, "KIND", "Deployment", 1))
	settled(kind)(h)
	p := newProxy(t, h.Server)
	target := connect(t, h, p)
	action := foreshock.Action{ID: "a", Resource: kind + "/" + h.Namespace + "/orders", From: replicas(2), To: replicas(4)}
	f := func(status map[string]any, done, underWay, busy bool, note string) {
		t.Helper()
		if status != nil {
			h.Status(kind, "orders", status)
		}
		p, err := target.Follow(t.Context(), action)
		if err != nil || p.Done != done || p.UnderWay != underWay || p.Failed || !strings.Contains(p.Note, note) {
			t.Errorf("%+v, %v", p, err)
		}
		if r, err := target.Read(t.Context(), action.Resource); err != nil || r.Busy != busy {
			t.Errorf("%+v, %v", r, err)
		}
	}
	f(nil, false, false, false, "")
	if err := target.Apply(t.Context(), action); err != nil {
		t.Fatal(err)
	}
	generation := h.Get(kind, "orders").GetGeneration()
	f(nil, false, true, true, "")
	f(map[string]any{"observedGeneration": generation, "conditions": []any{
		map[string]any{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: team"},
	}}, false, true, true, "FailedCreate): exceeded quota: team")
	f(map[string]any{"replicas": 4, "readyReplicas": 3, "conditions": nil}, false, true, false, "")
	f(map[string]any{"readyReplicas": 4}, true, false, false, "")
	h.Patch(kind, "orders", "kubectl-edit", map[string]any{"spec": map[string]any{"replicas": 1}})
	f(nil, false, false, true, "") // somebody else has changed it
}

// Errors are told as what they are.
func TestErrors(t *testing.T) {
	s := scalable(t, "deployments.apps", strings.Replace(workload, "KIND", "Deployment", 1), "replicas", settled("deployments.apps"))
	f := func(resource string, want error) {
		t.Helper()
		if _, err := s.Target.Read(t.Context(), resource); !errors.Is(err, want) {
			t.Errorf("read %s: %v, want %v", resource, err, want)
		}
	}
	f("widgets.example.org/x/y", act.ErrNotFound)
	f("configmaps/default/kube-root-ca.crt", act.ErrNotFound)
	f("orders", act.ErrNotFound)
	f("deployments.apps/../orders", act.ErrNotFound)
	action := foreshock.Action{ID: "stale", Resource: s.Resource, From: replicas(7), To: replicas(8)}
	if err := s.Target.Apply(t.Context(), action); !errors.Is(err, act.ErrRefused) || s.Calls() != 0 {
		t.Errorf("made upon something else: %v", err)
	}
}

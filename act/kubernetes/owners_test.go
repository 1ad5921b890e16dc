package kubernetes

import (
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/kube/kubetest"
)

const hpa = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: orders-hpa, namespace: NAMESPACE}
spec: {maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: KIND, name: orders}}
`

// freely is a definition of a kind with any fields.
func freely(group, version, plural, kind string) string {
	return strings.NewReplacer("GROUP", group, "VERSION", version, "PLURAL", plural, "KIND", kind).Replace(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: PLURAL.GROUP, annotations: {api-approved.kubernetes.io: "unapproved, for a test"}}
spec:
  group: GROUP
  scope: Namespaced
  names: {plural: PLURAL, kind: KIND}
  versions:
    - {name: VERSION, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`)
}

const scaledObject = `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: orders-keda, namespace: NAMESPACE}
spec: {scaleTargetRef: {name: orders}}
`

func TestOwners(t *testing.T) {
	kind := "deployments.apps"
	f := func(want string, prepare func(h *kubetest.Hands)) {
		t.Helper()
		h := kubetest.NewHands(t, kubetest.Shared(t))
		h.Create(kind, strings.Replace(workload, "KIND", "Deployment", 1))
		settled(kind)(h)
		prepare(h)
		p := newProxy(t, h.Server)
		target := connect(t, h, p)
		resource := kind + "/" + h.Namespace + "/orders"
		r, err := target.Read(t.Context(), resource)
		if err != nil || r.Owner != want {
			t.Errorf("owner %q, want %q (%v)", r.Owner, want, err)
		}
		err = target.Apply(t.Context(), foreshock.Action{ID: "a", Resource: resource, From: replicas(2), To: replicas(3)})
		if (err == nil) != (want == "") || want != "" && (p.count() != 0 || !strings.Contains(err.Error(), want)) {
			t.Errorf("owner %q: %v after %d calls", want, err, p.count())
		}
	}
	annotate := func(key string) func(h *kubetest.Hands) {
		return func(h *kubetest.Hands) {
			h.Patch(kind, "orders", "kubectl-edit", map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: "shop"}}})
		}
	}
	label := func(key string) func(h *kubetest.Hands) {
		return func(h *kubetest.Hands) {
			h.Patch(kind, "orders", "kubectl-edit", map[string]any{"metadata": map[string]any{"labels": map[string]any{key: "shop"}}})
		}
	}
	sets := func(manager string, n int) func(h *kubetest.Hands) {
		return func(h *kubetest.Hands) {
			h.Patch(kind, "orders", manager, map[string]any{"spec": map[string]any{"replicas": n}})
			h.Patch(kind, "orders", manager, map[string]any{"spec": map[string]any{"replicas": 2}})
			settled(kind)(h)
		}
	}
	f("", func(*kubetest.Hands) {})
	f("", func(h *kubetest.Hands) {
		h.Create("horizontalpodautoscalers.autoscaling", strings.Replace(hpa, "KIND", "StatefulSet", 1))
	})
	f("HorizontalPodAutoscaler orders-hpa", func(h *kubetest.Hands) {
		h.Create("horizontalpodautoscalers.autoscaling", strings.Replace(hpa, "KIND", "Deployment", 1))
	})
	f("KEDA ScaledObject orders-keda", func(h *kubetest.Hands) {
		h.Define("scaledobjects.keda.sh", freely("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject"))
		h.Create("scaledobjects.keda.sh", scaledObject)
	})
	f("Argo CD shop (field manager kubectl-create)", annotate("argocd.argoproj.io/tracking-id"))
	f("Flux Kustomization shop (field manager kubectl-create)", label("kustomize.toolkit.fluxcd.io/name"))
	f("Flux HelmRelease shop (field manager kubectl-create)", label("helm.toolkit.fluxcd.io/name"))
	f("Argo CD (field manager argocd-controller)", sets("argocd-controller", 1))
	f("", func(h *kubetest.Hands) { // it is Argo CD's but for the replicas
		annotate("argocd.argoproj.io/tracking-id")(h)
		sets("foreshock-before", 3)(h)
	})
	f("Cluster orders", func(h *kubetest.Hands) {
		h.Patch(kind, "orders", "operator", map[string]any{"metadata": map[string]any{"ownerReferences": []any{map[string]any{
			"apiVersion": "example.com/v1", "kind": "Cluster", "name": "orders", "uid": "0", "controller": true,
		}}}})
	})
}

package kubernetes

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/kube"
)

// replicas is anything that has a scale subresource.
func (t *target) replicas(ctx context.Context, p kube.Place) (*group, error) {
	kind, err := t.cluster.Kind(p.Kind)
	if err != nil {
		return nil, err
	}
	client := t.cluster.Resource(kind.Resource).Namespace(p.Namespace)
	scale, err := client.Get(ctx, p.Name, metav1.GetOptions{}, "scale")
	if err != nil {
		return nil, err
	}
	object, err := client.Get(ctx, p.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	m := &member{
		gvr: kind.Resource, object: object, version: scale.GetResourceVersion(), through: []string{"scale"},
		rules: map[foreshock.Dimension]foreshock.Rule{foreshock.DimReplicas: {Min: 1, Quantum: 1, Down: true}},
	}
	if m.owner, err = t.ownerOfReplicas(ctx, object, p.Namespace); err != nil {
		return nil, err
	}
	want := number(scale, "spec", "replicas")
	m.has.Set(foreshock.DimReplicas, float64(want))
	m.asked = m.has
	heard := heard(object)
	m.busy = !heard || number(scale, "status", "replicas") != want
	m.ready = !m.busy && readyReplicas(scale, object) == want
	m.note = condition(object, "ReplicaFailure", "True")
	if m.note == "" {
		m.note = condition(object, "Progressing", "False")
	}
	return &group{members: []*member{m}, patch: func(_ *member, to foreshock.Allocation) map[string]any {
		n, _ := to.Get(foreshock.DimReplicas)
		return map[string]any{"spec": map[string]any{"replicas": int64(n)}}
	}}, nil
}

// heard says whether the object's own controller has seen its specification.
func heard(o *unstructured.Unstructured) bool {
	seen, stated, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
	return !stated || seen >= o.GetGeneration()
}

// readyReplicas counts those that are ready, where the object says so; an object of the group apps that says nothing has none.
func readyReplicas(scale, o *unstructured.Unstructured) int64 {
	ready, stated, _ := unstructured.NestedInt64(o.Object, "status", "readyReplicas")
	if stated || o.GroupVersionKind().Group == "apps" {
		return ready
	}
	return number(scale, "status", "replicas")
}

func number(o *unstructured.Unstructured, path ...string) int64 {
	n, _, _ := unstructured.NestedInt64(o.Object, path...)
	return n
}

// condition gives the reason and message of a condition that has a status, or "".
func condition(o *unstructured.Unstructured, kind, status string) string {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range list {
		fields, _ := c.(map[string]any)
		if fields["type"] != kind || fields["status"] != status {
			continue
		}
		reason, _ := fields["reason"].(string)
		message, _ := fields["message"].(string)
		return foreshock.OneLine(kind + " (" + reason + "): " + message)
	}
	return ""
}

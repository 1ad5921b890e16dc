package kubernetes

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// reviewKind is how an API server is asked whether a request would be allowed.
var reviewKind = schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"}

// MayChange asks the API server whether this account may patch each object of a resource.
func (t *target) MayChange(ctx context.Context, resource string) error {
	g, err := t.open(ctx, resource)
	if err != nil {
		return err
	}
	for _, m := range g.members {
		if err := t.mayPatch(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (t *target) mayPatch(ctx context.Context, m *member) error {
	sub := strings.Join(m.through, "/")
	review, err := t.cluster.Resource(reviewKind).Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": map[string]any{
			"verb": "patch", "group": m.gvr.Group, "resource": m.gvr.Resource, "subresource": sub, "namespace": m.object.GetNamespace(), "name": m.object.GetName(),
		}},
	}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("ask whether %s may be patched: %w", m.object.GetName(), meaning(err))
	}
	if allowed, _, _ := unstructured.NestedBool(review.Object, "status", "allowed"); allowed {
		return nil
	}
	what := m.gvr.GroupResource().String()
	if sub != "" {
		what = m.gvr.Resource + "/" + sub
		if m.gvr.Group != "" {
			what += " of " + m.gvr.Group
		}
	}
	return fmt.Errorf("this account may not patch %s in namespace %s; give it the verb patch, as act/kubernetes/README.md shows", what, m.object.GetNamespace())
}

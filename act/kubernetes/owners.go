package kubernetes

import (
	"context"
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/foreshock-io/foreshock"
)

// autoscaler is a kind of object that owns what it refers to.
type autoscaler struct {
	kind string   // with its API group
	ref  []string // where it says what it scales
	says string   // what people call it
}

var (
	horizontal = []autoscaler{
		{"scaledobjects.keda.sh", []string{"spec", "scaleTargetRef"}, "KEDA ScaledObject"},
		{"horizontalpodautoscalers.autoscaling", []string{"spec", "scaleTargetRef"}, "HorizontalPodAutoscaler"},
	}
	vertical = []autoscaler{{"verticalpodautoscalers.autoscaling.k8s.io", []string{"spec", "targetRef"}, "VerticalPodAutoscaler"}}
)

// ownerOfReplicas names who else sets the replicas of an object, or "".
func (t *target) ownerOfReplicas(ctx context.Context, o *unstructured.Unstructured, namespace string) (string, error) {
	if owner := controller(o); owner != "" {
		return owner, nil
	}
	if owner, err := t.autoscalerOf(ctx, horizontal, o.GroupVersionKind(), namespace, o.GetName()); owner != "" || err != nil {
		return owner, err
	}
	return gitOps(o, "spec", "replicas"), nil
}

// autoscalerOf names the autoscaler that refers to an object, or "".
func (t *target) autoscalerOf(ctx context.Context, kinds []autoscaler, of schema.GroupVersionKind, namespace, name string) (string, error) {
	for _, a := range kinds {
		kind, err := t.cluster.Kind(a.kind)
		if meta.IsNoMatchError(err) { // it is not installed
			continue
		}
		if err != nil {
			return "", err
		}
		list, err := t.cluster.List(ctx, kind.Resource, namespace, "")
		if err != nil {
			return "", err
		}
		for i := range list {
			ref, _, _ := unstructured.NestedStringMap(list[i].Object, a.ref...)
			if refersTo(ref, of, name) && !watches(&list[i]) {
				return a.says + " " + list[i].GetName(), nil
			}
		}
	}
	return "", nil
}

// refersTo compares without the version. KEDA means a Deployment where a reference has no kind.
func refersTo(ref map[string]string, of schema.GroupVersionKind, name string) bool {
	group, kind := schema.FromAPIVersionAndKind(ref["apiVersion"], ref["kind"]).Group, ref["kind"]
	if kind == "" {
		group, kind = "apps", "Deployment"
	}
	if ref["apiVersion"] == "" {
		group = of.Group
	}
	return ref["name"] == name && kind == of.Kind && group == of.Group
}

// watches says of an autoscaler whether it only recommends.
func watches(o *unstructured.Unstructured) bool {
	mode, _, _ := unstructured.NestedString(o.Object, "spec", "updatePolicy", "updateMode")
	return mode == "Off"
}

// controller names the controller that has made an object and keeps it as it wants, or "".
func controller(o *unstructured.Unstructured) string {
	if ref := metav1.GetControllerOf(o); ref != nil {
		return ref.Kind + " " + ref.Name
	}
	return ""
}

// tools are those that keep objects as they stand in a repository, with the marks that they leave. Where ours is false, a field manager
// of that name has written the field for them.
var tools = []struct{ mark, says string }{
	{"argocd.argoproj.io/tracking-id", "Argo CD"},
	{"argocd.argoproj.io/instance", "Argo CD"},
	{"kustomize.toolkit.fluxcd.io/name", "Flux Kustomization"},
	{"helm.toolkit.fluxcd.io/name", "Flux HelmRelease"},
}

var managers = map[string]string{
	"argocd-controller": "Argo CD", "argocd-application-controller": "Argo CD", "argocd": "Argo CD",
	"kustomize-controller": "Flux Kustomization", "helm-controller": "Flux HelmRelease", "flux": "Flux",
}

// gitOps names the tool that keeps a field of an object, or "". A tool's mark alone does not own a field that nobody, or Foreshock, has
// set: it was left out of the repository so that it can be scaled.
func gitOps(o *unstructured.Unstructured, field ...string) string {
	mark := ""
	for _, tool := range tools {
		for _, set := range []map[string]string{o.GetAnnotations(), o.GetLabels()} {
			if value, is := set[tool.mark]; is && mark == "" {
				mark = foreshock.OneLine(tool.says + " " + value)
			}
		}
	}
	for _, entry := range o.GetManagedFields() {
		if !owns(entry, field) {
			continue
		}
		switch says, known := managers[entry.Manager]; {
		case known:
			return says + " (field manager " + entry.Manager + ")"
		case mark != "" && !strings.HasPrefix(entry.Manager, managerPrefix):
			return mark + " (field manager " + entry.Manager + ")"
		}
	}
	if len(o.GetManagedFields()) == 0 {
		return mark
	}
	return ""
}

// owns says whether an entry of managedFields has a field.
func owns(entry metav1.ManagedFieldsEntry, field []string) bool {
	if entry.FieldsV1 == nil {
		return false
	}
	var set map[string]any
	if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &set) != nil {
		return false
	}
	for _, name := range field {
		inner, has := set["f:"+name].(map[string]any)
		if !has {
			return false
		}
		set = inner
	}
	return true
}

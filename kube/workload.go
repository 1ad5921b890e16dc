package kube

import (
	"context"
	"regexp"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The kinds of which workloads consist.
var (
	ClaimKind = schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumeclaims"}
	PodKind   = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
)

// Object reads the object of a place.
func (c *Cluster) Object(ctx context.Context, p Place, subresource ...string) (*unstructured.Unstructured, error) {
	kind, err := c.Kind(p.Kind)
	if err != nil {
		return nil, err
	}
	return c.Resource(kind.Resource).Namespace(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{}, subresource...)
}

// Claims gives the claim of a place, or those that a StatefulSet has made of a template.
func (c *Cluster) Claims(ctx context.Context, p Place) ([]unstructured.Unstructured, error) {
	o, err := c.Object(ctx, p)
	if err != nil {
		return nil, err
	}
	if p.Part == "" {
		return []unstructured.Unstructured{*o}, nil
	}
	own, _, _ := unstructured.NestedStringMap(o.Object, "spec", "selector", "matchLabels")
	all, err := c.List(ctx, ClaimKind, p.Namespace, labels.SelectorFromSet(own).String())
	if err != nil {
		return nil, err
	}
	name := regexp.MustCompile("^" + regexp.QuoteMeta(p.Detail+"-"+p.Name+"-") + `\d+$`)
	var list []unstructured.Unstructured
	for i := range all {
		if name.MatchString(all[i].GetName()) {
			list = append(list, all[i])
		}
	}
	return list, nil
}

// Pods gives the running pods of a place, and its object: the pod itself, or what has a scale that selects them.
func (c *Cluster) Pods(ctx context.Context, p Place) (pods []unstructured.Unstructured, of *unstructured.Unstructured, err error) {
	of, err = c.Object(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	if of.GroupVersionKind() == (schema.GroupVersionKind{Version: "v1", Kind: "Pod"}) {
		return []unstructured.Unstructured{*of}, of, nil
	}
	scale, err := c.Object(ctx, p, "scale")
	if err != nil {
		return nil, nil, err
	}
	selector := Text(scale, "status", "selector")
	if selector == "" { // it would be every pod of the namespace
		return nil, of, nil
	}
	all, err := c.List(ctx, PodKind, p.Namespace, selector)
	if err != nil {
		return nil, nil, err
	}
	for i := range all {
		if all[i].GetDeletionTimestamp() == nil && Text(&all[i], "status", "phase") == "Running" {
			pods = append(pods, all[i])
		}
	}
	return pods, of, nil
}

// Container finds a container by its name in a list of a pod; nil where there is none.
func Container(pod *unstructured.Unstructured, name string, path ...string) *unstructured.Unstructured {
	for _, c := range Objects(pod, path...) {
		if Text(&c, "name") == name {
			return &c
		}
	}
	return nil
}

// Objects gives a list of objects within an object.
func Objects(o *unstructured.Unstructured, path ...string) (objects []unstructured.Unstructured) {
	list, _, _ := unstructured.NestedSlice(o.Object, path...)
	for _, x := range list {
		if fields, is := x.(map[string]any); is {
			objects = append(objects, unstructured.Unstructured{Object: fields})
		}
	}
	return objects
}

// Text gives a field that is text, else "".
func Text(o *unstructured.Unstructured, path ...string) string {
	s, _, _ := unstructured.NestedString(o.Object, path...)
	return s
}

// Quantity reads an amount such as 10Gi or 500m; it is false where there is none.
func Quantity(o *unstructured.Unstructured, path ...string) (float64, bool) {
	q, err := resource.ParseQuantity(Text(o, path...))
	return q.AsApproximateFloat64(), err == nil
}

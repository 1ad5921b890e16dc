package kubernetes

import (
	"cmp"
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/kube"
)

// gib is what sizes are multiples of: drivers round up to it.
const gib = 1 << 30

// claims is a persistent volume claim, or with a template those that a StatefulSet has made of it.
func (t *target) claims(ctx context.Context, p kube.Place) (*group, error) {
	list, err := t.cluster.Claims(ctx, p)
	if err != nil {
		return nil, err
	}
	classes := &classes{target: t}
	g := &group{patch: claimPatch, first: claimClass, withdraw: claimWithdraw}
	for i := range list {
		m, err := claim(ctx, &list[i], classes)
		if err != nil {
			return nil, err
		}
		g.members = append(g.members, m)
	}
	return g, nil
}

// claim reads a claim: what is in effect is in its status.
func claim(ctx context.Context, o *unstructured.Unstructured, c *classes) (*member, error) {
	m := &member{
		gvr: kube.ClaimKind, object: o, version: o.GetResourceVersion(), rules: map[foreshock.Dimension]foreshock.Rule{},
		owner: cmp.Or(gitOps(o, "spec", "resources", "requests", "storage"), gitOps(o, "spec", "volumeAttributesClassName")),
	}
	bound := kube.Text(o, "status", "phase") == "Bound"
	has, known := kube.Quantity(o, "status", "capacity", "storage")
	asked, _ := kube.Quantity(o, "spec", "resources", "requests", "storage")
	if known {
		m.has.Set(foreshock.DimSize, has)
		m.asked.Set(foreshock.DimSize, asked)
	}
	class, err := c.storageClass(ctx, kube.Text(o, "spec", "storageClassName"))
	if err != nil {
		return nil, err
	}
	if expands, _, _ := unstructured.NestedBool(class.Object, "allowVolumeExpansion"); expands && bound {
		m.rules[foreshock.DimSize] = foreshock.Rule{Min: gib, Quantum: gib}
	}
	if err := c.attributes(ctx, m, class, bound); err != nil {
		return nil, err
	}
	m.failed = infeasible(o)
	m.ready = known && has >= asked && kube.Text(o, "status", "currentVolumeAttributesClassName") == kube.Text(o, "spec", "volumeAttributesClassName") && !underWay(o)
	m.busy = !m.ready && m.failed == ""
	m.note = cmp.Or(m.failed, condition(o, "ControllerResizeError", "True"), condition(o, "NodeResizeError", "True"), condition(o, "ModifyVolumeError", "True"))
	if !bound {
		m.note = "it is not bound to a volume"
	}
	return m, nil
}

// underWay says whether a claim's status speaks of a change.
func underWay(o *unstructured.Unstructured) bool {
	_, resizing, _ := unstructured.NestedString(o.Object, "status", "allocatedResourceStatuses", "storage")
	_, modifying, _ := unstructured.NestedMap(o.Object, "status", "modifyVolumeStatus")
	for _, kind := range []string{"Resizing", "FileSystemResizePending", "ModifyingVolume"} {
		resizing = resizing || condition(o, kind, "True") != ""
	}
	return resizing || modifying
}

// infeasible says that a driver has refused what a claim asks for, or "". What it says of a class that is not asked for any more is to be cleared by it: until
// then it is at work.
func infeasible(o *unstructured.Unstructured) string {
	switch state := kube.Text(o, "status", "allocatedResourceStatuses", "storage"); state {
	case "ControllerResizeInfeasible", "NodeResizeInfeasible":
		return fmt.Sprintf("the driver cannot give the size (%s); ask for less, which must be above what there is", state)
	}
	refused := kube.Text(o, "status", "modifyVolumeStatus", "targetVolumeAttributesClassName")
	if kube.Text(o, "status", "modifyVolumeStatus", "status") == "Infeasible" && refused == kube.Text(o, "spec", "volumeAttributesClassName") {
		return "the driver cannot give the attributes of class " + foreshock.OneLine(refused)
	}
	return ""
}

// claimPatch is a change of a claim, all of it in one request.
func claimPatch(m *member, to foreshock.Allocation) map[string]any {
	spec := map[string]any{}
	if size, is := to.Get(foreshock.DimSize); is {
		spec["resources"] = map[string]any{"requests": map[string]any{"storage": resource.NewQuantity(int64(size), resource.BinarySI).String()}}
	}
	if class, _ := m.attributed.class(to); class != "" {
		spec["volumeAttributesClassName"] = class
	}
	return map[string]any{"spec": spec}
}

// claimClass is the class that a claim's change needs and that is not there.
func claimClass(m *member, to foreshock.Allocation) *unstructured.Unstructured {
	_, first := m.attributed.class(to)
	return first
}

// claimWithdraw goes back to the class in effect. A size cannot be taken back: it must stay above what there is.
func claimWithdraw(m *member) map[string]any {
	has, wants := kube.Text(m.object, "status", "currentVolumeAttributesClassName"), kube.Text(m.object, "spec", "volumeAttributesClassName")
	if has == wants {
		return nil
	}
	var back any
	if has != "" {
		back = has
	}
	return map[string]any{"spec": map[string]any{"volumeAttributesClassName": back}}
}

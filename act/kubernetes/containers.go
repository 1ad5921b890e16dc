package kubernetes

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/kube"
)

// processing names the resources of a container that can be changed in place.
var processing = map[foreshock.Dimension]struct {
	name    string
	quantum float64
}{
	foreshock.DimVCPU:   {"cpu", 0.001},
	foreshock.DimMemory: {"memory", 1 << 20},
}

// containers is one container of a pod, or of each running pod of a workload.
func (t *target) containers(ctx context.Context, p kube.Place) (*group, error) {
	pods, of, err := t.cluster.Pods(ctx, p)
	if err != nil {
		return nil, err
	}
	if p.Kind == "pods" {
		if of, err = t.maker(ctx, of, 2); err != nil {
			return nil, err
		}
	}
	owner, err := t.autoscalerOf(ctx, vertical, of.GroupVersionKind(), p.Namespace, of.GetName())
	if err != nil {
		return nil, err
	}
	g := &group{patch: containerPatch, withdraw: containerWithdraw}
	for i := range pods {
		if m := container(&pods[i], p.Detail); m != nil {
			m.owner = owner
			g.members = append(g.members, m)
		}
	}
	return g, nil
}

// maker goes from an object up to the workload that it belongs to: from a pod to its ReplicaSet to its Deployment.
func (t *target) maker(ctx context.Context, o *unstructured.Unstructured, most int) (*unstructured.Unstructured, error) {
	ref := metav1.GetControllerOf(o)
	if ref == nil || most == 0 {
		return o, nil
	}
	if ref.Kind != "ReplicaSet" {
		above := &unstructured.Unstructured{}
		above.SetAPIVersion(ref.APIVersion)
		above.SetKind(ref.Kind)
		above.SetName(ref.Name)
		return above, nil
	}
	kind, err := t.cluster.Kind("replicasets.apps")
	if err != nil {
		return nil, err
	}
	above, err := t.cluster.Resource(kind.Resource).Namespace(o.GetNamespace()).Get(ctx, ref.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return t.maker(ctx, above, most-1)
}

// container reads a container of a pod; nil where the pod has none of that name. The amount is its limit, else its request.
func container(pod *unstructured.Unstructured, name string) *member {
	spec := kube.Container(pod, name, "spec", "containers")
	if spec == nil {
		return nil
	}
	status := kube.Container(pod, name, "status", "containerStatuses")
	m := &member{
		gvr: kube.PodKind, object: pod, version: pod.GetResourceVersion(), through: []string{"resize"}, container: name,
		rules: map[foreshock.Dimension]foreshock.Rule{},
	}
	for d, r := range processing {
		asked, stated := provisioned(spec, r.name)
		has, runs := provisioned(status, r.name)
		if stated {
			m.asked.Set(d, asked)
		}
		if stated && runs {
			m.has.Set(d, has)
			if !restarts(spec, r.name) {
				m.rules[d] = foreshock.Rule{Min: r.quantum, Quantum: r.quantum, Down: true}
			}
		}
	}
	pending, going := condition(pod, "PodResizePending", "True"), condition(pod, "PodResizeInProgress", "True")
	m.ready = m.has.Covers(m.asked) && pending == "" && going == ""
	m.note = pending + going
	if strings.HasPrefix(pending, "PodResizePending (Infeasible)") {
		m.failed = pending
	}
	m.busy = !m.ready && m.failed == ""
	return m
}

// provisioned is what a container may use: its limit, else its request.
func provisioned(c *unstructured.Unstructured, name string) (float64, bool) {
	if c == nil {
		return 0, false
	}
	if x, limited := kube.Quantity(c, "resources", "limits", name); limited {
		return x, true
	}
	return kube.Quantity(c, "resources", "requests", name)
}

// restarts says whether a container would be restarted for a change.
func restarts(spec *unstructured.Unstructured, name string) bool {
	list, _, _ := unstructured.NestedSlice(spec.Object, "resizePolicy")
	for _, p := range list {
		if fields, _ := p.(map[string]any); fields["resourceName"] == name && fields["restartPolicy"] == "RestartContainer" {
			return true
		}
	}
	return false
}

// containerPatch moves limits and, where they were equal to them or would be above them, requests: the pod's class of service stays.
func containerPatch(m *member, to foreshock.Allocation) map[string]any {
	spec := kube.Container(m.object, m.container, "spec", "containers")
	limits, requests := map[string]any{}, map[string]any{}
	for _, d := range to.Dimensions() {
		r := processing[d]
		x, _ := to.Get(d)
		written := written(d, x)
		limit, limited := kube.Quantity(spec, "resources", "limits", r.name)
		request, requested := kube.Quantity(spec, "resources", "requests", r.name)
		if limited {
			limits[r.name] = written
		}
		if requested && (!limited || request == limit || request > x) {
			requests[r.name] = written
		}
	}
	return containerResources(m, limits, requests)
}

func containerResources(m *member, limits, requests map[string]any) map[string]any {
	return map[string]any{"spec": map[string]any{"containers": []any{map[string]any{
		"name": m.container, "resources": map[string]any{"limits": limits, "requests": requests},
	}}}}
}

// written is an amount as Kubernetes writes it.
func written(d foreshock.Dimension, x float64) string {
	if d == foreshock.DimVCPU {
		return resource.NewMilliQuantity(int64(x*1000+0.5), resource.DecimalSI).String()
	}
	return resource.NewQuantity(int64(x), resource.BinarySI).String()
}

// containerWithdraw asks for what there is.
func containerWithdraw(m *member) map[string]any {
	status := kube.Container(m.object, m.container, "status", "containerStatuses")
	limits, _, _ := unstructured.NestedMap(status.Object, "resources", "limits")
	requests, _, _ := unstructured.NestedMap(status.Object, "resources", "requests")
	return containerResources(m, limits, requests)
}

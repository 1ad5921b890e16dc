package kubernetes

import (
	"context"
	"math"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/kube"
)

// amounts are by the names of a ResourceQuota, in cores, bytes and counts.
type amounts map[string]float64

func (a amounts) add(name string, x float64) {
	if x > 0 {
		a[name] += x
	}
}

// draw is what the growth of one dimension of one resource takes, for each unit of it.
type draw struct {
	dimension foreshock.Dimension
	units     float64
	namespace string
	quota     amounts // of the namespace's quotas
	onNodes   amounts // cpu, memory and pods of nodes; empty where no node is concerned
	at        []string
	selector  map[string]string // labels of the nodes that it may go to
	tolerates []unstructured.Unstructured
}

// whole is the multiple of the dimension's quantum that room allows, at most what is drawn.
func (d *draw) whole(room float64) float64 {
	quantum := map[foreshock.Dimension]float64{
		foreshock.DimReplicas: 1, foreshock.DimSize: 1 << 30, foreshock.DimVCPU: 0.001, foreshock.DimMemory: 1 << 20,
	}[d.dimension]
	if room >= d.units || quantum == 0 {
		return min(max(0, room), d.units)
	}
	const slack = 1e-9
	return max(0, math.Floor(room/quantum+slack)*quantum)
}

// needs says what a unit of a dimension takes, when it grows to an amount.
func (p *planner) needs(ctx context.Context, place kube.Place, dimension foreshock.Dimension, to float64) (draw, error) {
	d := draw{namespace: place.Namespace, quota: amounts{}, onNodes: amounts{}}
	switch dimension {
	case foreshock.DimReplicas:
		return d, p.replica(ctx, place, &d)
	case foreshock.DimSize:
		return d, p.claims(ctx, place, to, &d)
	case foreshock.DimVCPU, foreshock.DimMemory:
		return d, p.containers(ctx, place, dimension, &d)
	}
	return d, nil // IOPS and throughput are the driver's
}

// replica is what one more pod takes, by the template, or where there is none, by a pod that runs.
func (p *planner) replica(ctx context.Context, place kube.Place, d *draw) error {
	pods, of, err := p.cluster.Pods(ctx, place)
	if err != nil {
		return err
	}
	template, _, _ := unstructured.NestedMap(of.Object, "spec", "template")
	pod := &unstructured.Unstructured{Object: template}
	if template == nil {
		if len(pods) == 0 {
			return nil // nothing tells what a replica is
		}
		pod = &pods[0]
	}
	for _, name := range []string{"cpu", "memory"} {
		request, limit := of1(pod, "requests", name), of1(pod, "limits", name)
		d.quota.add(name, request)
		d.quota.add("requests."+name, request)
		d.quota.add("limits."+name, limit)
		d.onNodes.add(name, request)
	}
	d.quota.add("pods", 1)
	d.quota.add("count/pods", 1)
	d.onNodes.add("pods", 1)
	d.selector, _, _ = unstructured.NestedStringMap(pod.Object, "spec", "nodeSelector")
	d.tolerates = kube.Objects(pod, "spec", "tolerations")
	for _, template := range kube.Objects(of, "spec", "volumeClaimTemplates") {
		size, _ := kube.Quantity(&template, "spec", "resources", "requests", "storage")
		d.storage(kube.Text(&template, "spec", "storageClassName"), size)
		d.quota.add("persistentvolumeclaims", 1)
		d.quota.add("count/persistentvolumeclaims", 1)
	}
	return nil
}

// storage adds a size to the quotas that count it.
func (d *draw) storage(class string, bytes float64) {
	d.quota.add("requests.storage", bytes)
	if class != "" {
		d.quota.add(class+".storageclass.storage.k8s.io/requests.storage", bytes)
	}
}

// claims counts those that are smaller than the size they are to have.
func (p *planner) claims(ctx context.Context, place kube.Place, to float64, d *draw) error {
	list, err := p.cluster.Claims(ctx, place)
	if err != nil {
		return err
	}
	for i := range list {
		if has, _ := kube.Quantity(&list[i], "spec", "resources", "requests", "storage"); has < to {
			d.storage(kube.Text(&list[i], "spec", "storageClassName"), 1)
		}
	}
	return nil
}

// containers counts the limits and requests that move, as the target moves them, and the nodes on which they are.
func (p *planner) containers(ctx context.Context, place kube.Place, dimension foreshock.Dimension, d *draw) error {
	pods, _, err := p.cluster.Pods(ctx, place)
	if err != nil {
		return err
	}
	name := map[foreshock.Dimension]string{foreshock.DimVCPU: "cpu", foreshock.DimMemory: "memory"}[dimension]
	for i := range pods {
		c := kube.Container(&pods[i], place.Detail, "spec", "containers")
		if c == nil {
			continue
		}
		limit, limited := kube.Quantity(c, "resources", "limits", name)
		request, requested := kube.Quantity(c, "resources", "requests", name)
		if limited {
			d.quota.add("limits."+name, 1)
		}
		if requested && (!limited || request == limit) {
			d.quota.add("requests."+name, 1)
			d.quota.add(name, 1)
			d.onNodes[name] = 1
			d.at = append(d.at, kube.Text(&pods[i], "spec", "nodeName"))
		}
	}
	return nil
}

// of1 is what a pod asks for or may use: the sum of its containers, or what its greatest initial one does.
func of1(pod *unstructured.Unstructured, what, name string) float64 {
	sum := 0.0
	for _, c := range kube.Objects(pod, "spec", "containers") {
		x, _ := kube.Quantity(&c, "resources", what, name)
		sum += x
	}
	for _, c := range kube.Objects(pod, "spec", "initContainers") {
		x, _ := kube.Quantity(&c, "resources", what, name)
		if kube.Text(&c, "restartPolicy") == "Always" { // it stays
			sum += x
			continue
		}
		sum = max(sum, x)
	}
	if x, has := kube.Quantity(pod, "spec", "overhead", name); has {
		sum += x
	}
	return sum
}

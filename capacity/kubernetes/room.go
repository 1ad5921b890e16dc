package kubernetes

import (
	"context"
	"fmt"
	"math"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/foreshock-io/foreshock/kube"
)

var (
	quotaKind = schema.GroupVersionResource{Version: "v1", Resource: "resourcequotas"}
	nodeKind  = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
)

// room is how many units something has left.
type room struct {
	of    string // what it is called
	units float64
}

// quotas says what the namespace's quotas have left. Those with scopes are left to the API server. One that is not counted yet has nothing left:
// what is not known is not zero.
func (p *planner) quotas(ctx context.Context, d *draw, others []draw) (rooms []room, err error) {
	list, err := p.cluster.List(ctx, quotaKind, d.namespace, "")
	if err != nil {
		return nil, err
	}
	for i := range list {
		q := &list[i]
		_, scoped, _ := unstructured.NestedFieldNoCopy(q.Object, "spec", "scopes")
		_, selected, _ := unstructured.NestedFieldNoCopy(q.Object, "spec", "scopeSelector")
		if scoped || selected {
			continue
		}
		for name, each := range d.quota {
			hard, limited := kube.Quantity(q, "spec", "hard", name)
			if !limited {
				continue
			}
			used, counted := kube.Quantity(q, "status", "used", name)
			r := room{fmt.Sprintf("ResourceQuota %s (%s)", q.GetName(), name), (hard - used - drawn(others, d.namespace, name)) / each}
			if !counted {
				r = room{r.of + ", which is not counted yet,", 0}
			}
			rooms = append(rooms, r)
		}
	}
	slices.SortFunc(rooms, func(a, b room) int { return int(math.Copysign(1, a.units-b.units)) })
	return rooms, nil
}

// drawn is what others take of the quotas of a namespace.
func drawn(others []draw, namespace, name string) (sum float64) {
	for _, o := range others {
		if o.namespace == namespace {
			sum += o.quota[name] * o.units
		}
	}
	return sum
}

// node is what a node has left.
type node struct {
	name   string
	labels map[string]string
	taints []unstructured.Unstructured
	free   amounts
}

// nodes says what the nodes have left, when the others are placed first.
func (p *planner) nodes(ctx context.Context, d *draw, others []draw) (room, error) {
	all, err := p.readNodes(ctx)
	if err != nil {
		return room{}, err
	}
	for _, o := range others {
		o.place(all, o.units)
	}
	return room{"what the nodes have left", d.fits(all)}, nil
}

// readNodes reads what nodes that take pods can allocate, and takes off what their pods ask for.
func (p *planner) readNodes(ctx context.Context) (map[string]*node, error) {
	list, err := p.cluster.List(ctx, nodeKind, "", "")
	if err != nil {
		return nil, err
	}
	all := map[string]*node{}
	for i := range list {
		o := &list[i]
		if closed, _, _ := unstructured.NestedBool(o.Object, "spec", "unschedulable"); closed || !ready(o) {
			continue
		}
		n := &node{name: o.GetName(), labels: o.GetLabels(), taints: kube.Objects(o, "spec", "taints"), free: amounts{}}
		for _, name := range []string{"cpu", "memory", "pods"} {
			n.free[name], _ = kube.Quantity(o, "status", "allocatable", name)
		}
		all[n.name] = n
	}
	pods, err := p.cluster.List(ctx, kube.PodKind, "", "")
	if err != nil {
		return nil, err
	}
	for i := range pods {
		phase, n := kube.Text(&pods[i], "status", "phase"), all[kube.Text(&pods[i], "spec", "nodeName")]
		if n == nil || phase == "Succeeded" || phase == "Failed" {
			continue
		}
		n.free["pods"]--
		for _, name := range []string{"cpu", "memory"} {
			n.free[name] -= of1(&pods[i], "requests", name)
		}
	}
	return all, nil
}

func ready(o *unstructured.Unstructured) bool {
	return slices.ContainsFunc(kube.Objects(o, "status", "conditions"), func(c unstructured.Unstructured) bool {
		return kube.Text(&c, "type") == "Ready" && kube.Text(&c, "status") == "True"
	})
}

// takes says whether pods of a draw may go to a node: by the labels that they want, and the taints that they tolerate.
func (d *draw) takes(n *node) bool {
	for k, v := range d.selector {
		if n.labels[k] != v {
			return false
		}
	}
	return !slices.ContainsFunc(n.taints, func(taint unstructured.Unstructured) bool {
		return kube.Text(&taint, "effect") != "PreferNoSchedule" && !slices.ContainsFunc(d.tolerates, func(t unstructured.Unstructured) bool { return tolerates(&t, &taint) })
	})
}

func tolerates(t, taint *unstructured.Unstructured) bool {
	key, effect := kube.Text(t, "key"), kube.Text(t, "effect")
	exists := kube.Text(t, "operator") == "Exists"
	return (key == kube.Text(taint, "key") || key == "" && exists) && (effect == "" || effect == kube.Text(taint, "effect")) &&
		(exists || kube.Text(t, "value") == kube.Text(taint, "value"))
}

// onto is how many units go onto a node.
func (d *draw) onto(n *node) float64 {
	units := math.Inf(1)
	for name, each := range d.onNodes {
		units = min(units, math.Floor(n.free[name]/each*(1+1e-9)))
	}
	return max(0, units)
}

// fits is how many units there is room for: whole pods, node by node, or for pods that stay where they are, what the fullest of their nodes has.
func (d *draw) fits(all map[string]*node) float64 {
	if len(d.at) > 0 {
		least := math.Inf(1)
		for name, n := range d.count() {
			for what := range d.onNodes {
				free := 0.0
				if all[name] != nil {
					free = all[name].free[what]
				}
				least = min(least, free/n)
			}
		}
		return least
	}
	sum := 0.0
	for _, n := range all {
		if d.takes(n) {
			sum += d.onto(n)
		}
	}
	return sum
}

// count is how many pods of a draw are on each node.
func (d *draw) count() map[string]float64 {
	counts := map[string]float64{}
	for _, name := range d.at {
		counts[name]++
	}
	return counts
}

// place takes units from the nodes: pods that stay, where they are; new ones, from one node after the other.
func (d *draw) place(all map[string]*node, units float64) {
	take := func(n *node, units float64) {
		for name, each := range d.onNodes {
			n.free[name] -= each * units
		}
	}
	for name, count := range d.count() {
		if n := all[name]; n != nil {
			take(n, count*units)
		}
	}
	if len(d.at) > 0 || len(d.onNodes) == 0 {
		return
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if n := all[name]; d.takes(n) {
			here := min(units, d.onto(n))
			take(n, here)
			units -= here
		}
	}
}

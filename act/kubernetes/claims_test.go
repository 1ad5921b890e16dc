package kubernetes

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/kube"
	"github.com/foreshock-io/foreshock/kube/kubetest"
)

const storage = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: NAMESPACE-NAME}
provisioner: ebs.csi.aws.com
allowVolumeExpansion: EXPANDS
parameters: {type: gp3, iops: "3000", throughput: "125", encrypted: "true"}
`

const claimText = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: NAME, namespace: NAMESPACE, labels: {app: orders}, annotations: {note: kept}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: NAMESPACE-gp3
  resources: {requests: {storage: 10Gi}}
`

func size(gibs float64) foreshock.Allocation {
	return amounts(map[foreshock.Dimension]float64{foreshock.DimSize: gibs * gib})
}

func performance(iops, mibs float64) foreshock.Allocation {
	return amounts(map[foreshock.Dimension]float64{foreshock.DimIOPS: iops, foreshock.DimThroughput: mibs * (1 << 20)})
}

// bound makes a claim with a volume.
func bound(h *kubetest.Hands, name string) {
	h.Create(kube.Claims, strings.ReplaceAll(claimText, "NAME,", name+","))
	h.Status(kube.Claims, name, map[string]any{"phase": "Bound", "capacity": map[string]any{"storage": "10Gi"}})
}

// withStorage makes a namespace with a storage class.
func withStorage(t *testing.T, expands bool) *kubetest.Hands {
	t.Helper()
	h := kubetest.NewHands(t, kubetest.Shared(t))
	h.Create("storageclasses.storage.k8s.io", strings.NewReplacer("-NAME", "-gp3", "EXPANDS", fmt.Sprint(expands)).Replace(storage))
	return h
}

// resized is what the resizer and the driver do for a claim.
func resized(h *kubetest.Hands, name string) {
	o := h.Get(kube.Claims, name)
	h.Status(kube.Claims, name, map[string]any{
		"capacity":                         map[string]any{"storage": kube.Text(o, "spec", "resources", "requests", "storage")},
		"currentVolumeAttributesClassName": orNull(kube.Text(o, "spec", "volumeAttributesClassName")),
		"allocatedResourceStatuses":        nil, "modifyVolumeStatus": nil,
	})
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func TestClaim(t *testing.T) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		h := withStorage(t, true)
		bound(h, "data")
		p := newProxy(t, h.Server)
		p.controller = func(m acttest.Mood) {
			if m == acttest.FailingLater {
				h.Status(kube.Claims, "data", map[string]any{"allocatedResourceStatuses": map[string]any{"storage": "ControllerResizeInfeasible"}})
				return
			}
			resized(h, "data")
		}
		return acttest.Subject{
			Target: connect(t, h, p), Resource: kube.Claims + "/" + h.Namespace + "/data", Missing: kube.Claims + "/" + h.Namespace + "/none",
			To: size(20), Calls: p.count, Others: others(h, kube.Claims, "data", "resources"),
			Fault: func(m acttest.Mood) bool { p.setMood(m); return true },
		}
	})
}

// Size, IOPS and throughput are one request; the class for them is made where there is none, and found where there is.
func TestClaimAttributes(t *testing.T) {
	h := withStorage(t, true)
	bound(h, "data")
	bound(h, "other")
	p := newProxy(t, h.Server)
	target := connect(t, h, p)
	f := func(name string, to foreshock.Allocation, want ...string) {
		t.Helper()
		resource := kube.Claims + "/" + h.Namespace + "/" + name
		now, err := target.Read(t.Context(), resource)
		if err != nil {
			t.Fatal(err)
		}
		action := foreshock.Action{ID: name + to.String(), Resource: resource, From: now.Allocated, To: to}
		before := len(p.requests())
		if err := errors.Join(target.Validate(now, action), target.Apply(t.Context(), action)); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(methods(p.requests()[before:])); got != fmt.Sprint(want) {
			t.Errorf("requests %s, want %s", got, want)
		}
		if p, err := target.Follow(t.Context(), action); err != nil || p.Done || !p.UnderWay {
			t.Errorf("before the driver did it: %+v, %v", p, err)
		}
		resized(h, name)
		if p, err := target.Follow(t.Context(), action); err != nil || !p.Done || !p.Observed.Covers(to) {
			t.Errorf("after: %+v, %v", p, err)
		}
	}
	n := float64(3000 + len(h.Namespace)*7) // classes are the cluster's: no other test has this one
	f("data", performance(n, 250).Over(size(20)), "POST", "PATCH")
	f("other", performance(n, 250), "PATCH")
	f("other", size(11), "PATCH")
	f("other", amounts(map[foreshock.Dimension]float64{foreshock.DimIOPS: n - 1}), "POST", "PATCH")
	class := h.Get("volumeattributesclasses.storage.k8s.io", kube.Text(h.Get(kube.Claims, "other"), "spec", "volumeAttributesClassName"))
	if fmt.Sprint(class.Object["parameters"]) != fmt.Sprintf("map[iops:%g throughput:250]", n-1) {
		t.Errorf("class %v", class.Object)
	}
}

func methods(requests []string) (list []string) {
	for _, r := range requests {
		list = append(list, strings.Fields(r)[0])
	}
	return list
}

// Attributes that the driver cannot give are taken back, once.
func TestInfeasibleAttributes(t *testing.T) {
	h := withStorage(t, true)
	bound(h, "data")
	p := newProxy(t, h.Server)
	target := connect(t, h, p)
	resource := kube.Claims + "/" + h.Namespace + "/data"
	now, err := target.Read(t.Context(), resource)
	if err != nil {
		t.Fatal(err)
	}
	action := foreshock.Action{ID: "much", Resource: resource, From: now.Allocated, To: performance(900_000, 250)}
	if err := target.Apply(t.Context(), action); err != nil {
		t.Fatal(err)
	}
	h.Status(kube.Claims, "data", map[string]any{"modifyVolumeStatus": map[string]any{
		"status": "Infeasible", "targetVolumeAttributesClassName": kube.Text(h.Get(kube.Claims, "data"), "spec", "volumeAttributesClassName"),
	}})
	progress, err := target.Follow(t.Context(), action)
	if err != nil || !progress.Failed || !strings.Contains(progress.Note, "cannot give the attributes of class foreshock-") {
		t.Errorf("%+v, %v", progress, err)
	}
	if class := kube.Text(h.Get(kube.Claims, "data"), "spec", "volumeAttributesClassName"); class != "" {
		t.Errorf("it still asks for class %s", class)
	}
	calls := p.count()
	if progress, err = target.Follow(t.Context(), action); err != nil || progress.Done || progress.UnderWay || p.count() != calls {
		t.Errorf("followed again: %+v, %v, %d calls", progress, err, p.count()-calls)
	}
	if err := target.Apply(t.Context(), action); err != nil || p.count() != calls {
		t.Errorf("sent again: %v, %d calls", err, p.count()-calls)
	}
	f := func(want bool) {
		t.Helper()
		if r, err := target.Read(t.Context(), resource); err != nil || r.Busy != want {
			t.Errorf("busy %v, %v, want %v", r.Busy, err, want)
		}
	}
	f(true) // the driver has not taken note yet
	resized(h, "data")
	f(false)
}

func TestWhatCannotBeGrown(t *testing.T) {
	f := func(h *kubetest.Hands, name string, dimension foreshock.Dimension) {
		t.Helper()
		r, err := connect(t, h, newProxy(t, h.Server)).Read(t.Context(), kube.Claims+"/"+h.Namespace+"/"+name)
		if _, can := r.Rules[dimension]; err != nil || can {
			t.Errorf("%s of %s: %+v, %v", dimension, name, r, err)
		}
	}
	h := withStorage(t, false)
	bound(h, "rigid")
	f(h, "rigid", foreshock.DimSize)
	h = withStorage(t, true)
	h.Create(kube.Claims, strings.ReplaceAll(claimText, "NAME,", "pending,"))
	f(h, "pending", foreshock.DimSize)
	f(h, "pending", foreshock.DimIOPS)
}

// The claims of a StatefulSet grow together: all that are smaller, or none where one of them may not.
func TestClaimsOfStatefulSet(t *testing.T) {
	h := withStorage(t, true)
	h.Create("statefulsets.apps", strings.Replace(workload, "KIND", "StatefulSet", 1))
	for i := range 3 {
		bound(h, fmt.Sprintf("data-orders-%d", i))
	}
	bound(h, "data-orders-old")
	bound(h, "log-orders-0")
	h.Patch(kube.Claims, "data-orders-1", "person", map[string]any{"spec": map[string]any{"resources": map[string]any{"requests": map[string]any{"storage": "40Gi"}}}})
	resized(h, "data-orders-1")
	p := newProxy(t, h.Server)
	target := connect(t, h, p)
	resource := "statefulsets.apps/" + h.Namespace + "/orders/volumes/data"
	now, err := target.Read(t.Context(), resource)
	if err != nil || !now.Allocated.Covers(size(10)) {
		t.Fatalf("%+v, %v", now, err)
	}
	h.Create("resourcequotas", `{apiVersion: v1, kind: ResourceQuota, metadata: {name: disks, namespace: NAMESPACE}, spec: {hard: {requests.storage: 200Gi}}}`)
	h.Status("resourcequotas", "disks", map[string]any{"hard": map[string]any{"requests.storage": "200Gi"}, "used": map[string]any{"requests.storage": "80Gi"}})
	action := foreshock.Action{ID: "a", Resource: resource, From: now.Allocated, To: size(300)}
	h.Until(func() bool { // the quota is known to admission
		err = target.Apply(t.Context(), action)
		return errors.Is(err, act.ErrRefused) && strings.Contains(err.Error(), "exceeded quota")
	})
	if p.count() != 0 {
		t.Errorf("%d changes were sent", p.count())
	}
	action.To = size(30)
	if err := target.Apply(t.Context(), action); err != nil || p.count() != 2 {
		t.Fatalf("%v, %d calls", err, p.count())
	}
	resized(h, "data-orders-0")
	if p, err := target.Follow(t.Context(), action); err != nil || p.Done || !p.UnderWay {
		t.Errorf("one of two: %+v, %v", p, err)
	}
	resized(h, "data-orders-2")
	if p, err := target.Follow(t.Context(), action); err != nil || !p.Done || !p.Observed.Covers(size(30)) {
		t.Errorf("both: %+v, %v", p, err)
	}
	for name, want := range map[string]string{"data-orders-1": "40Gi", "data-orders-old": "10Gi", "log-orders-0": "10Gi"} {
		if got := kube.Text(h.Get(kube.Claims, name), "spec", "resources", "requests", "storage"); got != want {
			t.Errorf("%s has %s, want %s", name, got, want)
		}
	}
}

// Where only the first of several could be changed, it cannot be said that nothing is in effect; sent again, the action changes the rest.
func TestHalfOfTheClaims(t *testing.T) {
	h := withStorage(t, true)
	h.Create("statefulsets.apps", strings.Replace(workload, "KIND", "StatefulSet", 1))
	for i := range 2 {
		bound(h, fmt.Sprintf("data-orders-%d", i))
	}
	p := newProxy(t, h.Server)
	p.controller = func(acttest.Mood) { p.setMood(acttest.Throttling) }
	target := connect(t, h, p)
	action := foreshock.Action{ID: "a", Resource: "statefulsets.apps/" + h.Namespace + "/orders/volumes/data", From: size(10), To: size(30)}
	err := target.Apply(t.Context(), action)
	if err == nil || errors.Is(err, act.ErrThrottled) || errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), "after 1 of 2 were changed") {
		t.Fatalf("the second one was throttled: %v", err)
	}
	if p, err := target.Follow(t.Context(), action); err != nil || p.Done || p.Failed {
		t.Errorf("%+v, %v", p, err)
	}
	p.setMood(acttest.Fine)
	if err := target.Apply(t.Context(), action); err != nil || p.count() != 3 {
		t.Errorf("sent again: %v, %d calls", err, p.count())
	}
	for i := range 2 {
		if got := kube.Text(h.Get(kube.Claims, fmt.Sprintf("data-orders-%d", i)), "spec", "resources", "requests", "storage"); got != "30Gi" {
			t.Errorf("claim %d asks for %s", i, got)
		}
	}
}

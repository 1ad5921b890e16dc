package e2e_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/foreshock-io/foreshock/kube"
	"github.com/foreshock-io/foreshock/kube/kubetest"
)

const (
	disks = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: gp3}
provisioner: ebs.csi.aws.com
allowVolumeExpansion: true
parameters: {type: gp3, iops: "3000", throughput: "125"}
`
	orderClaim = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: NAME, namespace: NAMESPACE, labels: {app: orders}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: gp3
  resources: {requests: {storage: 10Gi}}
`
	// DAYS are today and tomorrow, so that the sale does not end at midnight.
	sizePolicy = `
policies:
  - name: room
    match: ["vol/*"]
    mode: auto
    consent: true
    target: cluster
    resource: statefulsets.apps/NAMESPACE/orders/volumes/data
    bounds: {size: {max: 40GiB}}
    calendar: [{name: sale, dates: [DAYS], min: {size: 20GiB}}]
    cooldown: 100ms
`
	classPolicy = `
policies:
  - name: speed
    match: ["vol/*"]
    mode: auto
    target: cluster
    resource: persistentvolumeclaims/NAMESPACE/data-orders-0
    bounds: {iops: {max: 6000}}
    max_latency: 10ms # however long it takes until the driver can, it does not become normal
    lead_time: 100ms
    cooldown: 100ms
`
)

// bind makes a claim with a volume of 10 GiB.
func bind(h *kubetest.Hands, name string) {
	h.Create(kube.Claims, strings.ReplaceAll(orderClaim, "NAME,", name+","))
	h.Status(kube.Claims, name, map[string]any{"phase": "Bound", "capacity": map[string]any{"storage": "10Gi"}})
}

// asksFor is the size that a claim asks for, and hasNow what it has.
func asksFor(o *unstructured.Unstructured) string {
	return kube.Text(o, "spec", "resources", "requests", "storage")
}

func hasNow(o *unstructured.Unstructured) string {
	return kube.Text(o, "status", "capacity", "storage")
}

// TestClaimsInCluster is a StatefulSet of three replicas whose volumes are to be larger by a date: all of their claims are grown, each once, by one action,
// which is done when the last volume is as large. The test plays the driver, which takes one after the other.
func TestClaimsInCluster(t *testing.T) {
	t.Parallel()
	names := []string{"data-orders-0", "data-orders-1", "data-orders-2"}
	today := time.Now().UTC()
	days := today.Format(time.DateOnly) + ", " + today.AddDate(0, 0, 1).Format(time.DateOnly)
	c := newCluster(t, strings.Replace(sizePolicy, "DAYS", days, 1), func(h *kubetest.Hands) {
		h.Create("storageclasses.storage.k8s.io", disks)
		h.Create(sets, strings.Replace(ordersSet, "replicas: 2", "replicas: 3", 1))
		for _, name := range append(names, "data-orders-none", "logs-orders-0") {
			bind(h, name)
		}
	})
	// resize is what the driver does in a step: it begins with a claim, or ends with the one that it has begun with.
	resize := func() float64 {
		t.Helper()
		for _, name := range names {
			o := c.Get(kube.Claims, name)
			switch under := kube.Text(o, "status", "allocatedResourceStatuses", "storage"); {
			case asksFor(o) == hasNow(o):
				continue
			case under == "":
				c.Status(kube.Claims, name, map[string]any{"allocatedResourceStatuses": map[string]any{"storage": "ControllerResizeInProgress"}})
			default:
				if c.done() {
					t.Errorf("the action is done before %s is grown", name)
				}
				c.Status(kube.Claims, name, map[string]any{"allocatedResourceStatuses": nil, "capacity": map[string]any{"storage": asksFor(o)}})
			}
			break
		}
		return 200
	}
	c.learns(200)
	c.under(250, resize, "has done it", c.done) // under more load than usual it is looked at at once, not only once a minute
	for range 20 {                              // it asks for no more
		c.under(100, resize, "goes on", func() bool { return true })
	}

	if got := c.states(); got != "decided intent fenced called answered observed done" {
		t.Errorf("states %s", got)
	}
	manager := "foreshock-" + c.events("action")[0].Change.Action.ID
	for _, name := range names {
		o := c.Get(kube.Claims, name)
		if asksFor(o) != "20Gi" || hasNow(o) != "20Gi" || writers(o) != manager {
			t.Errorf("%s asks for %s, has %s, by %s, want 20Gi by %s", name, asksFor(o), hasNow(o), writers(o), manager)
		}
	}
	for _, name := range []string{"data-orders-none", "logs-orders-0"} {
		if o := c.Get(kube.Claims, name); asksFor(o) != "10Gi" {
			t.Errorf("%s, which is none of the replicas' data, asks for %s", name, asksFor(o))
		}
	}
	c.stop()
}

// done says whether an action is.
func (c *inCluster) done() bool { return strings.HasSuffix(c.states(), "done") }

// writers are the field managers of the program's actions that have written an object.
func writers(o *unstructured.Unstructured) string {
	managers := map[string]bool{}
	for _, f := range o.GetManagedFields() {
		if strings.HasPrefix(f.Manager, "foreshock-") && f.Operation == metav1.ManagedFieldsOperationUpdate {
			managers[f.Manager] = true
		}
	}
	var list []string
	for name := range managers {
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// TestClassInCluster is a volume that is too slow for its load. A class with more IOPS is made and asked for; the driver says that it cannot, so the claim goes back to what
// it has, and the action has failed. From then on the driver can: the claim gets the class, and that helps. The test plays the driver.
func TestClassInCluster(t *testing.T) {
	t.Parallel()
	const name = "data-orders-0"
	c := newCluster(t, classPolicy, func(h *kubetest.Hands) {
		h.Create("storageclasses.storage.k8s.io", disks)
		bind(h, name)
	})
	wanted := func(o *unstructured.Unstructured) string { return kube.Text(o, "spec", "volumeAttributesClassName") }
	able, refused := false, ""
	// drive is what the driver does in a step, and how many requests a second the volume serves.
	drive := func() float64 {
		t.Helper()
		o := c.Get(kube.Claims, name)
		class, has := wanted(o), kube.Text(o, "status", "currentVolumeAttributesClassName")
		switch under := kube.Text(o, "status", "modifyVolumeStatus", "status"); {
		case class == has && under != "": // it was taken back
			able = true
			c.Status(kube.Claims, name, map[string]any{"modifyVolumeStatus": nil})
		case class != has && !able && under == "":
			refused = class
			c.Status(kube.Claims, name, map[string]any{"modifyVolumeStatus": map[string]any{"status": "Infeasible", "targetVolumeAttributesClassName": class}})
		case class != has && able:
			c.Status(kube.Claims, name, map[string]any{"modifyVolumeStatus": nil, "currentVolumeAttributesClassName": class})
		}
		if has == "" {
			return 3000
		}
		return c.iops(has)
	}
	c.learns(3000)
	c.under(3300, drive, "judges the change", c.judged)
	if verdict := c.events("evaluation")[0].Evaluation; verdict.Verdict != "helped" {
		t.Errorf("%+v", verdict)
	}
	if !able {
		t.Error("what cannot be was not taken back")
	}
	if x := c.iops(refused); x <= 3300 || x > 6000 {
		t.Errorf("class %s of %g IOPS was asked for at first", refused, x)
	}
	o := c.Get(kube.Claims, name)
	if x := c.iops(wanted(o)); wanted(o) != kube.Text(o, "status", "currentVolumeAttributesClassName") || x <= 3300 || x > 6000 {
		t.Errorf("class %s of %g IOPS is asked for", wanted(o), x)
	}
	if got := c.states(); !failedThenDone.MatchString(got) {
		t.Errorf("states %s", got)
	}
	c.stop()
}

// failedThenDone are the states of an action that failed and of one that was done, with those that were held back while the driver had not cleared its status.
var failedThenDone = regexp.MustCompile(`^decided intent fenced called answered (observed )?failed (decided intent refused )*decided intent fenced called answered observed done`)

// iops is what a VolumeAttributesClass gives.
func (c *inCluster) iops(class string) float64 {
	c.t.Helper()
	x, is := kube.Quantity(c.Get("volumeattributesclasses.storage.k8s.io", class), "parameters", "iops")
	if !is {
		c.t.Fatalf("class %s says no IOPS", class)
	}
	return x
}

package kubernetes_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/capacitytest"
	"github.com/foreshock-io/foreshock/capacity/kubernetes"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/kube/kubetest"
)

func TestMain(m *testing.M) { kubetest.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const orders = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: orders, namespace: NAMESPACE}
spec:
  replicas: 2
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      nodeSelector: {for: NAMESPACE}
      containers: [{name: main, image: none, resources: {requests: {cpu: "1", memory: 1Gi}, limits: {cpu: "1", memory: 2Gi}}}]
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}}]
`

const claim = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: NAME, namespace: NAMESPACE, labels: {app: orders}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
`

const pod = `
apiVersion: v1
kind: Pod
metadata: {name: orders-0, namespace: NAMESPACE, labels: {app: orders}}
spec: {nodeName: NAMESPACE-a, containers: [{name: main, image: none, resources: {requests: {cpu: "1", memory: 1Gi}, limits: {cpu: "1", memory: 2Gi}}}]}
`

// quota makes a quota of which some is used.
func quota(h *kubetest.Hands, name, of, hard, used string) {
	h.Create("resourcequotas", fmt.Sprintf("{apiVersion: v1, kind: ResourceQuota, metadata: {name: %s, namespace: NAMESPACE}, spec: {hard: {%s: %q}}}", name, of, hard))
	h.Status("resourcequotas", name, map[string]any{"hard": map[string]any{of: hard}, "used": map[string]any{of: used}})
}

// newNode makes a node that is ready, for the pods of the namespace.
func newNode(h *kubetest.Hands, name, cpu, memory string) {
	name = h.Namespace + "-" + name
	h.Create("nodes", fmt.Sprintf("{apiVersion: v1, kind: Node, metadata: {name: %s, labels: {for: NAMESPACE}}}", name))
	has := map[string]any{"cpu": cpu, "memory": memory, "pods": "110"}
	h.Status("nodes", name, map[string]any{"capacity": has, "allocatable": has, "conditions": []any{map[string]any{"type": "Ready", "status": "True"}}})
}

func planner(t *testing.T, h *kubetest.Hands) capacity.Planner {
	t.Helper()
	cfg := kubernetes.Defaults()
	cfg.Kubeconfig, cfg.Targets = h.Server.Kubeconfig(t, "", kubetest.Admin), []string{"cluster"}
	p, err := kubernetes.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func of(d foreshock.Dimension, x float64) (a foreshock.Allocation) {
	a.Set(d, x)
	return a
}

func request(h *kubetest.Hands, id, part string, d foreshock.Dimension, from, to float64) capacity.Request {
	return capacity.Request{
		ID: id, Workload: "orders", Target: "cluster", Resource: "statefulsets.apps/" + h.Namespace + "/orders" + part, From: of(d, from), To: of(d, to),
	}
}

func newHands(t *testing.T) *kubetest.Hands {
	t.Helper()
	h := kubetest.NewHands(t, kubetest.Shared(t))
	h.Create("statefulsets.apps", orders)
	return h
}

func TestReserve(t *testing.T) {
	const gib = 1 << 30
	f := func(part string, d foreshock.Dimension, from, to, want float64, why string, prepare func(h *kubetest.Hands)) {
		t.Helper()
		h := newHands(t)
		prepare(h)
		g, err := planner(t, h).Reserve(t.Context(), noon, request(h, "1", part, d, from, to))
		if got, _ := g.Granted.Get(d); err != nil || got != want || !strings.Contains(g.Reason, why) || why == "" && g.Reason != "" {
			t.Errorf("granted %g (%s), want %g (%s), %v", got, g.Reason, want, why, err)
		}
	}
	wide := func(h *kubetest.Hands) { newNode(h, "a", "8", "32Gi"); newNode(h, "b", "8", "32Gi") }
	replicas := foreshock.DimReplicas
	f("", replicas, 2, 5, 5, "", wide)
	f("", replicas, 2, 5, 2, "what the nodes have left has room for 0 replicas more", func(*kubetest.Hands) {})
	f("", replicas, 2, 9, 6, "what the nodes have left has room for 4 replicas more", func(h *kubetest.Hands) { newNode(h, "a", "2500m", "32Gi"); newNode(h, "b", "8", "2Gi") })
	f("", replicas, 2, 5, 4, "ResourceQuota q (requests.cpu) has room for 2 replicas more", func(h *kubetest.Hands) { wide(h); quota(h, "q", "requests.cpu", "5", "2500m") })
	f("", replicas, 2, 5, 3, "ResourceQuota q (limits.memory)", func(h *kubetest.Hands) { wide(h); quota(h, "q", "limits.memory", "8Gi", "5Gi") })
	f("", replicas, 2, 5, 2, "ResourceQuota q (pods)", func(h *kubetest.Hands) { wide(h); quota(h, "q", "pods", "2", "2") })
	f("", replicas, 2, 5, 4, "ResourceQuota q (requests.storage)", func(h *kubetest.Hands) { wide(h); quota(h, "q", "requests.storage", "45Gi", "20Gi") })
	f("", replicas, 2, 5, 2, "which is not counted yet", func(h *kubetest.Hands) {
		wide(h)
		h.Create("resourcequotas", `{apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: NAMESPACE}, spec: {hard: {pods: 9}}}`)
	})
	claims := func(h *kubetest.Hands) {
		for _, name := range []string{"data-orders-0", "data-orders-1", "log-orders-0"} {
			h.Create("persistentvolumeclaims", strings.Replace(claim, "NAME,", name+",", 1))
		}
	}
	f("/volumes/data", foreshock.DimSize, 10*gib, 20*gib, 20*gib, "", claims)
	f("/volumes/data", foreshock.DimSize, 10*gib, 20*gib, 17*gib, "ResourceQuota q (requests.storage) has room for 7 GiB more", func(h *kubetest.Hands) { claims(h); quota(h, "q", "requests.storage", "45Gi", "30Gi") })
	runs := func(h *kubetest.Hands) {
		newNode(h, "a", "3", "32Gi")
		h.Create("pods", pod)
		h.Status("pods", "orders-0", map[string]any{"phase": "Running"})
	}
	f("/containers/main", foreshock.DimVCPU, 1, 9, 3, "what the nodes have left has room for 2 vCPU more", runs)
	f("/containers/main", foreshock.DimVCPU, 1, 3, 2.5, "ResourceQuota q (limits.cpu) has room for 1.5 vCPU more", func(h *kubetest.Hands) { runs(h); quota(h, "q", "limits.cpu", "4", "2500m") })
	f("/containers/main", foreshock.DimMemory, 2*gib, 64*gib, 64*gib, "", runs) // its request stays
}

func TestPlanner(t *testing.T) {
	h := newHands(t)
	newNode(h, "a", "8", "32Gi")
	newNode(h, "b", "8", "32Gi")
	quota(h, "q", "pods", "6", "2")
	first := request(h, "", "", foreshock.DimReplicas, 2, 0)
	second := first
	second.Workload = "mail" // of the same set, as far as the quota is concerned
	capacitytest.Run(t, func(t *testing.T) capacitytest.Subject {
		return capacitytest.Subject{
			Planner: planner(t, h), First: first, Second: second, Dimension: foreshock.DimReplicas, Room: 4, Unit: 1, Why: "ResourceQuota q (pods) has room for",
		}
	})
}

// What a grant waits for is nobody else's, until it is committed, released, or expires.
func TestGrants(t *testing.T) {
	h := newHands(t)
	newNode(h, "a", "8", "32Gi")
	newNode(h, "b", "8", "32Gi")
	quota(h, "q", "pods", "6", "2")
	p := planner(t, h)
	f := func(now time.Time, id string, to, want float64) capacity.Grant {
		t.Helper()
		g, err := p.Reserve(t.Context(), now, request(h, id, "", foreshock.DimReplicas, 2, to))
		if got, _ := g.Granted.Get(foreshock.DimReplicas); err != nil || got != want {
			t.Errorf("%s: granted %g (%s), want %g, %v", id, got, g.Reason, want, err)
		}
		return g
	}
	first := f(noon, "a", 5, 5)
	f(noon, "a", 9, 5) // never more
	f(noon, "b", 4, 3)
	f(noon, "a", 4, 4) // the surplus goes back
	if again := f(noon.Add(time.Minute), "a", 5, 4); !again.Expires.Equal(first.Expires) {
		t.Errorf("it expires at %s, not %s", again.Expires, first.Expires)
	}
	f(noon, "c", 9, 3)
	if err := errors.Join(p.Commit(t.Context(), noon, "a"), p.Commit(t.Context(), noon, "a")); err != nil {
		t.Error(err)
	}
	f(noon, "d", 9, 4) // the cluster shows what is committed, here nothing
	later := noon.Add(20 * time.Minute)
	f(later, "e", 9, 6)
	if err := p.Commit(t.Context(), later, "b"); !errors.Is(err, capacity.ErrNotHeld) {
		t.Errorf("commit of what has expired: %v", err)
	}
	if err := errors.Join(p.Release(t.Context(), later, "e"), p.Release(t.Context(), later, "never")); err != nil {
		t.Error(err)
	}
	held := capacity.Held{Request: request(h, "r", "", foreshock.DimReplicas, 2, 4), Grant: capacity.Grant{ID: "r", Granted: of(foreshock.DimReplicas, 4), Expires: later.Add(time.Minute)}}
	p = planner(t, h)
	if err := p.Restore(t.Context(), later, []capacity.Held{held}); err != nil {
		t.Fatal(err)
	}
	f(later, "f", 9, 4)
	other := request(h, "r", "", foreshock.DimReplicas, 2, 4)
	other.Workload = "another"
	if _, err := p.Reserve(t.Context(), later, other); err == nil {
		t.Error("a grant was given to another workload")
	}
}

// What another target asks for is none of the cluster's business; what cannot be read is an error.
func TestWhatIsNotAsked(t *testing.T) {
	h := newHands(t)
	p := planner(t, h)
	r := request(h, "1", "", foreshock.DimReplicas, 2, 5)
	r.Target = "cloud"
	if g, err := p.Reserve(t.Context(), noon, r); err != nil || g.Granted != r.To {
		t.Errorf("%+v, %v", g, err)
	}
	r = request(h, "2", "", foreshock.DimReplicas, 2, 5)
	r.Resource = "statefulsets.apps/" + h.Namespace + "/nobody"
	if g, err := p.Reserve(t.Context(), noon, r); err == nil {
		t.Errorf("%+v", g)
	}
}

func TestSample(t *testing.T) {
	text, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cluster := `{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}], contexts: [{name: c, context: {cluster: c}}]}`
	file := filepath.Join(dir, "foreshock.yaml")
	for name, content := range map[string]string{"kubeconfig": cluster, "foreshock.yaml": strings.ReplaceAll(string(text), "/etc/foreshock/kubeconfig", filepath.Join(dir, "kubeconfig"))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kubernetes.Factory.New(loaded.Capacity[0].Block.Decode, capacity.Env{}); err != nil {
		t.Error(err)
	}
}

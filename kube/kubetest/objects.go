package kubetest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/foreshock-io/foreshock/kube"
)

// Hands do in a cluster what people and controllers would. Namespace is one of the test's own.
type Hands struct {
	*kube.Cluster
	Server    *Server
	Namespace string
	t         testing.TB
}

// NewHands connects as the user who may do everything, and makes a namespace.
func NewHands(t testing.TB, s *Server) *Hands {
	t.Helper()
	cfg := kube.Defaults()
	cfg.Kubeconfig = s.Kubeconfig(t, "", Admin)
	c, err := kube.Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := &Hands{Cluster: c, Server: s, t: t}
	o := h.Create("namespaces", `{apiVersion: v1, kind: Namespace, metadata: {generateName: test-}}`)
	h.Namespace = o.GetName()
	return h
}

func (h *Hands) client(kind string) dynamic.ResourceInterface {
	h.t.Helper()
	m, err := h.Kind(kind)
	if err != nil {
		h.t.Fatal(err)
	}
	if m.Scope.Name() == "root" {
		return h.Resource(m.Resource)
	}
	return h.Resource(m.Resource).Namespace(h.Namespace)
}

// Create makes an object from YAML; NAMESPACE in it stands for the test's own.
func (h *Hands) Create(kind, text string) *unstructured.Unstructured {
	h.t.Helper()
	o := &unstructured.Unstructured{}
	data, err := yaml.YAMLToJSON([]byte(strings.ReplaceAll(text, "NAMESPACE", h.Namespace)))
	if err == nil {
		err = o.UnmarshalJSON(data)
	}
	if err == nil {
		o, err = h.client(kind).Create(h.t.Context(), o, metav1.CreateOptions{FieldManager: "kubectl-create"})
	}
	if err != nil {
		h.t.Fatalf("create %s: %v", kind, err)
	}
	return o
}

// Define makes a kind, where it is not there yet, and waits until it is served.
func (h *Hands) Define(kind, definition string) {
	h.t.Helper()
	if _, err := h.Kind(kind); err == nil {
		return
	}
	h.Create("customresourcedefinitions.apiextensions.k8s.io", definition)
	h.Until(func() bool {
		h.Forget()
		_, err := h.Kind(kind)
		return err == nil
	})
}

// Get reads an object.
func (h *Hands) Get(kind, name string) *unstructured.Unstructured {
	h.t.Helper()
	o, err := h.client(kind).Get(h.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		h.t.Fatalf("get %s %s: %v", kind, name, err)
	}
	return o
}

// Patch merges fields into an object, or into a subresource of it, as a field manager.
func (h *Hands) Patch(kind, name, manager string, fields map[string]any, subresource ...string) {
	h.t.Helper()
	body, err := json.Marshal(fields)
	if err == nil {
		_, err = h.client(kind).Patch(h.t.Context(), name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: manager}, subresource...)
	}
	if err != nil {
		h.t.Fatalf("patch %s %s: %v", kind, name, err)
	}
}

// Status merges fields into an object's status, as its controller would.
func (h *Hands) Status(kind, name string, status map[string]any) {
	h.t.Helper()
	h.Patch(kind, name, "controller", map[string]any{"status": status}, "status")
}

// Until waits for something that the server does by itself, as serving a new kind.
func (h *Hands) Until(is func() bool) {
	h.t.Helper()
	for range 600 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.t.Fatal("what was waited for did not come")
}

package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/kube"
	"github.com/foreshock-io/foreshock/kube/kubetest"
)

const binding = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: foreshock}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: foreshock}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: foreshock}]
`

// role is the one that the README shows.
func role(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "```yaml\n")
	role, _, found := strings.Cut(after, "```")
	if !found {
		t.Fatal("README.md shows no role")
	}
	return role
}

// The rights that the README names suffice for every kind of change, and without them it is told that they are missing.
func TestRights(t *testing.T) {
	h := withStorage(t, true)
	h.Create("deployments.apps", strings.Replace(workload, "KIND", "Deployment", 1))
	settled("deployments.apps")(h)
	h.Create("statefulsets.apps", strings.Replace(workload, "KIND", "StatefulSet", 1))
	settled("statefulsets.apps")(h)
	for i := range 2 {
		bound(h, fmt.Sprintf("data-orders-%d", i))
	}
	running(h, "orders-0", "")
	h.Define("scaledobjects.keda.sh", freely("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject"))
	h.Define("verticalpodautoscalers.autoscaling.k8s.io", freely("autoscaling.k8s.io", "v1", "verticalpodautoscalers", "VerticalPodAutoscaler"))
	cfg := Config{Config: kube.Defaults()}
	cfg.Kubeconfig = h.Server.Kubeconfig(t, "", kubetest.Least)
	target, err := New(cfg, act.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.Read(t.Context(), "deployments.apps/"+h.Namespace+"/orders"); !errors.Is(err, act.ErrDenied) {
		t.Errorf("without rights: %v, want ErrDenied", err)
	}
	h.Create("clusterroles.rbac.authorization.k8s.io", role(t))
	h.Create("clusterrolebindings.rbac.authorization.k8s.io", binding)
	h.Until(func() bool { // the authorizer has heard of it
		_, err := target.Read(t.Context(), "deployments.apps/"+h.Namespace+"/orders")
		return err == nil
	})
	iops := amounts(map[foreshock.Dimension]float64{foreshock.DimIOPS: 4321})
	for place, to := range map[string]foreshock.Allocation{
		"deployments.apps/NS/orders":                  replicas(3),
		"statefulsets.apps/NS/orders":                 replicas(3),
		"statefulsets.apps/NS/orders/volumes/data":    size(20).Over(iops),
		persistent("NS", "data-orders-0"):             size(30),
		"statefulsets.apps/NS/orders/containers/main": processors(3, 2),
		"pods/NS/orders-0/containers/main":            processors(4, 2),
	} {
		resource := strings.Replace(place, "NS", h.Namespace, 1)
		now, err := target.Read(t.Context(), resource)
		if err != nil {
			t.Errorf("%s: %v", place, err)
			continue
		}
		if err := target.(interface {
			MayChange(context.Context, string) error
		}).MayChange(t.Context(), resource); err != nil {
			t.Errorf("%s may not be changed: %v", place, err)
		}
		action := foreshock.Action{ID: place, Resource: resource, From: now.Allocated, To: to}
		if err := target.Apply(t.Context(), action); err != nil {
			t.Errorf("%s: %v", place, err)
		}
		if p, err := target.Follow(t.Context(), action); err != nil || !p.UnderWay {
			t.Errorf("%s: %+v, %v", place, p, err)
		}
	}
}

func persistent(namespace, name string) string { return kube.Claims + "/" + namespace + "/" + name }

// What the API server says of a right is said on, with the remedy.
func TestMayPatch(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked = r.Method + " " + r.URL.Path + " " + string(body)
		answer := map[string]any{}
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Error(err)
		}
		answer["status"] = map[string]any{"allowed": strings.Contains(asked, `"name":"mine"`)}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	file := t.TempDir() + "/config"
	text := `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u, user: {token: t}}], clusters: [{name: c, cluster: {server: "` + server.URL + `"}}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := kube.Defaults()
	cfg.Kubeconfig = file
	made, err := New(Config{Config: cfg}, act.Env{})
	if err != nil {
		t.Fatal(err)
	}
	f := func(name string, through []string, want string) {
		t.Helper()
		o := &unstructured.Unstructured{}
		o.SetName(name)
		o.SetNamespace("shop")
		m := &member{gvr: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, object: o, through: through}
		got := ""
		if err := made.(*target).mayPatch(t.Context(), m); err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f("mine", []string{"scale"}, "")
	for _, part := range []string{"POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", `"verb":"patch"`, `"subresource":"scale"`, `"namespace":"shop"`, `"group":"apps"`} {
		if !strings.Contains(asked, part) {
			t.Errorf("%s was asked, without %s", asked, part)
		}
	}
	f("theirs", []string{"scale"}, "this account may not patch deployments/scale of apps in namespace shop; give it the verb patch")
	f("theirs", nil, "this account may not patch deployments.apps in namespace shop")
}

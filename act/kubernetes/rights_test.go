package kubernetes

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

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

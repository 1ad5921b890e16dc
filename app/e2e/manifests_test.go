package e2e_test

import (
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/foreshock-io/foreshock/kube/kubetest"
)

const (
	manifestsFile = "../../deploy/kubernetes/foreshock.yaml"
	kindFile      = "../../deploy/kubernetes/scalingpolicy.yaml"
)

var updateManifests = flag.Bool("update-manifests", false, "write deploy/kubernetes/foreshock.yaml as the chart has it")

// objects reads the objects of a file of Kubernetes.
func objects(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var list []*unstructured.Unstructured
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var fields map[string]any
		err := decoder.Decode(&fields)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		if fields == nil {
			continue
		}
		data, err := yaml.Marshal(fields)
		if err == nil {
			data, err = yaml.YAMLToJSON(data)
		}
		o := &unstructured.Unstructured{}
		if err == nil {
			err = o.UnmarshalJSON(data)
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
}

// takes tries objects on the API server, which checks them strictly and keeps none.
func takes(t *testing.T, h *kubetest.Hands, list []*unstructured.Unstructured) {
	t.Helper()
	for _, o := range list {
		kind := strings.TrimSuffix(strings.ToLower(o.GetKind())+"s."+o.GroupVersionKind().Group, ".")
		m, err := h.Kind(kind)
		if err != nil {
			t.Errorf("%s %s: %v", kind, o.GetName(), err)
			continue
		}
		var client dynamic.ResourceInterface = h.Resource(m.Resource)
		if o.GetNamespace() != "" {
			client = h.Resource(m.Resource).Namespace(o.GetNamespace())
		}
		options := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
		if _, err := client.Create(t.Context(), o, options); err != nil {
			t.Errorf("%s %s: %v", kind, o.GetName(), err)
		}
	}
}

// may lists what the roles among objects allow, as "VERB GROUP/RESOURCE".
func may(list []*unstructured.Unstructured) []string {
	var rights []string
	for _, o := range list {
		rules, _, _ := unstructured.NestedSlice(o.Object, "rules")
		for _, r := range rules {
			rule := r.(map[string]any)
			groups, _, _ := unstructured.NestedStringSlice(rule, "apiGroups")
			resources, _, _ := unstructured.NestedStringSlice(rule, "resources")
			verbs, _, _ := unstructured.NestedStringSlice(rule, "verbs")
			for _, g := range groups {
				for _, resource := range resources {
					for _, v := range verbs {
						rights = append(rights, v+" "+g+"/"+resource)
					}
				}
			}
		}
	}
	slices.Sort(rights)
	return slices.Compact(rights)
}

// writing leaves out the rights to see, and to tell of policies.
func writing(rights []string) []string {
	return slices.DeleteFunc(slices.Clone(rights), func(r string) bool {
		verb, what, _ := strings.Cut(r, " ")
		return verb == "get" || verb == "list" || verb == "watch" || what == "foreshock.io/scalingpolicies/status" || what == "/events"
	})
}

// shownRole is the role that a guide shows.
func shownRole(t *testing.T, guide string) []*unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(text), "```yaml\n")[1:] {
		if block, _, _ = strings.Cut(block, "```"); strings.Contains(block, "kind: ClusterRole") {
			return objects(t, block)
		}
	}
	t.Fatalf("%s shows no role", guide)
	return nil
}

// The manifests are taken by an API server, their configuration by the program, and they allow to see and not to change.
func TestManifestsOfCluster(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(manifestsFile)
	if err != nil {
		t.Fatal(err)
	}
	list := objects(t, string(text))
	if rights := may(list); len(rights) < 10 || len(writing(rights)) > 0 {
		t.Errorf("may %q, to change %q", rights, writing(rights))
	}
	checkConfig(t, list)
	h := inNamespace(t)
	takes(t, h, list)
}

// inNamespace is a server with the kind of policies and the namespace that the manifests are for.
func inNamespace(t *testing.T) *kubetest.Hands {
	t.Helper()
	h := kubetest.NewHands(t, kubetest.Start(t))
	kind, err := os.ReadFile(kindFile)
	if err != nil {
		t.Fatal(err)
	}
	h.Define(policyObjects, string(kind))
	h.Create("namespaces", "{apiVersion: v1, kind: Namespace, metadata: {name: foreshock}}")
	return h
}

// checkConfig lets the program check the configuration in a ConfigMap, with a token file where it expects one.
func checkConfig(t *testing.T, list []*unstructured.Unstructured) {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"foreshock", "foreshock-tokens"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	made := command(t, "token", "new", "--role", "read", "--name", "prometheus")
	line := tokenLine.FindString(made.stdout + made.stderr)
	write(t, filepath.Join(dir, "foreshock-tokens", "tokens"), line+"\n")
	found := false
	for _, o := range list {
		config, is, _ := unstructured.NestedString(o.Object, "data", "foreshock.yaml")
		if !is {
			continue
		}
		found = true
		kubeconfig := write(t, filepath.Join(dir, "kubeconfig"), nowhere)
		config = strings.ReplaceAll(config, "kubernetes: {}", `kubernetes: {kubeconfig: "`+kubeconfig+`"}`)
		file := write(t, filepath.Join(dir, "foreshock", "foreshock.yaml"), config)
		if got := command(t, "check", "--offline", file); got.code != 0 {
			t.Errorf("%s%s\n%s", got.stdout, got.stderr, config)
		}
	}
	if !found {
		t.Error("there is no configuration")
	}
}

var tokenLine = regexp.MustCompile(`read sha256:\S+ prometheus`)

// nowhere stands for the cluster that a pod is in.
const nowhere = `
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: me, user: {token: none}}]
`

const manifestsHead = `# What the chart in deploy/helm/foreshock says with its defaults; written by make kubernetes UPDATE=1. Before it:
#   kubectl create namespace foreshock
#   kubectl apply -f scalingpolicy.yaml
#   kubectl -n foreshock create secret generic foreshock-tokens --from-file=tokens
`

// byName are objects by what they are called.
func byName(list []*unstructured.Unstructured) map[string]map[string]any {
	named := map[string]map[string]any{}
	for _, o := range list {
		named[o.GetKind()+" "+o.GetNamespace()+" "+o.GetName()] = o.Object
	}
	return named
}

// TestChartOfCluster renders the chart: as it comes, which is what the plain manifests are, and with everything turned on.
func TestChartOfCluster(t *testing.T) {
	if os.Getenv("HELM") == "" {
		t.Skip("HELM is not set; make kubernetes renders the chart, for which Helm is compiled")
	}
	t.Parallel()
	template := func(settings ...string) string {
		t.Helper()
		args := []string{"tool", "-modfile=go.helm.mod", "helm", "template", "foreshock", "deploy/helm/foreshock", "--namespace", "foreshock"}
		cmd := exec.CommandContext(t.Context(), "go", append(args, settings...)...)
		cmd.Dir = "../.."
		var said strings.Builder
		cmd.Stderr = &said
		text, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, said.String())
		}
		return string(text)
	}
	plain := template()
	if *updateManifests {
		if err := os.WriteFile(manifestsFile, []byte(manifestsHead+plain), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(manifestsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(byName(objects(t, string(text))), byName(objects(t, plain))); diff != "" {
		t.Errorf("%s is not what the chart says; renew it: make kubernetes UPDATE=1\n%s", manifestsFile, diff)
	}

	h := inNamespace(t)
	h.Define("servicemonitors.monitoring.coreos.com", `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: servicemonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {plural: servicemonitors, kind: ServiceMonitor}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`)
	whole := objects(t, template(
		"--set", "rights.write=true,rights.quota=true,serviceMonitor.enabled=true,serviceMonitor.tokenSecret.name=scrape,serviceMonitor.tokenSecret.key=token",
		"--set", "serviceMonitor.labels.release=prometheus,storage.class=fast,serviceAccount.annotations.a=b,podLabels.a=b,podAnnotations.a=b",
		"--set", "imagePullSecrets[0].name=pull,env[0].name=A,env[0].value=b,nodeSelector.a=b,tolerations[0].key=a,tolerations[0].operator=Exists",
		"--set", "volumes[0].name=more,volumeMounts[0].name=more,volumeMounts[0].mountPath=/more",
	))
	takes(t, h, whole)
	checkConfig(t, whole)
	wanted := append(shownRole(t, "../../act/kubernetes/README.md"), shownRole(t, "../../deploy/kubernetes/README.md")...)
	rights := may(whole)
	for _, r := range may(wanted) {
		if !slices.Contains(rights, r) {
			t.Errorf("the chart lacks a right that the program needs: %s", r)
		}
	}
	for _, r := range writing(rights) {
		if !slices.Contains(may(wanted), r) {
			t.Errorf("the chart gives a right that no guide names: %s", r)
		}
	}

	// In some namespaces only: no right to their objects is of the whole cluster.
	some := objects(t, template("--set", "rights.write=true,rights.namespaces={foreshock,default}"))
	takes(t, h, some)
	cluster := slices.DeleteFunc(slices.Clone(some), func(o *unstructured.Unstructured) bool { return o.GetKind() != "ClusterRole" })
	for _, r := range writing(may(cluster)) {
		if r != "create storage.k8s.io/volumeattributesclasses" {
			t.Errorf("of the whole cluster: %s", r)
		}
	}
}

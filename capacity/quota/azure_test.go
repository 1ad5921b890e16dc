package quota

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act/acttest/azuretest"
	"github.com/foreshock-io/foreshock/capacity"
)

func cores(n float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimVCPU, n)
	return a
}

func machines(n float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimReplicas, n)
	return a
}

// newAzurePlanner has the rights of the README, and no more.
func newAzurePlanner(t *testing.T) (*Planner, *azuretest.Cloud) {
	t.Helper()
	cloud, cfg := azuretest.New(), Defaults()
	cfg.Endpoint = cloud.Start(t)
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var role struct{ Actions []string }
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1) {
		if err := json.Unmarshal(block[1], &role); err != nil {
			t.Fatal(err)
		}
	}
	cloud.Allow(role.Actions...)
	cloud.SetUsage("cores", azuretest.Usage{Current: 1, Limit: 10})
	cloud.SetUsage("standardDSv5Family", azuretest.Usage{Current: 60, Limit: 100})
	cfg.Quotas = []Quota{
		{Name: "DSv5", Usage: "StandardDSv5Family", Location: azuretest.Location, Dimension: "vcpu", Draws: everyone},
		{Name: "machines of 2", Usage: "standardDSv5Family", Location: azuretest.Location, Dimension: "replicas", Unit: 0.5, Draws: everyone},
	}
	p, err := New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return p, cloud
}

// Of 100 vCPU 60 are in use: 40 are granted, reserved, committed and released; what was measured and committed is not counted twice.
func TestAzure(t *testing.T) {
	p, cloud := newAzurePlanner(t)
	if g := reserve(t, p, noon, "a", cores(4), cores(34)); g.Granted != cores(34) || g.Reason != "" {
		t.Errorf("%+v", g)
	}
	if g := reserve(t, p, noon, "b", cores(8), cores(20)); g.Granted != cores(18) || !strings.Contains(g.Reason, "DSv5 can grant 10 vCPU more") {
		t.Errorf("%+v", g)
	}
	if err := p.Commit(t.Context(), noon, "a"); err != nil {
		t.Fatal(err)
	}
	cloud.SetUsage("standardDSv5Family", azuretest.Usage{Current: 90, Limit: 100})
	if err := p.Release(t.Context(), noon, "b"); err != nil {
		t.Fatal(err)
	}
	later := noon.Add(5 * time.Minute)
	if g := reserve(t, p, later, "c", cores(8), cores(20)); g.Granted != cores(18) {
		t.Errorf("%+v", g)
	}
	if g := reserve(t, p, later, "d", machines(3), machines(9)); g.Granted != machines(8) { // 10 vCPU are 5 machines
		t.Errorf("%+v", g)
	}
}

// Where nothing can be asked, nothing is granted, and no credential is told.
func TestAzureAway(t *testing.T) {
	p, cloud := newAzurePlanner(t)
	f := func(want string) {
		t.Helper()
		g, err := p.Reserve(t.Context(), noon, capacity.Request{ID: "a", Workload: "a", From: cores(1), To: cores(2), For: time.Minute})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v, %v; want %q", g, err, want)
		}
		for _, secret := range azuretest.Secrets() {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Error(err)
			}
		}
	}
	cloud.Allow("none")
	f("quota DSv5 (StandardDSv5Family in westeurope): AuthorizationFailed")
	cloud.Allow("Microsoft.Compute/locations/usages/read")
	p.cfg.Quotas[0].Usage = "standardXFamily"
	f("there is no usage standardXFamily in westeurope")
}

func TestAzureSettings(t *testing.T) {
	for name, value := range azuretest.Environment("http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	f := func(q Quota, want string) {
		t.Helper()
		cfg := Defaults()
		q.Name, q.Dimension, q.Draws = "cores", "vcpu", everyone
		cfg.Quotas = []Quota{q}
		_, err := New(cfg, capacity.Env{})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(Quota{Usage: "cores", Location: "westeurope"}, "")
	f(Quota{Usage: "cores"}, "location must be stated")
	f(Quota{Usage: "cores", Location: "westeurope", Service: "ebs"}, "are of AWS")
	f(Quota{Usage: "cores", Location: "westeurope", InUse: 1}, "are of AWS")
	t.Setenv("AZURE_SUBSCRIPTION_ID", "")
	f(Quota{Usage: "cores", Location: "westeurope"}, "state the subscription's ID")
}

package quota

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/act/acttest/gcptest"
	"github.com/foreshock-io/foreshock/capacity"
)

// newGCPPlanner has the right of the README, and no more.
func newGCPPlanner(t *testing.T) (*Planner, *gcptest.Engine) {
	t.Helper()
	engine := gcptest.New(nil)
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "includedPermissions:\n- ")
	right, _, found := strings.Cut(after, "\n")
	if !found {
		t.Fatal("the README has no role")
	}
	engine.Role = []string{right}
	engine.SetQuota("europe-west4", "HDB_TOTAL_IOPS", gcptest.Quota{Limit: 60000, Usage: 50000})
	engine.SetQuota("europe-west4", "SSD_TOTAL_GB", gcptest.Quota{Limit: 2048, Usage: 1000})
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", gcptest.Credentials(t))
	cfg := Defaults()
	cfg.Project, cfg.Compute = gcptest.Project, server.URL
	cfg.Quotas = []Quota{
		{Name: "Hyperdisk IOPS", Metric: "HDB_TOTAL_IOPS", Location: "europe-west4", Dimension: "iops", Draws: everyone},
		{Name: "SSD", Metric: "SSD_TOTAL_GB", Location: "europe-west4", Dimension: "size", Unit: 1 << 30, Draws: everyone},
	}
	p, err := New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return p, engine
}

// Of 60,000 IOPS 50,000 are in use: 10,000 are granted, reserved, committed and released; what was measured and committed is not counted twice.
func TestGCP(t *testing.T) {
	p, engine := newGCPPlanner(t)
	if g := reserve(t, p, noon, "a", iops(20000), iops(26000)); g.Granted != iops(26000) || g.Reason != "" {
		t.Errorf("%+v", g)
	}
	if g := reserve(t, p, noon, "b", iops(30000), iops(36000)); g.Granted != iops(34000) || !strings.Contains(g.Reason, "Hyperdisk IOPS can grant 4000 IOPS more") {
		t.Errorf("%+v", g)
	}
	if err := p.Commit(t.Context(), noon, "a"); err != nil {
		t.Fatal(err)
	}
	engine.SetQuota("europe-west4", "HDB_TOTAL_IOPS", gcptest.Quota{Limit: 60000, Usage: 56000})
	if err := p.Release(t.Context(), noon, "b"); err != nil {
		t.Fatal(err)
	}
	later := noon.Add(5 * time.Minute)
	if g := reserve(t, p, later, "c", iops(30000), iops(40000)); g.Granted != iops(34000) {
		t.Errorf("%+v", g)
	}
	if g := reserve(t, p, later, "d", size(1000), size(3000)); g.Granted != size(2048) {
		t.Errorf("%+v", g)
	}
	if said, err := p.Probe(t.Context()); err != nil || said != "answers for 2 quotas" {
		t.Errorf("%s, %v", said, err)
	}
	if used := engine.Used(); len(used) != 1 || used[0] != engine.Role[0] {
		t.Errorf("used are %v", used)
	}
}

// Where nothing can be asked, nothing is granted, and no credential is told.
func TestGCPAway(t *testing.T) {
	f := func(change func(*Planner, *gcptest.Engine), want string) {
		t.Helper()
		p, engine := newGCPPlanner(t)
		change(p, engine)
		r := capacity.Request{ID: "a", Workload: "a", From: iops(1), To: iops(2), For: time.Minute}
		if g, err := p.Reserve(t.Context(), noon, r); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "eyJ") {
			t.Errorf("%+v, %v; want %q", g, err, want)
		}
	}
	f(func(_ *Planner, e *gcptest.Engine) { e.Role = []string{} }, "quota Hyperdisk IOPS (HDB_TOTAL_IOPS in europe-west4): 403 forbidden")
	f(func(p *Planner, _ *gcptest.Engine) { p.cfg.Quotas[0].Location = "europe-west9" }, "404 notFound")
	f(func(p *Planner, _ *gcptest.Engine) { p.cfg.Quotas[0].Metric = "HDB_TOTAL" }, "there is no metric HDB_TOTAL in europe-west4")
}

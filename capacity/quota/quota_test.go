package quota

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act/acttest/awstest"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/capacitytest"
	"github.com/foreshock-io/foreshock/capacity/limits"
	"github.com/foreshock-io/foreshock/config"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func settings(t *testing.T, endpoint string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"AWS_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
}

// account is Service Quotas, with EBS beside it. It counts what it was asked.
type account struct {
	ebs   *awstest.EBS
	own   map[string]float64 // by code
	all   map[string]float64
	away  bool
	asked int
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, json1 := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !json1 {
		a.ebs.ServeHTTP(w, r)
		return
	}
	var in struct{ ServiceCode, QuotaCode string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	a.asked++
	values := a.own
	if operation == "GetAWSDefaultServiceQuota" {
		values = a.all
	}
	value, known := values[in.QuotaCode]
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch {
	case a.away:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type": "AccessDeniedException", "message": "no, AKIAIOSFODNN7EXAMPLE"}`)
	case !known:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type": "NoSuchResourceException"}`)
	default:
		fmt.Fprintf(w, `{"Quota": {"QuotaCode": %q, "Value": %g}}`, in.QuotaCode, value)
	}
}

func iops(x float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimIOPS, x)
	return a
}

func size(gib float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimSize, gib*(1<<30))
	return a
}

var everyone = []limits.Draw{{Workload: "**"}}

func newPlanner(t *testing.T, a *account) *Planner {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	settings(t, server.URL)
	cfg := Defaults()
	cfg.Quotas = []Quota{
		{Name: "io2", Service: "ebs", Code: "L-8D977E7E", Dimension: "iops", VolumeType: "io2", Draws: everyone},
		{Name: "gp3", Service: "ebs", Code: "L-7A658B76", Dimension: "size", Unit: 1 << 40, VolumeType: "gp3", Draws: everyone},
	}
	p, err := New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newAccount() *account {
	return &account{
		ebs: awstest.NewEBS(map[string]awstest.Volume{
			"vol-1": {Type: "io2", Size: 100, IOPS: 20000}, "vol-2": {Type: "io2", Size: 100, IOPS: 30000}, "vol-3": {Type: "gp3", Size: 1000, IOPS: 3000, Throughput: 125},
		}, nil),
		own: map[string]float64{"L-8D977E7E": 60000}, all: map[string]float64{"L-8D977E7E": 1, "L-7A658B76": 1},
	}
}

func reserve(t *testing.T, p *Planner, now time.Time, id string, from, to foreshock.Allocation) capacity.Grant {
	t.Helper()
	g, err := p.Reserve(t.Context(), now, capacity.Request{ID: id, Workload: foreshock.ID(id), From: from, To: to, For: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestPlanner(t *testing.T) {
	of := func(workload foreshock.ID, from float64) capacity.Request {
		return capacity.Request{Workload: workload, Target: "cloud", Resource: string(workload), From: iops(from)}
	}
	capacitytest.Run(t, func(t *testing.T) capacitytest.Subject {
		return capacitytest.Subject{
			Planner: newPlanner(t, newAccount()), First: of("vol-1", 20000), Second: of("vol-2", 30000), Dimension: foreshock.DimIOPS,
			Room: 10000, Unit: 1, Why: "pool io2 can grant",
		}
	})
}

// Of 60,000 IOPS volumes have 50,000: 10,000 are granted, reserved, committed and released.
func TestReserveCommitRelease(t *testing.T) {
	a := newAccount()
	p := newPlanner(t, a)
	if g := reserve(t, p, noon, "a", iops(20000), iops(26000)); g.Granted != iops(26000) || g.Reason != "" {
		t.Errorf("%+v", g)
	}
	if g := reserve(t, p, noon, "b", iops(30000), iops(36000)); g.Granted != iops(34000) || !strings.Contains(g.Reason, "io2 can grant 4000 IOPS more") {
		t.Errorf("%+v", g)
	}
	if g := reserve(t, p, noon, "c", iops(100), iops(200)); g.Granted != iops(100) {
		t.Errorf("%+v", g)
	}
	if a.asked != 1 {
		t.Errorf("it was asked %d times within a minute", a.asked)
	}
	// In use and committed: what is measured then is not counted twice.
	if err := p.Commit(t.Context(), noon, "a"); err != nil {
		t.Fatal(err)
	}
	a.ebs.Change("vol-1", func(v *awstest.Volume) { v.IOPS = 26000 })
	if err := p.Release(t.Context(), noon, "b"); err != nil {
		t.Fatal(err)
	}
	later := noon.Add(5 * time.Minute)
	if g := reserve(t, p, later, "d", iops(30000), iops(40000)); g.Granted != iops(34000) {
		t.Errorf("%+v", g)
	}
	// What is not committed expires.
	later = later.Add(11 * time.Minute)
	if g := reserve(t, p, later, "e", iops(30000), iops(33000)); g.Granted != iops(33000) {
		t.Errorf("%+v", g)
	}
	a.own["L-8D977E7E"] = 100_000 // the account gets more
	later = later.Add(2 * time.Minute)
	if g := reserve(t, p, later, "f", iops(1000), iops(100_000)); g.Granted != iops(42000) {
		t.Errorf("%+v", g)
	}
}

// A quota in TiB, of which the account has no value of its own.
func TestUnitAndDefault(t *testing.T) {
	p := newPlanner(t, newAccount())
	if g := reserve(t, p, noon, "a", size(1000), size(2000)); g.Granted != size(1024) {
		t.Errorf("%+v", g)
	}
}

// Where nothing can be asked, nothing is granted, and no credential is told.
func TestAway(t *testing.T) {
	a := newAccount()
	p := newPlanner(t, a)
	r := capacity.Request{ID: "a", Workload: "a", From: iops(1), To: iops(2), For: time.Minute}
	f := func(want string) {
		t.Helper()
		if g, err := p.Reserve(t.Context(), noon, r); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "AKIA") {
			t.Errorf("%+v, %v; want %q", g, err, want)
		}
		if err := p.Commit(t.Context(), noon, "a"); !errors.Is(err, capacity.ErrNotHeld) {
			t.Error(err)
		}
	}
	a.away = true
	f("AccessDeniedException")
	a.away = false
	delete(a.own, "L-8D977E7E")
	delete(a.all, "L-8D977E7E")
	f("quota io2 (L-8D977E7E of ebs): NoSuchResourceException")
}

// Service Quotas as moto has it: the quota of VPCs, here as replicas.
func TestMoto(t *testing.T) {
	moto := awstest.Moto(t)
	settings(t, moto.URL)
	cfg := Defaults()
	cfg.Quotas = []Quota{{Name: "VPCs", Service: "vpc", Code: "L-F678F1CE", Dimension: "replicas", InUse: 2, Draws: everyone}}
	p, err := New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	count := func(n float64) (a foreshock.Allocation) { a.Set(foreshock.DimReplicas, n); return a }
	if g := reserve(t, p, noon, "a", count(1), count(9)); g.Granted != count(4) { // 5 in all
		t.Errorf("%+v", g)
	}
}

func TestSettings(t *testing.T) {
	settings(t, "http://127.0.0.1:1")
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := Defaults()
		cfg.Quotas = []Quota{{Name: "io2", Service: "ebs", Code: "L-8D977E7E", Dimension: "iops", Draws: everyone}}
		change(&cfg)
		if _, err := New(cfg, capacity.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(c *Config) { c.Quotas = nil }, "quotas is empty")
	f(func(c *Config) { c.Quotas[0].Usage, c.Quotas[0].Metric = "cores", "CPUS" }, "state one of them")
	f(func(c *Config) { c.Quotas[0].Metric = "CPUS" }, "is of Google Cloud, which says what is in use")
	f(func(c *Config) { c.Quotas[0] = Quota{Name: "x", Metric: "CPUS", Dimension: "vcpu", Draws: everyone} }, "location must be stated")
	f(func(c *Config) { c.Quotas[0].Code = "" }, "quotas[0]: service and code")
	f(func(c *Config) { c.Quotas[0].Unit = -1 }, "unit must be above 0")
	f(func(c *Config) { c.Quotas[0].Dimension = "vcpu"; c.Quotas[0].VolumeType = "io2" }, `volumes have no "vcpu"`)
	f(func(c *Config) { c.Quotas[0].InUse, c.Quotas[0].VolumeType = 1, "io2" }, "exclude each other")
	f(func(c *Config) { c.Quotas[0].Dimension = "colour" }, "colour")
	f(func(c *Config) { c.Quotas[0].Draws = nil }, "draws")
	f(func(c *Config) { c.Fresh = -1 }, "fresh")
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Factory.New(file.Capacity[0].Block.Decode, capacity.Env{}); err != nil || file.Capacity[0].Kind != Factory.Name {
		t.Error(err)
	}
}

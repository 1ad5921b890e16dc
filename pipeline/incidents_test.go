package pipeline_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
)

// slow says from which minutes on a volume's latency is twenty times as high, for half an hour.
type slow map[foreshock.ID][]int

// fleet runs volumes for 800 minutes and gives the anomaly of each that began last, after the 600th, as it was in the end.
func fleet(t *testing.T, ids []foreshock.ID, policies []decide.Policy, bad slow) map[foreshock.ID]foreshock.Anomaly {
	t.Helper()
	last := map[foreshock.ID]foreshock.Anomaly{}
	for _, a := range anomalies(t, ids, policies, bad) {
		last[a.Workload] = a
	}
	return last
}

// anomalies does the same and gives every change.
func anomalies(t *testing.T, ids []foreshock.ID, policies []decide.Policy, bad slow) (list []foreshock.Anomaly) {
	t.Helper()
	const minutes, late = 800, 600
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	with := stages(t)
	with.Policies = append(policies, with.Policies...)
	p := pipeline.New(with, pipeline.Options{
		Step: time.Minute, Most: 100, Virtual: true,
		Event: func(e *foreshock.Event) {
			if a := e.Anomaly; a != nil && a.Start.After(begin.Add(late*time.Minute)) {
				list = append(list, *a)
			}
		},
	})
	handles := make([]ingest.Handle, len(ids))
	rngs := make([]*rand.Rand, len(ids))
	for i, id := range ids {
		var err error
		if handles[i], err = p.Register(id, ingest.About{Source: "test", Step: time.Minute}); err != nil {
			t.Fatal(err)
		}
		rngs[i] = rand.New(rand.NewPCG(uint64(i), 9))
	}
	for m := range minutes {
		at := begin.Add(time.Duration(m)*time.Minute + time.Second)
		var readings []ingest.Reading
		for i, id := range ids {
			latency := 0.002 * math.Exp(0.1*rngs[i].NormFloat64())
			for _, from := range bad[id] {
				if m >= from && m < from+30 {
					latency *= 20
				}
			}
			readings = append(readings, ingest.Reading{Handle: handles[i], Field: ingest.Latency, Time: at.UnixMilli(), Value: latency})
		}
		if err := p.Push(context.Background(), readings); err != nil {
			t.Fatal(err)
		}
		if err := p.Advance(context.Background(), at.Add(59*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// ids are the volumes of hosts.
func ids(hosts, volumes int) (list []foreshock.ID) {
	for h := range hosts {
		for v := range volumes {
			list = append(list, foreshock.ID(fmt.Sprintf("host%d/%c", h, 'a'+v)))
		}
	}
	return list
}

// Volumes of a host that become slow together are one incident; one that does so alone, or later, is none.
func TestIncidentOfAHost(t *testing.T) {
	last := fleet(t, ids(2, 4), nil, slow{"host0/b": {700}, "host0/a": {701}, "host0/d": {712}, "host1/a": {700}})
	for _, id := range []foreshock.ID{"host0/a", "host0/b", "host0/d", "host1/a"} {
		if a, ok := last[id]; !ok || a.End.IsZero() {
			t.Fatalf("%s has no anomaly that ended: %+v", id, a)
		}
	}
	a, b := last["host0/a"], last["host0/b"]
	if a.Incident == nil || b.Incident == nil || a.Incident.ID != b.Incident.ID {
		t.Fatalf("%+v and %+v are not one incident", a.Incident, b.Incident)
	}
	if a.Incident.ID != "incident-"+b.ID || a.Incident.Count != 2 || a.Incident.Of != 4 || a.Incident.Cause != "host0" {
		t.Errorf("%+v", a.Incident)
	}
	const want = "2 of 4 workloads of host0 go together, host0/b first: a shared cause"
	if strings.Count(a.Text, want) != 1 || strings.Count(b.Text, want) != 1 {
		t.Errorf("%q and %q do not say once: %s", a.Text, b.Text, want)
	}
	if late, other := last["host0/d"], last["host1/a"]; late.Incident != nil || other.Incident != nil {
		t.Errorf("alone, but in an incident: %+v, %+v", late.Incident, other.Incident)
	}
}

// Chance brings two of many together: less than a third is none.
func TestIncidentOfTooFew(t *testing.T) {
	last := fleet(t, ids(1, 7), nil, slow{"host0/a": {700}, "host0/b": {700}})
	if a := last["host0/a"]; a.ID == "" || a.Incident != nil {
		t.Errorf("two of seven: %+v", a)
	}
	last = fleet(t, ids(1, 7), nil, slow{"host0/a": {700}, "host0/b": {700}, "host0/c": {700}})
	if a := last["host0/a"]; a.Incident == nil || a.Incident.Count != 3 {
		t.Errorf("three of seven: %+v", a)
	}
}

// Workloads that use one resource of a target are one incident, whatever they are called.
func TestIncidentOfAResource(t *testing.T) {
	policy := decide.Default()
	policy.Name, policy.Match, policy.Target, policy.Resource = "pool", []string{"db", "web"}, "san", "pool-7"
	last := fleet(t, []foreshock.ID{"db", "web", "mail"}, []decide.Policy{policy}, slow{"db": {700}, "web": {700}, "mail": {700}})
	a, b, c := last["db"], last["web"], last["mail"]
	if a.Incident == nil || b.Incident == nil || a.Incident.ID != b.Incident.ID || a.Incident.Cause != "resource pool-7 of san" || a.Incident.Of != 2 {
		t.Errorf("%+v and %+v", a.Incident, b.Incident)
	}
	if c.ID == "" || c.Incident != nil {
		t.Errorf("it shares nothing: %+v", c)
	}
}

// An incident ends with the last of its anomalies; what comes then is another. Each is told once of each anomaly, beside its changes.
func TestIncidentsFollow(t *testing.T) {
	seen := map[string]int{} // first told, by incident and workload
	for _, a := range anomalies(t, ids(1, 2), nil, slow{"host0/a": {620, 720}, "host0/b": {620, 720}}) {
		if a.Incident == nil {
			continue
		}
		if !strings.HasSuffix(a.Text, a.Incident.Text()) || strings.Count(a.Text, "go together") != 1 {
			t.Errorf("%q", a.Text)
		}
		seen[a.Incident.ID+" "+string(a.Workload)]++
	}
	if len(seen) != 4 {
		t.Errorf("want two incidents of two workloads, not %v", seen)
	}
}

package e2e_test

import (
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/act/acttest/gcptest"
)

// TestHyperdisk is a Hyperdisk under load from its samples to the verdict: 3,000 IOPS become 4,600, and the throughput goes with them in one call; both
// cannot be changed again for 4 hours, and the size can.
func TestHyperdisk(t *testing.T) {
	t.Parallel()
	const name = "europe-west4-a/orders"
	engine := gcptest.New(map[string]gcptest.Disk{name: {Type: "hyperdisk-balanced", Size: 100, IOPS: 3000, Throughput: 140}})
	engine.Delay = 300 * time.Millisecond
	faults := gcptest.NewFaults(engine)
	server := httptest.NewServer(faults)
	t.Cleanup(func() { faults.Close(); server.Close() })

	target := "gcp: {project: " + gcptest.Project + ", endpoint: " + server.URL + "}"
	cmd := exec.Command(binary(t), "run", "-c", config(t, t.TempDir(), volumeConfig("gcp", target)))
	cmd.Dir = t.TempDir()
	cmd.Env = append(environment(cmd.Dir), "GOOGLE_APPLICATION_CREDENTIALS="+gcptest.Credentials(t))
	p := startCommand(t, cmd)
	p.loadVolume("disk/"+name, func() float64 { d, _ := engine.Disk(name); return d.IOPS })

	calls := faults.Calls()
	if len(calls) != 1 || !strings.Contains(calls[0].Path, "updateMask=provisionedIops%2CprovisionedThroughput") {
		t.Fatalf("asked for %v", calls)
	}
	if d, changes := engine.Disk(name); d.IOPS != 4600 || d.Throughput != 200 || d.Size != 100 || changes != 1 {
		t.Errorf("the disk is %+v after %d changes", d, changes)
	}
	p.changedOnce("gcp/disk/" + name)
	var seen struct {
		Resource struct {
			Rules map[string]struct {
				NotBefore time.Time `json:"not_before"`
			}
		}
	}
	p.until("shows when the next change is allowed", func() bool {
		p.ask("/workloads/gcp/disk/"+name, &seen)
		r := seen.Resource.Rules
		return time.Until(r["iops"].NotBefore) > 3*time.Hour && time.Until(r["throughput"].NotBefore) > 3*time.Hour && r["size"].NotBefore.IsZero()
	})
	p.stop()
	if said := p.out.String(); strings.Contains(said, "eyJ") || strings.Contains(said, "PRIVATE KEY") {
		t.Error("a credential is in the log")
	}
}

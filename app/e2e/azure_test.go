package e2e_test

import (
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/act/acttest/azuretest"
)

// TestDiskOfAzure is a Premium SSD v2 under load from its samples to the verdict: 3,000 IOPS become 4,600, and the throughput goes with them in one
// call, one of the four that are allowed in 24 hours. The token is that of a managed identity.
func TestDiskOfAzure(t *testing.T) {
	t.Parallel()
	const disk = "prod/data-1"
	cloud := azuretest.New()
	cloud.Updating = 300 * time.Millisecond
	cloud.AddSize("Standard_D8s_v5", azuretest.Size{VCPU: 8, Memory: 32, IOPS: 12800, BytesPerSec: 290e6})
	cloud.AddVM("prod/db", azuretest.VM{Size: "Standard_D8s_v5"})
	cloud.AddDisk(disk, azuretest.Disk{SKU: "PremiumV2_LRS", Size: 100, IOPS: 3000, MBps: 125, VM: "prod/db"})
	server := httptest.NewServer(cloud)
	t.Cleanup(func() { cloud.Close(); server.Close() })

	cmd := exec.Command(binary(t), "run", "-c", config(t, t.TempDir(), strings.Replace(volumeConfig("azure", "azure: {endpoint: "+server.URL+"}"), "200MiB", "200MB", 1)))
	cmd.Dir = t.TempDir()
	cmd.Env = environment(cmd.Dir)
	for name, value := range azuretest.Environment(server.URL) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	p := startCommand(t, cmd)
	p.loadVolume("disk/"+disk, func() float64 { has, _ := cloud.Disk(disk); return has.IOPS })

	calls := cloud.Calls()
	if len(calls) != 1 || !strings.Contains(calls[0].Body, `"diskIOPSReadWrite":4600`) || !strings.Contains(calls[0].Body, `"diskMBpsReadWrite":200`) {
		t.Fatalf("asked for %+v", calls)
	}
	if has, began := cloud.Disk(disk); has.IOPS != 4600 || has.MBps != 200 || began != 1 {
		t.Errorf("the disk is %+v after %d changes", has, began)
	}
	p.changedOnce("azure/disk/" + disk)
	p.stop()
	for _, secret := range azuretest.Secrets() {
		if strings.Contains(p.out.String(), secret) {
			t.Error("a credential is in the log")
		}
	}
}

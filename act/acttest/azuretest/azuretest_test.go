package azuretest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"

	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

// client is the SDK's, of a cloud with a clock that only the test moves.
func client(t *testing.T, d Disk) (*Cloud, *armcompute.DisksClient, *time.Time) {
	t.Helper()
	c, now := New(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c.Now, c.Updating = func() time.Time { return now }, time.Minute
	account, err := azuresdk.Load("", c.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	disks, err := armcompute.NewDisksClient(account.Subscription, account.Credential, account.Options)
	if err != nil {
		t.Fatal(err)
	}
	c.AddDisk("prod/data", d)
	return c, disks, &now
}

// update asks for an update and gives the code of a refusal, or "".
func update(t *testing.T, disks *armcompute.DisksClient, p armcompute.DiskUpdateProperties) string {
	t.Helper()
	_, err := disks.BeginUpdate(t.Context(), "prod", "data", armcompute.DiskUpdate{Properties: &p}, nil)
	var no *azcore.ResponseError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &no):
		t.Fatal(err)
	}
	return no.ErrorCode
}

func size(gib int32) armcompute.DiskUpdateProperties {
	return armcompute.DiskUpdateProperties{DiskSizeGB: &gib}
}

func tier(name string) armcompute.DiskUpdateProperties {
	return armcompute.DiskUpdateProperties{Tier: &name}
}

func performance(iops, mbps int64) armcompute.DiskUpdateProperties {
	return armcompute.DiskUpdateProperties{DiskIOPSReadWrite: &iops, DiskMBpsReadWrite: &mbps}
}

const (
	bad     = "BadRequest"
	refused = "OperationNotAllowed"
)

// Each rule of a disk by the code with which it is refused.
func TestRefusals(t *testing.T) {
	f := func(want string, d Disk, p armcompute.DiskUpdateProperties) {
		t.Helper()
		c, disks, _ := client(t, d)
		if got := update(t, disks, p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if has, _ := c.Disk("prod/data"); has.underWay != (want == "") {
			t.Errorf("under way: %t; want %q", has.underWay, want)
		}
	}
	v2 := Disk{SKU: "PremiumV2_LRS", Size: 100, IOPS: 3000, MBps: 125}
	f("", v2, performance(50000, 2000))
	f(bad, v2, performance(50001, 125))
	f(bad, v2, performance(2999, 125))
	f(bad, v2, performance(3000, 751))
	f("", v2, size(65536))
	f(refused, v2, size(65537))
	f(refused, v2, size(99))
	f("", v2, performance(3000, 125)) // nothing changes, and it counts
	f(bad, v2, tier("P10"))
	ultra := Disk{SKU: "UltraSSD_LRS", Size: 4, IOPS: 100, MBps: 1}
	f("", ultra, performance(4000, 1000))
	f(bad, ultra, performance(4001, 1))
	f(bad, ultra, performance(100, 26))
	premium := Disk{SKU: "Premium_LRS", Size: 128}
	f("", premium, tier("P50"))
	f(bad, premium, tier("P60"))
	f(bad, premium, tier("P6"))
	f(bad, premium, performance(1000, 125))
	f("", Disk{SKU: "Premium_LRS", Size: 4096}, size(4097))
	f(refused, Disk{SKU: "Premium_LRS", Size: 4096, VM: "prod/db"}, size(4097))
	f("", Disk{SKU: "Premium_LRS", Size: 4097, VM: "prod/db"}, size(5000))
	f(refused, Disk{SKU: "Premium_LRS", Size: 128, VM: "prod/db", OS: true}, size(256))
	f(refused, Disk{SKU: "Premium_LRS", Size: 128, VM: "prod/db", Shares: 2}, tier("P20"))
}

// Four changes in any 24 hours, of which the creation is one, each after the one before it; no longer and no shorter.
func TestBudgetOfDisks(t *testing.T) {
	c, disks, now := client(t, Disk{SKU: "PremiumV2_LRS", Size: 100, IOPS: 3000, MBps: 125, Created: time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)})
	begin := *now
	f := func(after time.Duration, iops int64, want string, has float64) {
		t.Helper()
		*now = begin.Add(after)
		if got := update(t, disks, performance(iops, 125)); got != want {
			t.Errorf("after %s: %q, want %q", after, got, want)
		}
		if d, _ := c.Disk("prod/data"); d.IOPS != has {
			t.Errorf("after %s: %g IOPS, want %g", after, d.IOPS, has)
		}
	}
	f(0, 4000, "", 3000)
	f(time.Minute-1, 5000, refused, 3000) // it is under way
	f(time.Minute, 5000, "", 4000)
	f(2*time.Minute, 6000, "", 5000)
	f(3*time.Minute, 7000, refused, 6000)
	f(23*time.Hour-1, 7000, refused, 6000)
	f(23*time.Hour, 7000, "", 6000) // a day after the creation
	f(24*time.Hour-1, 8000, refused, 7000)
	f(24*time.Hour, 8000, "", 7000)
}

// A tier is lowered once in 12 hours, and raised at any time.
func TestTiersOfDisks(t *testing.T) {
	_, disks, now := client(t, Disk{SKU: "Premium_LRS", Size: 128, Tier: "P40"})
	begin := *now
	f := func(after time.Duration, name, want string) {
		t.Helper()
		*now = begin.Add(after)
		if got := update(t, disks, tier(name)); got != want {
			t.Errorf("after %s to %s: %q, want %q", after, name, got, want)
		}
	}
	f(0, "P30", "")
	f(time.Hour, "P20", refused)
	f(2*time.Hour, "P50", "")
	f(12*time.Hour-1, "P20", refused)
	f(12*time.Hour, "P20", "")
}

// What is not there, what the caller may not do, and who has no token.
func TestAnswers(t *testing.T) {
	c, disks, _ := client(t, Disk{SKU: "PremiumV2_LRS", Size: 100, IOPS: 3000, MBps: 125})
	f := func(name, want string) {
		t.Helper()
		if _, err := disks.Get(t.Context(), "prod", name, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f("none", "ResourceNotFound")
	c.Allow("Microsoft.Compute/disks/write")
	f("data", "AuthorizationFailed")
	if code := update(t, disks, armcompute.DiskUpdateProperties{DiskSizeGB: to.Ptr[int32](200)}); code != "" {
		t.Error(code)
	}
}

package azuretest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	compute "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8/fake"

	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/providers"
)

// Disk is a managed disk. Size is in GiB, MBps in 10^6 bytes/s. Disks with tiers have the IOPS and MBps of theirs.
type Disk struct {
	SKU              string
	Size, IOPS, MBps float64
	Tier             string // "": that of its size
	VM               string // to which it is attached, as "group/name"
	Caching          string // there; "" is None
	OS               bool   // it holds an operating system
	Shares           int    // machines that may share it
	Created          time.Time
	Tags             map[string]string

	key     string      // as "group/name"
	starts  []time.Time // of all changes of what counts
	lowered time.Time   // when its tier was last lowered
	last    diskShape   // what it gets from the change that is under way
	course
}

// diskShape is what a change is of.
type diskShape struct {
	size, iops, mbps float64
	tier             string
}

// AddDisk puts a disk there, as "group/name".
func (c *Cloud) AddDisk(name string, d Disk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d.key, d.state = name, "Succeeded"
	if d.Created.IsZero() {
		d.Created = c.Now().Add(-30 * 24 * time.Hour)
	}
	if c.types[d.SKU].CreationCounts {
		d.starts = append(d.starts, d.Created)
	}
	c.disks[name] = &d
	c.settle()
}

// Disk gives a copy of a disk as it is now, and how many changes of it began.
func (c *Cloud) Disk(name string) (d Disk, changes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	d = *c.disks[name]
	changes = len(d.starts)
	if c.types[d.SKU].CreationCounts {
		changes--
	}
	return d, changes
}

// ChangeDisk changes a disk behind everybody's back.
func (c *Cloud) ChangeDisk(name string, f func(*Disk)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c.disks[name])
}

// settle lets what was under way be in effect, or have failed. The caller holds mu.
func (c *Cloud) settle() {
	now := c.Now()
	for _, d := range c.disks {
		if ended, failed := d.end(now); ended && !failed {
			d.Size, d.IOPS, d.MBps, d.Tier = d.last.size, d.last.iops, d.last.mbps, d.last.tier
		}
		if tiers := c.types[d.SKU].TiersAt(d.Size); len(tiers) > 0 {
			at := max(0, slices.IndexFunc(tiers, func(t providers.Tier) bool { return t.Name == d.Tier }))
			d.IOPS, d.MBps = tiers[at].IOPS, tiers[at].Throughput
		}
	}
	c.settleMachines(now)
}

func (c *Cloud) disksServer() *compute.DisksServer {
	return &compute.DisksServer{
		Get: gets[armcompute.DisksClientGetOptions](c, c.disk, func(group, name string, d *Disk) armcompute.DisksClientGetResponse {
			return armcompute.DisksClientGetResponse{Disk: c.diskModel(group, name, d)}
		}),
		BeginUpdate: begins(c, c.disk, c.updateDisk, func(group, name string, d *Disk) armcompute.DisksClientUpdateResponse {
			return armcompute.DisksClientUpdateResponse{Disk: c.diskModel(group, name, d)}
		}, http.StatusAccepted, http.StatusAccepted),
		NewListPager: func(*armcompute.DisksClientListOptions) (resp azfake.PagerResponder[armcompute.DisksClientListResponse]) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.settle()
			for _, key := range sorted(c.disks) {
				group, name, _ := strings.Cut(key, "/")
				model := c.diskModel(group, name, c.disks[key])
				resp.AddPage(http.StatusOK, armcompute.DisksClientListResponse{DiskList: armcompute.DiskList{Value: []*armcompute.Disk{&model}}}, nil)
			}
			return
		},
	}
}

func (c *Cloud) disk(group, name string) (*Disk, error) {
	if d := c.disks[strings.ToLower(group+"/"+name)]; d != nil {
		return d, nil
	}
	return nil, &refusal{http.StatusNotFound, "ResourceNotFound", fmt.Sprintf("The Resource 'Microsoft.Compute/disks/%s' under resource group '%s' was not found.", name, group)}
}

// id is the whole name of a resource of "group/name".
func id(kind, name string) *string {
	group, name, _ := strings.Cut(name, "/")
	return to.Ptr("/subscriptions/" + Subscription + "/resourceGroups/" + strings.ToUpper(group) + "/providers/Microsoft.Compute/" + kind + "/" + name)
}

// diskModel is a disk as the SDK shows it. The caller holds mu.
func (c *Cloud) diskModel(group, name string, d *Disk) armcompute.Disk {
	p := &armcompute.DiskProperties{
		DiskSizeGB: to.Ptr(int32(d.Size)), DiskIOPSReadWrite: to.Ptr(int64(d.IOPS)), DiskMBpsReadWrite: to.Ptr(int64(d.MBps)), TimeCreated: &d.Created,
		ProvisioningState: to.Ptr(d.state), DiskState: to.Ptr(armcompute.DiskStateUnattached), CreationData: &armcompute.CreationData{},
	}
	model := armcompute.Disk{
		Location: to.Ptr(Location), Name: &name, ID: id("disks", group+"/"+name), SKU: &armcompute.DiskSKU{Name: to.Ptr(armcompute.DiskStorageAccountTypes(d.SKU))},
		Properties: p, Tags: map[string]*string{},
	}
	for k, v := range d.Tags {
		model.Tags[k] = &v
	}
	if d.VM != "" {
		model.ManagedBy, p.DiskState = id("virtualMachines", d.VM), to.Ptr(armcompute.DiskStateAttached)
	}
	if d.OS {
		p.OSType = to.Ptr(armcompute.OperatingSystemTypesLinux)
	}
	if d.Shares > 1 {
		p.MaxShares = to.Ptr(int32(d.Shares))
	}
	if tiers := c.types[d.SKU].TiersAt(d.Size); len(tiers) > 0 {
		p.Tier = to.Ptr(tiers[0].Name)
		if d.Tier != "" {
			p.Tier = &d.Tier
		}
	}
	if d.underWay && d.last.tier != d.Tier {
		p.PropertyUpdatesInProgress = &armcompute.PropertyUpdatesInProgress{TargetTier: &d.last.tier}
	}
	return model
}

// updateDisk keeps the rules of an update, and notes it in the activity log. The caller holds mu.
func (c *Cloud) updateDisk(d *Disk, in armcompute.DiskUpdate, _ *armcompute.DisksClientBeginUpdateOptions) error {
	err := c.beginDisk(d, in)
	c.log(d.key, err == nil)
	return err
}

func (c *Cloud) beginDisk(d *Disk, in armcompute.DiskUpdate) error {
	if d.underWay {
		return &refusal{http.StatusConflict, "OperationNotAllowed", "Another operation on this disk is in progress."}
	}
	next, err := c.asked(d, in.Properties)
	if err != nil {
		return err
	}
	t, now := c.types[d.SKU], c.Now()
	if n := len(d.starts); t.Changes > 0 && n >= t.Changes && now.Sub(d.starts[n-t.Changes]) < t.Window {
		return &refusal{http.StatusConflict, "OperationNotAllowed", fmt.Sprintf("The performance of a disk can be changed %d times in 24 hours at most.", t.Changes)}
	}
	if c.Mood() == acttest.AcceptsOnly {
		return nil
	}
	if t.Changes > 0 {
		d.starts = append(d.starts, now)
	}
	if rank(t, next.tier) < rank(t, d.Tier) {
		d.lowered = now
	}
	d.last, d.course = next, c.begin()
	return nil
}

func rank(t providers.VolumeType, tier string) int {
	return slices.IndexFunc(t.Tiers, func(x providers.Tier) bool { return x.Name == tier })
}

// asked is what an update asks for, and whether the rules allow it.
func (c *Cloud) asked(d *Disk, p *armcompute.DiskUpdateProperties) (diskShape, error) {
	next := diskShape{d.Size, d.IOPS, d.MBps, d.Tier}
	bad := func(format string, args ...any) error {
		return &refusal{http.StatusBadRequest, "BadRequest", fmt.Sprintf(format, args...)}
	}
	if p == nil {
		return next, bad("The request has no properties.")
	}
	t := c.types[d.SKU]
	if p.DiskSizeGB != nil {
		next.size = float64(*p.DiskSizeGB)
	}
	for what, x := range map[*float64]*int64{&next.iops: p.DiskIOPSReadWrite, &next.mbps: p.DiskMBpsReadWrite} {
		if x == nil {
			continue
		}
		if t.IOPS.Max == 0 {
			return next, bad("IOPS and MBps of a disk of type %s cannot be set.", d.SKU)
		}
		*what = float64(*x)
	}
	if err := c.resizable(d, t, next.size); err != nil {
		return next, err
	}
	if t.IOPS.Max > 0 {
		if err := t.Check(next.size, next.iops, next.mbps); err != nil {
			return next, bad("The value of parameter disk.diskIOPSReadWrite or disk.diskMBpsReadWrite is not valid: %s", err)
		}
	}
	if p.Tier != nil {
		return c.tiered(d, t, next, *p.Tier)
	}
	return next, nil
}

func (c *Cloud) resizable(d *Disk, t providers.VolumeType, size float64) error {
	no := func(format string, args ...any) error {
		return &refusal{http.StatusConflict, "OperationNotAllowed", fmt.Sprintf(format, args...)}
	}
	switch {
	case size < d.Size:
		return no("The new disk size of %g GB is smaller than the existing size of %g GB.", size, d.Size)
	case size < t.Size.Min || size > t.Size.Max:
		return no("The value %g of parameter disk.diskSizeGb is out of range.", size)
	case size == d.Size || d.VM == "":
		return nil
	case d.OS || d.Shares > 1:
		return no("The disk cannot be resized while it is attached to a running VM.")
	case t.Split > 0 && d.Size <= t.Split && size > t.Split:
		return no("The disk must be detached to be resized beyond %g GB.", t.Split)
	}
	return nil
}

func (c *Cloud) tiered(d *Disk, t providers.VolumeType, next diskShape, tier string) (diskShape, error) {
	next.tier = tier
	own := t.TiersAt(next.size)
	if !slices.ContainsFunc(own, func(x providers.Tier) bool { return x.Name == tier }) {
		return next, &refusal{http.StatusBadRequest, "BadRequest", fmt.Sprintf("The tier %s is not one of a disk of %g GB.", tier, next.size)}
	}
	was := d.Tier
	if was == "" {
		was = t.TiersAt(d.Size)[0].Name
	}
	switch {
	case d.Shares > 1 && d.VM != "":
		return next, &refusal{http.StatusConflict, "OperationNotAllowed", "The tier of a shared disk cannot be changed while it is attached."}
	case rank(t, tier) < rank(t, was) && !d.lowered.IsZero() && c.Now().Sub(d.lowered) < t.TierDownEvery:
		return next, &refusal{http.StatusConflict, "OperationNotAllowed", "The performance tier can be downgraded once every 12 hours."}
	}
	return next, nil
}

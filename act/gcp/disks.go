package gcp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
)

// disks are those of a zone or a region: resources "disk/PLACE/NAME".
type disks struct {
	target *Target
	cfg    Config
	types  map[string]providers.VolumeType
	api    clients
	seen   act.Readings[disk]

	mu      sync.Mutex // guards refused
	refused map[place]map[foreshock.Dimension]time.Time
}

func newDisks(t *Target, cfg Config, api clients, types map[string]providers.VolumeType) *disks {
	return &disks{target: t, cfg: cfg, types: types, api: api, refused: map[place]map[foreshock.Dimension]time.Time{}}
}

func (*disks) Prefix() string { return "disk/" }

func (x *disks) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	at, err := locate(x.Prefix(), resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	d, err := x.describe(ctx, at)
	if err != nil {
		return foreshock.Resource{}, err
	}
	t, known := x.types[d.Kind]
	if !known {
		return foreshock.Resource{}, fmt.Errorf("nothing is known of disks of type %q; state them in volume_types_file", d.Kind)
	}
	share, err := x.share(ctx, at, d)
	if err != nil {
		return foreshock.Resource{}, err
	}
	r := foreshock.Resource{Allocated: d.Allocation(), Rules: x.rules(d, share), Busy: d.busy()}
	if t.Changes > 0 { // of each amount, whose rule says when; the size can be changed at any time
		r.Budget = foreshock.Budget{Limited: true, Left: t.Changes, Total: t.Changes, Window: t.Window}
	}
	return r, nil
}

// Validate keeps what the rules of single amounts do not say: the ratios between them, and what must be raised with them.
func (x *disks) Validate(_ foreshock.Resource, action foreshock.Action) error {
	d, known := x.seen.Get(strings.TrimPrefix(action.Resource, x.Prefix()))
	if !known {
		return fmt.Errorf("%w: %s was not read yet", act.ErrRule, action.Resource)
	}
	_, err := x.change(d, action)
	return err
}

// change is the whole volume that is to be asked for.
func (x *disks) change(d disk, action foreshock.Action) (act.Volume, error) {
	to, t := x.next(d, action.To)
	changed := differs(d.Volume, to)
	switch err := t.Check(to.Size, to.IOPS, to.Throughput); {
	case err != nil:
		return to, fmt.Errorf("%w: %s: %w", act.ErrRule, to, err)
	case to.Size < d.Size:
		return to, fmt.Errorf("%w: a disk of %g GiB cannot be shrunk to %g GiB", act.ErrRule, d.Size, to.Size)
	case changed == 0:
		return to, fmt.Errorf("%w: the disk is %s already; asking would waste a change", act.ErrRule, to)
	}
	for dim, bit := range map[foreshock.Dimension]amountSet{foreshock.DimIOPS: iopsChanged, foreshock.DimThroughput: throughputChanged} {
		if changed&bit != 0 && d.frozen(dim, x.target.Now()) {
			return to, fmt.Errorf("%w: %s needs another %s, which cannot be changed before %s", act.ErrRule, to, dim, d.frees[dim].UTC().Format(time.RFC3339))
		}
	}
	return to, nil
}

// Apply looks a last time and asks once, for all amounts that change: they keep their ratios only together.
func (x *disks) Apply(ctx context.Context, action foreshock.Action) error {
	at, err := locate(x.Prefix(), action.Resource)
	if err != nil {
		return err
	}
	d, err := x.describe(ctx, at)
	if err != nil {
		return act.Surely(err)
	}
	if err := act.Unchanged(d.Allocation(), action); err != nil {
		return err
	}
	if d.busy() {
		return fmt.Errorf("%w: the disk is %s and a change of it may be under way; nothing was sent", act.ErrRefused, d.status)
	}
	to, err := x.change(d, action)
	if err != nil {
		return err
	}
	return x.send(ctx, at, action.ID, d.Volume, to)
}

func (x *disks) send(ctx context.Context, at place, action string, from, to act.Volume) error {
	changed := differs(from, to)
	id := token(action, changed)
	err := x.target.once(ctx, func(ctx context.Context) error {
		if changed == sizeChanged {
			return x.resize(ctx, at, id, to)
		}
		return x.update(ctx, at, id, changed, to)
	})
	if errors.Is(err, act.ErrRefused) && tooSoon.MatchString(err.Error()) {
		x.learn(at, changed, x.types[to.Kind].Window)
	}
	return err
}

func (x *disks) resize(ctx context.Context, at place, id string, to act.Volume) (err error) {
	project, size := x.target.account.Project, whole(to.Size)
	if at.regional() {
		_, err = x.api.regionDisks.Resize(ctx, &computepb.ResizeRegionDiskRequest{
			Project: project, Region: at.zone, Disk: at.name, RequestId: &id,
			RegionDisksResizeRequestResource: &computepb.RegionDisksResizeRequest{SizeGb: size},
		})
		return err
	}
	_, err = x.api.disks.Resize(ctx, &computepb.ResizeDiskRequest{
		Project: project, Zone: at.zone, Disk: at.name, RequestId: &id, DisksResizeRequestResource: &computepb.DisksResizeRequest{SizeGb: size},
	})
	return err
}

// update names the fields that change, and no others: each that is named is a change of it.
func (x *disks) update(ctx context.Context, at place, id string, changed amountSet, to act.Volume) (err error) {
	var mask []string
	raw := &computepb.Disk{Name: &at.name}
	if changed&iopsChanged != 0 {
		mask, raw.ProvisionedIops = append(mask, "provisionedIops"), whole(to.IOPS)
	}
	if changed&throughputChanged != 0 {
		mask, raw.ProvisionedThroughput = append(mask, "provisionedThroughput"), whole(to.Throughput)
	}
	if changed&sizeChanged != 0 {
		mask, raw.SizeGb = append(mask, "sizeGb"), whole(to.Size)
	}
	project, fields := x.target.account.Project, strings.Join(mask, ",")
	if at.regional() {
		_, err = x.api.regionDisks.Update(ctx, &computepb.UpdateRegionDiskRequest{
			Project: project, Region: at.zone, Disk: at.name, RequestId: &id, DiskResource: raw, UpdateMask: &fields,
		})
		return err
	}
	_, err = x.api.disks.Update(ctx, &computepb.UpdateDiskRequest{
		Project: project, Zone: at.zone, Disk: at.name, RequestId: &id, DiskResource: raw, UpdateMask: &fields,
	})
	return err
}

func whole(x float64) *int64 {
	n := int64(x)
	return &n
}

// tooSoon is how a refusal is known that says that amounts were changed too short a time ago.
var tooSoon = regexp.MustCompile(`(?i)\bhours?\b|rate.?exceeded|too (soon|frequent|many)`)

// learn believes the provider that amounts cannot be changed yet: since when is not known, so for a whole window.
func (x *disks) learn(at place, changed amountSet, window time.Duration) {
	until := x.target.Now().Add(window)
	x.mu.Lock()
	defer x.mu.Unlock()
	known := x.refused[at]
	if known == nil {
		known = map[foreshock.Dimension]time.Time{}
		x.refused[at] = known
	}
	if changed&iopsChanged != 0 {
		known[foreshock.DimIOPS] = until
	}
	if changed&throughputChanged != 0 {
		known[foreshock.DimThroughput] = until
	}
}

// refusals are until when amounts were said not to be changed.
func (x *disks) refusals(at place) map[foreshock.Dimension]time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	known := maps.Clone(x.refused[at])
	if known == nil {
		known = map[foreshock.Dimension]time.Time{}
	}
	return known
}

// Follow looks for the operation of the action's own request, and follows it to its end.
func (x *disks) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	at, err := locate(x.Prefix(), action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	d, err := x.describe(ctx, at)
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: d.Allocation()}
	follow(&p, d.operations, action)
	return p, nil
}

// follow says how far the operation of an action is, where there is one. One that has ended well, and whose amounts are not there, says nothing.
func follow(p *act.Progress, operations []operation, action foreshock.Action) {
	for _, o := range operations {
		if !ofAction(o.id, action.ID) {
			continue
		}
		switch inEffect := p.Observed.Covers(action.To); {
		case !o.done:
			p.UnderWay, p.Note = true, fmt.Sprintf("the operation is under way, %d %%", o.progress)
		case inEffect:
			p.Done, p.Since = true, o.ended
		case o.fault != "":
			p.Failed, p.Note = true, "the operation failed: "+o.fault
		}
		return
	}
}

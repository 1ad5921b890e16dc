package azure

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
)

// disks are managed disks: resources "disk/GROUP/NAME".
type disks struct {
	target *Target
	cfg    Config
	types  map[string]providers.VolumeType
	api    calls
	sizes  *sizes

	mu   sync.Mutex // guards seen
	seen map[string]*seen
}

func newDisks(t *Target, cfg Config, api calls, known *sizes, types map[string]providers.VolumeType) *disks {
	return &disks{target: t, cfg: cfg, types: types, api: api, sizes: known, seen: map[string]*seen{}}
}

// Prefix is how names of disks begin.
func (*disks) Prefix() string { return "disk/" }

// Read gives what a disk has, and what bounds it.
func (x *disks) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	d, err := x.describe(ctx, resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	t, known := x.types[d.kind]
	if !known {
		return foreshock.Resource{}, fmt.Errorf("nothing is known of disks of type %q; state them in disk_types_file", d.kind)
	}
	if err := x.learn(ctx, resource, d, t); err != nil {
		return foreshock.Resource{}, err
	}
	share, err := x.share(ctx, d)
	if err != nil {
		return foreshock.Resource{}, err
	}
	r := foreshock.Resource{Allocated: d.allocation(t), Rules: x.rules(d, share), Busy: d.busy()}
	x.recount(&r, resource, nil)
	return r, nil
}

// Validate keeps what the rules of single amounts do not say: the ratios between them, and the changes that are kept.
func (x *disks) Validate(now foreshock.Resource, action foreshock.Action) error {
	d, known := x.recall(action.Resource)
	if !known {
		return fmt.Errorf("%w: %s was not read yet", act.ErrRule, action.Resource)
	}
	if err := act.Keep(x.cfg.Kept, now.Budget, action); err != nil {
		return err
	}
	_, err := x.change(d, action)
	return err
}

// change is the whole shape that is to be asked for.
func (x *disks) change(d disk, action foreshock.Action) (shape, error) {
	t := x.types[d.kind]
	to, err := x.next(d.shape, action.To)
	if err != nil {
		return to, err
	}
	iops, throughput := to.iops, to.throughput
	if t.IOPS.Max == 0 {
		iops, throughput = 0, 0
	}
	switch err := t.Check(to.size, iops, throughput); {
	case err != nil:
		return to, fmt.Errorf("%w: %s: %w", act.ErrRule, to, err)
	case to.size < d.size:
		return to, fmt.Errorf("%w: a disk of %g GiB cannot be shrunk to %g GiB", act.ErrRule, d.size, to.size)
	case to.size > d.size && d.fixed && d.inUse:
		return to, fmt.Errorf("%w: a disk that is shared, or holds an operating system, does not grow in use", act.ErrRule)
	case to.size > d.size && to.size > mostSize(d, t):
		return to, fmt.Errorf("%w: a %s of up to %g GiB does not grow beyond that in use; detach it first", act.ErrRule, d.kind, t.Split)
	case to == d.shape:
		return to, fmt.Errorf("%w: the disk is %s already; asking would waste a change", act.ErrRule, to)
	case to.tier != d.tier && d.shared && d.inUse:
		return to, fmt.Errorf("%w: the tier of a shared disk does not change in use", act.ErrRule)
	case rank(t, to.tier) < rank(t, d.tier) && x.heldUp(action.Resource, t).After(x.target.Now()):
		return to, fmt.Errorf("%w: a tier is lowered once in %s", act.ErrRule, t.TierDownEvery)
	}
	return to, nil
}

// Apply looks a last time and asks once.
func (x *disks) Apply(ctx context.Context, action foreshock.Action) error {
	d, err := x.describe(ctx, action.Resource)
	if err != nil {
		return act.Surely(err)
	}
	t := x.types[d.kind]
	if err := act.Unchanged(d.allocation(t), action); err != nil {
		return err
	}
	if d.busy() {
		return fmt.Errorf("%w: the disk is %s; nothing was sent", act.ErrRefused, d.state)
	}
	if left := x.budget(action.Resource, t, nil); left.Limited && left.Left <= 0 {
		return fmt.Errorf("%w: all %d changes in %s are used until %s; nothing was sent", act.ErrRefused, left.Total, left.Window, left.NextFree.UTC().Format(time.RFC3339))
	}
	next, err := x.change(d, action)
	if err != nil {
		return err
	}
	return x.send(ctx, action, d, next)
}

// send asks for a shape. Performance is always stated in whole; a size only where it is to change, since it would be a resize.
func (x *disks) send(ctx context.Context, action foreshock.Action, d disk, next shape) error {
	group, name, err := names(action.Resource, x.Prefix())
	if err != nil {
		return err
	}
	p := &armcompute.DiskUpdateProperties{}
	if next.size != d.size {
		p.DiskSizeGB = to.Ptr(int32(next.size))
	}
	t := x.types[d.kind]
	if t.IOPS.Max > 0 {
		p.DiskIOPSReadWrite, p.DiskMBpsReadWrite = to.Ptr(int64(next.iops)), to.Ptr(int64(next.throughput))
	}
	if next.tier != d.tier && (next.size == d.size || next.tier != t.TiersAt(next.size)[0].Name) { // that of a new size comes with it
		p.Tier = &next.tier
	}
	x.began(action.Resource, t, d.shape, next)
	err = send(ctx, x.target, action, func(ctx context.Context) (diskPoller, error) {
		return x.api.updateDisk(ctx, group, name, armcompute.DiskUpdate{Properties: p}, nil)
	})
	if act.Sure(err) {
		x.refused(action.Resource, t, err)
	}
	return err
}

// Follow is done when the disk has what was asked for and Azure is not at it any more. Azure keeps no list of changes: one of which nothing is to be
// seen was not taken, or is not there yet.
func (x *disks) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	d, err := x.describe(ctx, action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	t := x.types[d.kind]
	p := act.Progress{Observed: d.allocation(t)}
	underWay, failure := x.target.outcome(ctx, action)
	switch inEffect := x.inEffect(d, action); {
	case inEffect && !d.busy():
		p.Done = true
		if t.WorksAfter > 0 && (action.To.Has(foreshock.DimIOPS) || action.To.Has(foreshock.DimThroughput)) {
			p.Works = x.target.Now().Add(t.WorksAfter)
		}
	case failure != "" && !d.busy():
		p.Failed, p.Note = true, failure
		x.failed(action.Resource)
	case underWay || d.busy():
		p.UnderWay, p.Note = true, "the disk is "+d.state
	}
	return p, nil
}

// inEffect says whether a disk has what an action asks for: of a tier, the one that was to be chosen.
func (x *disks) inEffect(d disk, action foreshock.Action) bool {
	if d.tier == "" {
		has := d.allocation(x.types[d.kind])
		return has.Covers(action.To)
	}
	t, was := x.types[d.kind], d.shape
	if iops, known := action.From.Get(foreshock.DimIOPS); known {
		was.iops = iops
	}
	if throughput, known := action.From.Get(foreshock.DimThroughput); known {
		was.throughput = throughput / t.Bytes()
	}
	next, err := x.next(was, action.To)
	return err == nil && next.tier == d.tier && next.size == d.size
}

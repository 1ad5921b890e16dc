package aws

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
)

// databases is the storage of RDS: resources "rds/NAME", with size, IOPS and throughput.
type databases struct {
	target   *Target
	types    map[string]providers.VolumeType
	kept     int
	seen     act.Readings[database]
	describe func(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error)
	modify   func(context.Context, *rds.ModifyDBInstanceInput, ...func(*rds.Options)) (*rds.ModifyDBInstanceOutput, error)
}

func newDatabases(t *Target, kept int, known map[string]providers.VolumeType) *databases {
	c := rds.NewFromConfig(t.sdk) // see ec2Calls
	return &databases{target: t, types: known, kept: kept, describe: c.DescribeDBInstances, modify: c.ModifyDBInstance}
}

func (*databases) Prefix() string { return "rds/" }

// database is what RDS says of an instance's storage.
type database struct {
	act.Volume
	status  string
	phase   providers.Phase
	pending bool // storage is to be changed later
	scales  bool // by itself
}

func (d *databases) read(ctx context.Context, resource string) (database, error) {
	name := strings.TrimPrefix(resource, d.Prefix())
	out, err := d.describe(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
	if err != nil {
		return database{}, sayable(err)
	}
	if len(out.DBInstances) != 1 {
		return database{}, fmt.Errorf("%w: there are %d database instances of this name", act.ErrNotFound, len(out.DBInstances))
	}
	raw := out.DBInstances[0]
	db := database{
		Volume: act.Volume{Kind: sdk.ToString(raw.StorageType), Size: amount(raw.AllocatedStorage), IOPS: amount(raw.Iops), Throughput: amount(raw.StorageThroughput)},
		status: sdk.ToString(raw.DBInstanceStatus), scales: amount(raw.MaxAllocatedStorage) > amount(raw.AllocatedStorage),
	}
	t, known := d.types[db.Kind]
	if !known {
		return db, fmt.Errorf("nothing is known of database storage of type %q; state it in volume_types_file", db.Kind)
	}
	if db.phase, known = t.States[db.status]; !known { // stopped, rebooting, being backed up, …: not a time for changes
		db.phase = providers.UnderWay
	}
	db.pending = pending(raw.PendingModifiedValues)
	d.seen.Put(resource, db)
	return db, nil
}

func pending(p *types.PendingModifiedValues) bool {
	return p != nil && (p.AllocatedStorage != nil || p.Iops != nil || p.StorageThroughput != nil || p.StorageType != nil)
}

func (db database) busy() bool { return db.phase == providers.UnderWay || db.pending }

// Read gives storage that scales by itself no rule for its size, which is left to RDS.
func (d *databases) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	db, err := d.read(ctx, resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	t := d.types[db.Kind].At(db.Size)
	rules := map[foreshock.Dimension]foreshock.Rule{}
	if !db.scales {
		rules[foreshock.DimSize] = foreshock.Rule{Min: t.LeastGrowth(db.Size) * gib, Max: t.Size.Max * gib, Quantum: gib}
	}
	if t.IOPS.Max > 0 {
		rules[foreshock.DimIOPS] = foreshock.Rule{Min: t.LeastIOPS(db.Throughput), Max: t.MostIOPS(db.Size), Quantum: 1, Down: true}
	}
	if t.Throughput.Max > 0 {
		rules[foreshock.DimThroughput] = foreshock.Rule{Min: t.Throughput.Min * mib, Max: t.MostThroughput(db.IOPS) * mib, Quantum: mib, Down: true}
	}
	return foreshock.Resource{Allocated: db.Allocation(), Rules: rules, Budget: act.BudgetOf(t.Changes, t.Window, nil, d.target.Now()), Busy: db.busy()}, nil
}

// Recount takes in what the journal says was asked for: RDS itself does not say how many changes are left.
func (d *databases) Recount(r *foreshock.Resource, asked []time.Time) {
	if db, known := d.seen.Get(r.Name); known {
		t := d.types[db.Kind]
		r.Budget = act.BudgetOf(t.Changes, t.Window, asked, d.target.Now())
	}
}

// change is the whole storage that is to be asked for.
func (d *databases) change(db database, action foreshock.Action) (act.Volume, error) {
	to := db.Volume
	if size, stated := action.To.Get(foreshock.DimSize); stated {
		to.Size = math.Round(size / gib)
	}
	t := d.types[db.Kind].At(to.Size)
	to.IOPS = stay(t.IOPS, to.IOPS, action.To, foreshock.DimIOPS, 1)
	to.Throughput = stay(t.Throughput, to.Throughput, action.To, foreshock.DimThroughput, mib)
	switch err := t.Check(to.Size, to.IOPS, to.Throughput); {
	case err != nil:
		return to, fmt.Errorf("%w: %s: %w", act.ErrRule, to, err)
	case to.Size != db.Size && to.Size < t.LeastGrowth(db.Size):
		return to, fmt.Errorf("%w: the storage of %g GiB can be grown to %g GiB at least", act.ErrRule, db.Size, t.LeastGrowth(db.Size))
	case to == db.Volume:
		return to, fmt.Errorf("%w: the storage is %s already; asking would waste a change", act.ErrRule, to)
	}
	return to, nil
}

// Validate keeps the ratios between amounts.
func (d *databases) Validate(now foreshock.Resource, action foreshock.Action) error {
	db, err := d.seen.Of(action.Resource)
	if err != nil {
		return err
	}
	if err := act.Keep(d.kept, now.Budget, action); err != nil {
		return err
	}
	_, err = d.change(db, action)
	return err
}

// Apply asks once for all amounts, at once and not in the maintenance window.
func (d *databases) Apply(ctx context.Context, action foreshock.Action) error {
	db, err := d.read(ctx, action.Resource)
	if err != nil {
		return act.Surely(err)
	}
	if err := act.Unchanged(db.Allocation(), action); err != nil {
		return err
	}
	if db.busy() {
		return fmt.Errorf("%w: the database is %s; nothing was sent", act.ErrRefused, db.status)
	}
	to, err := d.change(db, action)
	if err != nil {
		return err
	}
	in := &rds.ModifyDBInstanceInput{
		DBInstanceIdentifier: sdk.String(strings.TrimPrefix(action.Resource, d.Prefix())),
		ApplyImmediately:     sdk.Bool(true), AllocatedStorage: whole(to.Size), StorageType: &to.Kind,
	}
	if to.IOPS > 0 {
		in.Iops = whole(to.IOPS)
	}
	if to.Throughput > 0 {
		in.StorageThroughput = whole(to.Throughput)
	}
	return d.target.once(ctx, func(ctx context.Context) error {
		_, err := d.modify(ctx, in, func(o *rds.Options) { o.Retryer = noRetry })
		return err
	})
}

// Follow is done when the amounts are there and the database is available again: while its storage is being optimized it takes no other change.
func (d *databases) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	db, err := d.read(ctx, action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: db.Allocation()}
	switch inEffect := p.Observed.Covers(action.To); {
	case action.To.Empty():
		return p, errors.New("the action states no amount")
	case inEffect && !db.busy():
		p.Done = true
	case db.busy():
		p.UnderWay, p.Note = true, "the database is "+db.status
	}
	return p, nil
}

package aws

import (
	"context"
	"fmt"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
	"github.com/foreshock-io/foreshock/providers/awssdk"
)

// volumes is EBS: resources "vol-…".
type volumes struct {
	target *Target
	cfg    Config
	types  map[string]providers.VolumeType
	api    ec2Calls

	instances *instanceTypes

	mu   sync.Mutex // guards seen
	seen map[string]*seen
}

func newVolumes(t *Target, cfg Config, api ec2Calls, instances *instanceTypes, known map[string]providers.VolumeType) *volumes {
	return &volumes{
		target: t, cfg: cfg, types: known, api: api, instances: instances, seen: map[string]*seen{},
	}
}

func (x *volumes) Prefix() string { return "vol-" }

func (x *volumes) Read(ctx context.Context, id string) (foreshock.Resource, error) {
	v, err := x.describe(ctx, id)
	if err != nil {
		return foreshock.Resource{}, err
	}
	if _, known := x.types[v.Kind]; !known {
		return foreshock.Resource{}, fmt.Errorf("nothing is known of volumes of type %q; state them in volume_types_file", v.Kind)
	}
	share, err := x.share(ctx, id, v.instances)
	if err != nil {
		return foreshock.Resource{}, err
	}
	return foreshock.Resource{
		Allocated: v.Allocation(), Rules: x.rules(v, share), Budget: x.budget(id, v.Kind, nil), Busy: v.busy(), Owner: v.owner,
	}, nil
}

// Validate keeps what the rules of single amounts do not say: the ratios between them, and the changes that are kept.
func (x *volumes) Validate(now foreshock.Resource, action foreshock.Action) error {
	v, known := x.recall(action.Resource)
	if !known {
		return fmt.Errorf("%w: %s was not read yet", act.ErrRule, action.Resource)
	}
	if err := act.Keep(x.cfg.Kept, now.Budget, action); err != nil {
		return err
	}
	_, err := x.change(v, action)
	return err
}

// change is the whole volume that is to be asked for.
func (x *volumes) change(v volume, action foreshock.Action) (act.Volume, error) {
	to, t := x.next(v, action.To)
	switch err := t.Check(to.Size, to.IOPS, to.Throughput); {
	case err != nil:
		return to, fmt.Errorf("%w: %s: %w", act.ErrRule, to, err)
	case to.Size < v.Size:
		return to, fmt.Errorf("%w: a volume of %g GiB cannot be shrunk to %g GiB", act.ErrRule, v.Size, to.Size)
	case to == v.Volume:
		return to, fmt.Errorf("%w: the volume is %s already; asking would waste a change", act.ErrRule, to)
	}
	return to, nil
}

// Apply looks a last time and asks once, for all amounts: those that were left out would be reset with a change of the type.
func (x *volumes) Apply(ctx context.Context, action foreshock.Action) error {
	v, err := x.describe(ctx, action.Resource)
	if err != nil {
		return act.Surely(err)
	}
	if err := act.Unchanged(v.Allocation(), action); err != nil {
		return err
	}
	if v.busy() {
		return fmt.Errorf("%w: the volume is %s and a change of it is not complete; nothing was sent", act.ErrRefused, v.state)
	}
	if left := x.budget(action.Resource, v.Kind, nil); left.Limited && left.Left <= 0 {
		return fmt.Errorf("%w: all %d changes in %s are used until %s; nothing was sent", act.ErrRefused, left.Total, left.Window, left.NextFree.UTC().Format(time.RFC3339))
	}
	to, err := x.change(v, action)
	if err != nil {
		return err
	}
	return x.send(ctx, action.Resource, to)
}

func (x *volumes) send(ctx context.Context, id string, to act.Volume) error {
	in := &ec2.ModifyVolumeInput{VolumeId: &id, VolumeType: types.VolumeType(to.Kind), Size: whole(to.Size)}
	if to.IOPS > 0 {
		in.Iops = whole(to.IOPS)
	}
	if to.Throughput > 0 {
		in.Throughput = whole(to.Throughput)
	}
	var refusal string
	err := x.target.once(ctx, func(ctx context.Context) error {
		out, err := x.api.modifyVolume(ctx, in, func(o *ec2.Options) { o.Retryer = noRetry })
		if err == nil && out.VolumeModification != nil {
			x.began(id, sdk.ToTime(out.VolumeModification.StartTime))
		}
		if awssdk.Code(err) == rateExceeded {
			refusal = err.Error()
		}
		return err
	})
	if refusal != "" {
		x.refused(id, x.types[to.Kind], refusal)
	}
	return err
}

func whole(x float64) *int32 { return sdk.Int32(int32(x)) }

// Follow looks for the change among those that EC2 shows: the latest that was begun since the decision, with these amounts.
func (x *volumes) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	v, err := x.describe(ctx, action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: v.Allocation()}
	if len(v.last) == 0 {
		return p, nil
	}
	m := v.last[len(v.last)-1]
	if is := m.to.Allocation(); m.started.Before(action.Evidence.Add(-act.Skew)) || !is.Covers(action.To) {
		return p, nil
	}
	inEffect := p.Observed.Covers(action.To)
	switch {
	case m.phase == providers.Done && inEffect:
		p.Done, p.Since = true, m.ended
	case m.phase == providers.Failed && !inEffect:
		p.Failed, p.Note = true, "the modification failed, and counts as one of those that are allowed: "+m.note
	default:
		p.UnderWay, p.Note = true, fmt.Sprintf("the modification is %s, %d %%", m.state, m.progress)
	}
	return p, nil
}

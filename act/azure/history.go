package azure

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

// learn asks the activity log, once for each disk, what others changed while the program did not run. What the disk was asked for is not told: each
// change counts, and may have lowered the tier.
func (x *disks) learn(ctx context.Context, resource string, d disk, t providers.VolumeType) error {
	window := max(t.Window, t.TierDownEvery)
	if window == 0 || !x.cfg.ActivityLog || x.hasLearned(resource) {
		return nil
	}
	now := x.target.Now()
	list, err := x.writes(ctx, d, now.Add(-window), now)
	if err != nil {
		return fmt.Errorf("its changes in the activity log: %w", err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.of(resource)
	s.learned = true
	s.starts = act.Union(list, s.starts)
	for _, at := range list {
		known := slices.ContainsFunc(s.raised, func(raised time.Time) bool { return act.SameChange(at, raised) })
		if !known && at.After(s.lowered) {
			s.lowered = at
		}
	}
	return nil
}

func (x *disks) hasLearned(resource string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.of(resource).learned
}

// diskWrite is how the activity log calls an update of a disk; and its creation.
const diskWrite = "Microsoft.Compute/disks/write"

// writes lists when updates of a disk began that did not fail at once, ascending. An update is several events of one correlation.
func (x *disks) writes(ctx context.Context, d disk, from, until time.Time) ([]time.Time, error) {
	filter := fmt.Sprintf("eventTimestamp ge '%s' and eventTimestamp le '%s' and resourceUri eq '%s'", from.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339), d.id)
	pages := x.api.activity(filter, &armmonitor.ActivityLogsClientListOptions{Select: to.Ptr("correlationId,eventTimestamp,operationName,status")})
	began, accepted := map[string]time.Time{}, map[string]bool{}
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, sayable(err)
		}
		for _, e := range page.Value {
			at, id := azuresdk.Value(e.EventTimestamp), azuresdk.Value(e.CorrelationID)
			if e.OperationName == nil || e.Status == nil || !strings.EqualFold(azuresdk.Value(e.OperationName.Value), diskWrite) || at.Sub(d.created).Abs() < act.Skew {
				continue
			}
			if first, known := began[id]; !known || at.Before(first) {
				began[id] = at
			}
			status := azuresdk.Value(e.Status.Value)
			accepted[id] = accepted[id] || strings.EqualFold(status, "Accepted") || strings.EqualFold(status, "Succeeded")
		}
	}
	maps.DeleteFunc(began, func(id string, _ time.Time) bool { return !accepted[id] })
	return slices.SortedFunc(maps.Values(began), time.Time.Compare), nil
}

package gcp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/iterator"

	"github.com/foreshock-io/foreshock/providers/gcpsdk"
)

// operation is a change of a resource, whoever asked for it.
type operation struct {
	id             string // of the request, as it was asked for
	kind           string
	done           bool
	progress       int32
	started, ended time.Time
	fault          string // why it failed; "": it did not
}

// mostOperations is how many of the latest operations of a resource are looked at.
const mostOperations = 500

// list gives those of a resource that its zone or region still shows, the newest first. kind is that of its address, as disks.
func (c clients) list(ctx context.Context, project string, at place, kind string, id uint64) ([]operation, error) {
	filter, order := `targetLink eq ".*/`+kind+`/`+at.name+`"`, "creationTimestamp desc"
	var all *compute.OperationIterator
	if at.regional() {
		all = c.regionOperations.List(ctx, &computepb.ListRegionOperationsRequest{Project: project, Region: at.zone, Filter: &filter, OrderBy: &order})
	} else {
		all = c.operations.List(ctx, &computepb.ListZoneOperationsRequest{Project: project, Zone: at.zone, Filter: &filter, OrderBy: &order})
	}
	var list []operation
	for len(list) < mostOperations {
		raw, err := all.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return nil, err
		}
		if raw.GetTargetId() == id { // and not of another one that had this name
			list = append(list, operationOf(raw))
		}
	}
	slices.SortStableFunc(list, func(a, b operation) int { return b.started.Compare(a.started) })
	return list, nil
}

func operationOf(raw *computepb.Operation) operation {
	o := operation{
		id: raw.GetClientOperationId(), kind: raw.GetOperationType(), done: raw.GetStatus() == computepb.Operation_DONE, progress: raw.GetProgress(),
		started: moment(raw.GetInsertTime()), ended: moment(raw.GetEndTime()),
	}
	for _, e := range raw.GetError().GetErrors() {
		o.fault = gcpsdk.Redact(e.GetCode() + ": " + e.GetMessage())
	}
	if code := raw.GetHttpErrorStatusCode(); o.fault == "" && code >= 400 {
		o.fault = gcpsdk.Redact(raw.GetHttpErrorMessage())
	}
	return o
}

func moment(text string) time.Time {
	t, _ := time.Parse(time.RFC3339, text) // what is no time is the zero one
	return t
}

// others are parts of the names of operations on disks that change neither IOPS nor throughput.
var others = []string{"insert", "create", "delete", "resize", "snapshot", "label", "attach", "detach", "policy", "policies", "iam", "kms", "replication"}

// beside are parts of the names of operations beside which a disk can be changed.
var beside = []string{"snapshot", "label", "policy", "policies", "iam"}

// holds says whether an operation is under way that nothing may be changed beside.
func (o operation) holds() bool {
	return !o.done && !o.named(beside)
}

// named says whether an operation's name has one of some parts.
func (o operation) named(parts []string) bool {
	name := strings.ToLower(o.kind)
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(name, part) })
}

// changes are the amounts that an operation changed. Of one that somebody else asked for only its name tells: all that may be.
func (o operation) changes() amountSet {
	if o.fault != "" {
		return 0
	}
	if set, known := changedBy(o.id); known {
		return set
	}
	if o.named(others) {
		return 0
	}
	return iopsChanged | throughputChanged
}

// at is when an operation took effect, at the latest.
func (o operation) at() time.Time {
	if o.ended.After(o.started) {
		return o.ended
	}
	return o.started
}

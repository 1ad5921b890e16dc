package libvirt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
	"github.com/foreshock-io/foreshock/ingest"
)

// counts are the counters of a disk: reads and writes together. Flushes are none of them.
type counts struct{ requests, bytes, nanoseconds uint64 }

// disk is what is remembered of a disk.
type disk struct {
	handle ingest.Handle
	run    int32 // the domain's number, which it has from start to stop
	at     time.Time
	last   counts
	limits libvirt.Limits
}

// forget is how long a disk that is not there any more is remembered.
const forget = time.Hour

// read reads all disks of all domains in one call, and the limits once per step.
func (r *reader) read(ctx context.Context) error {
	if r.session == nil {
		session, err := r.cfg.Open(ctx)
		if err != nil {
			return err
		}
		r.session = session
	}
	return r.session.Do(ctx, func(l *rpc.Libvirt) error {
		// A domain whose lock is held by somebody else gives what is known without it.
		flags := uint32(rpc.ConnectGetAllDomainsStatsActive) | uint32(rpc.ConnectGetAllDomainsStatsNowait)
		records, err := l.ConnectGetAllDomainStats(nil, uint32(rpc.DomainStatsBlock), flags)
		if err != nil {
			return err
		}
		now := time.Now()
		scan := !now.Before(r.rescan)
		if scan {
			r.rescan = now.Add(r.about().Step)
		}
		for _, record := range records {
			r.domain(l, record.Dom, libvirt.NewStats(record.Params), now, scan)
		}
		for id, d := range r.disks {
			if now.Sub(d.at) > forget {
				delete(r.disks, id)
			}
		}
		return nil
	})
}

func (s *Source) about() ingest.About {
	return ingest.About{Source: name, Step: max(s.cfg.Interval, s.cfg.Step), Lateness: min(s.cfg.Interval/2, 500*time.Millisecond)}
}

// domain reads the disks of one domain.
func (r *reader) domain(l *rpc.Libvirt, d rpc.Domain, stats libvirt.Stats, now time.Time, scan bool) {
	n, _ := stats.Uint("block.count")
	for i := range n {
		prefix := fmt.Sprintf("block.%d.", i)
		label := d.Name + "/" + stats.Text(prefix+"name")
		if !r.include.Want(label) {
			continue
		}
		c, ok := countsOf(stats, prefix)
		if !ok { // backing images, empty drives, and domains that are busy have none
			continue
		}
		k, known := r.disks[label]
		if !known {
			handle, ok := r.register("vm/" + label)
			if !ok {
				continue
			}
			k = &disk{handle: handle}
			r.disks[label] = k
		}
		if !ingest.Holds(r.sink, k.handle) {
			handle, ok := r.register("vm/" + label)
			if !ok {
				continue
			}
			k.handle = handle
		}
		r.grown(k, d.ID, c, now)
		if scan || !known {
			k.limits, _ = libvirt.ReadLimits(l, d, stats.Text(prefix+"name"), rpc.DomainAffectLive) // drivers without limits have none to read
		}
		if capacity, known := stats.Uint(prefix + "capacity"); known && capacity > 0 {
			r.add(k.handle, ingest.AllocatedAt+ingest.Field(foreshock.DimSize), float64(capacity), now, 0)
		}
		for dim, category := range map[foreshock.Dimension]libvirt.Category{foreshock.DimIOPS: libvirt.PerSecond, foreshock.DimThroughput: libvirt.Bytes} {
			if limit := k.limits.Lowest(category); limit > 0 {
				r.add(k.handle, ingest.AllocatedAt+ingest.Field(dim), float64(limit), now, 0)
			}
		}
	}
}

func countsOf(stats libvirt.Stats, prefix string) (c counts, ok bool) {
	for field, sum := range map[string]*uint64{"reqs": &c.requests, "bytes": &c.bytes, "times": &c.nanoseconds} {
		for _, direction := range []string{"rd.", "wr."} {
			x, known := stats.Uint(prefix + direction + field)
			if !known {
				return c, false
			}
			*sum += x
		}
	}
	return c, true
}

// grown gives what came since the last read. A domain that was started again counts from 0, and so may a disk that was plugged in anew.
func (r *reader) grown(k *disk, run int32, c counts, now time.Time) {
	last, span := k.last, now.Sub(k.at)
	same := !k.at.IsZero() && k.run == run
	k.run, k.last, k.at = run, c, now
	switch {
	case !same:
		return
	case c.requests < last.requests || c.bytes < last.bytes || c.nanoseconds < last.nanoseconds:
		r.env.Drops.Add(name, ingest.DropReset, 1)
		return
	}
	r.add(k.handle, ingest.Ops, float64(c.requests-last.requests), now, span)
	r.add(k.handle, ingest.Bytes, float64(c.bytes-last.bytes), now, span)
	r.add(k.handle, ingest.OpSeconds, float64(c.nanoseconds-last.nanoseconds)/1e9, now, span)
}

// add adds a reading; span is what an increment took, 0 for gauges.
func (r *reader) add(handle ingest.Handle, field ingest.Field, value float64, at time.Time, span time.Duration) {
	ms := uint32(0)
	if span > 0 {
		ms = uint32(min(max(span.Round(time.Millisecond).Milliseconds(), 1), math.MaxUint32))
	}
	r.batch = append(r.batch, ingest.Reading{Value: value, Time: at.UnixMilli(), Handle: handle, Span: ms, Field: field})
}

// register asks for a workload's handle. What is refused is asked for again at the next read.
func (r *reader) register(id string) (ingest.Handle, bool) {
	err := foreshock.ID(id).Check()
	var handle ingest.Handle
	if err == nil {
		handle, err = r.sink.Register(foreshock.ID(id), r.about())
	}
	if err == nil {
		return handle, true
	}
	reason := ingest.DropBadID
	if errors.Is(err, ingest.ErrTooMany) {
		reason = ingest.DropTooMany
	}
	r.env.Drops.Add(name, reason, 1)
	if !r.refused {
		r.env.Log.Warn("register a disk", "workload", id, "err", err)
	}
	r.refused = true
	return 0, false
}

package gcptest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Disk is one of a zone or a region. Size is in GiB, Throughput in MiB/s.
type Disk struct {
	Type                   string
	Size, IOPS, Throughput float64
	Instances              []string // zone/name, to which it is attached
	Labels                 map[string]string

	id      uint64
	changed map[string]time.Time // when each of its amounts was changed last
	changes int
}

// Disk gives a copy of a disk as it is now, and how many changes of it were accepted.
func (e *Engine) Disk(name string) (d Disk, changes int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settle()
	d = *e.disks[name]
	return d, d.changes
}

// Change changes a disk behind everybody's back, without an operation.
func (e *Engine) Change(name string, f func(*Disk)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f(e.disks[name])
}

// parts are the zone and the name of zone/name.
func parts(name string) (zone, short string) {
	zone, short, _ = strings.Cut(name, "/")
	return zone, short
}

func path(kind, name string) string {
	zone, short := parts(name)
	return "zones/" + zone + "/" + kind + "/" + short
}

func (e *Engine) getDisk(c call) (any, *refusal) {
	d := e.disks[c.name]
	if d == nil {
		return nil, missing(where("disks", c.name))
	}
	zone, name := parts(c.name)
	j := map[string]any{
		"kind": "compute#disk", "id": fmt.Sprint(d.id), "name": name, "status": "READY", "sizeGb": fmt.Sprint(d.Size),
		"type": link(where("diskTypes", zone+"/"+d.Type)), "selfLink": link(where("disks", c.name)), "labels": d.Labels,
	}
	if d.IOPS > 0 {
		j["provisionedIops"] = fmt.Sprint(d.IOPS)
	}
	if d.Throughput > 0 {
		j["provisionedThroughput"] = fmt.Sprint(d.Throughput)
	}
	var users []string
	for _, i := range d.Instances {
		users = append(users, link(path("instances", i)))
	}
	j["users"] = users
	return j, nil
}

// amounts are the fields of a disk that can be changed.
var amounts = map[string]func(*Disk) *float64{
	"sizeGb":                func(d *Disk) *float64 { return &d.Size },
	"provisionedIops":       func(d *Disk) *float64 { return &d.IOPS },
	"provisionedThroughput": func(d *Disk) *float64 { return &d.Throughput },
}

// updateDisk changes the fields that the mask names.
func (e *Engine) updateDisk(c call) (any, *refusal) {
	mask := strings.Split(c.r.URL.Query().Get("updateMask"), ",")
	for _, field := range mask {
		if amounts[field] == nil {
			return nil, refuse("invalid", "Invalid value for field 'updateMask': '%s'; there is: %v", field, slices.Sorted(maps.Keys(amounts)))
		}
	}
	return e.change(c, "update", mask)
}

func (e *Engine) resizeDisk(c call) (any, *refusal) {
	return e.change(c, "resizeDisk", []string{"sizeGb"})
}

// change keeps the rules of a change of some fields.
func (e *Engine) change(c call, kind string, fields []string) (any, *refusal) {
	d := e.disks[c.name]
	if d == nil {
		return nil, missing(where("disks", c.name))
	}
	if answer, again := e.repeated(c); again {
		return answer, nil
	}
	if e.running(link(where("disks", c.name))) {
		return nil, refuse("resourceNotReady", "The resource '%s' is not ready", where("disks", c.name))
	}
	to := *d
	for _, field := range fields {
		n, stated := c.number(field)
		if !stated {
			return nil, refuse("required", "Required field '%s' not specified", field)
		}
		*amounts[field](&to) = n
	}
	t := e.types[d.Type]
	if err := t.At(to.Size).Check(to.Size, to.IOPS, to.Throughput); err != nil {
		return nil, refuse("invalid", "%s", err)
	}
	if to.Size < d.Size || kind == "resizeDisk" && to.Size == d.Size {
		return nil, refuse("invalid", "Invalid value for field 'sizeGb': '%g'. New disk size '%g' GB must be larger than existing size '%g' GB.", to.Size, to.Size, d.Size)
	}
	now := e.Now()
	for _, field := range fields {
		if at, was := d.changed[field]; was && t.Each && field != "sizeGb" && now.Sub(at) < t.Window {
			return nil, refuse("invalidResourceUsage", "The field '%s' can be changed once in 4 hours, last at %s", field, at.UTC().Format(time.RFC3339))
		}
	}
	answer := e.begin(c, kind, where("disks", c.name), d.id, func() { d.Size, d.IOPS, d.Throughput = to.Size, to.IOPS, to.Throughput })
	d.changes++
	if !e.fails && !e.ignores {
		d.changed = maps.Clone(d.changed)
		if d.changed == nil {
			d.changed = map[string]time.Time{}
		}
		for _, field := range fields {
			d.changed[field] = now
		}
	}
	return answer, nil
}

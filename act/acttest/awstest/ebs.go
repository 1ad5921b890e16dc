// Package awstest stands in for Amazon Web Services: EBS keeps its rules to the letter, which moto does not; Faults lets any server's changes go
// wrong; and Moto starts moto's server for what is left.
//
// EBS and Faults are plain HTTP handlers that speak the query protocol, for the SDKs and the command line of any language (AWS_ENDPOINT_URL).
package awstest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock/providers"
)

// Volume is a volume of EBS. Size is in GiB, Throughput in MiB/s.
type Volume struct {
	Type                   string
	Size, IOPS, Throughput float64
	Instance               string // to which it is attached; "" is none
	Principal              string // the operator that manages it; "" is none
	Tags                   map[string]string

	starts []time.Time // of all modifications
	last   *change
}

// shape is what a modification is of.
type shape struct {
	Type                   string
	Size, IOPS, Throughput float64
}

func (v *Volume) shape() shape { return shape{v.Type, v.Size, v.IOPS, v.Throughput} }

// change is a modification.
type change struct {
	from, to              shape
	start, ready, endTime time.Time // of modifying, of optimizing
	fails                 bool
}

func (c *change) state(now time.Time) string {
	switch {
	case now.Before(c.ready):
		return "modifying"
	case c.fails:
		return "failed"
	case now.Before(c.endTime):
		return "optimizing"
	}
	return "completed"
}

// Instance is what an instance can do: its type, and what volumes of that type of instance can have in all.
type Instance struct {
	Type                     string
	IOPS, Throughput         float64 // baseline; Throughput in MB/s
	MaxIOPS, MaxThroughputMB float64
	Xen                      bool // and not Nitro
}

// EBS is the part of EC2 that volumes need: ModifyVolume, DescribeVolumes, DescribeVolumesModifications, DescribeInstances and
// DescribeInstanceTypes. It is safe for concurrent use.
type EBS struct {
	Now                   func() time.Time // default: time.Now
	Modifying, Optimizing time.Duration    // how long a modification is in each state; default 20ms

	mu        sync.Mutex // guards the rest
	types     map[string]providers.VolumeType
	volumes   map[string]*Volume
	instances map[string]Instance
	fails     bool // the next modifications fail after they were accepted
	ignores   bool // the next modifications are accepted and forgotten
}

// NewEBS returns EBS with volumes and instances, by ID.
func NewEBS(volumes map[string]Volume, instances map[string]Instance) *EBS {
	types, err := providers.VolumeTypes("ebs", "")
	if err != nil {
		panic(err) // they are part of the program
	}
	e := &EBS{Now: time.Now, Modifying: 20 * time.Millisecond, Optimizing: 20 * time.Millisecond, types: types, volumes: map[string]*Volume{}, instances: instances}
	for id, v := range volumes {
		e.volumes[id] = &v
	}
	return e
}

// FailLater lets modifications from now on be accepted, and fail.
func (e *EBS) FailLater() { e.mu.Lock(); defer e.mu.Unlock(); e.fails = true }

// Ignore lets modifications from now on be accepted, and forgotten.
func (e *EBS) Ignore() { e.mu.Lock(); defer e.mu.Unlock(); e.ignores = true }

// Volume gives a copy of a volume as it is now, and how many modifications of it began.
func (e *EBS) Volume(id string) (v Volume, modifications int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settle()
	v = *e.volumes[id]
	return v, len(v.starts)
}

// Change changes a volume behind everybody's back, without a modification.
func (e *EBS) Change(id string, f func(*Volume)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f(e.volumes[id])
}

// settle lets what is in effect be seen: from optimizing on.
func (e *EBS) settle() {
	now := e.Now()
	for _, v := range e.volumes {
		if c := v.last; c != nil && !c.fails && !now.Before(c.ready) {
			v.Type, v.Size, v.IOPS, v.Throughput = c.to.Type, c.to.Size, c.to.IOPS, c.to.Throughput
		}
	}
}

// refusal is an answer that is an error.
type refusal struct {
	status        int
	code, message string
}

func refuse(code, format string, args ...any) *refusal {
	return &refusal{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one call.
func (e *EBS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		write(w, &refusal{http.StatusBadRequest, "MalformedQueryString", err.Error()}, nil)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settle()
	calls := map[string]func(url.Values) (any, *refusal){
		"ModifyVolume": e.modify, "DescribeVolumes": e.describeVolumes, "DescribeVolumesModifications": e.describeModifications,
		"DescribeInstances": e.describeInstances, "DescribeInstanceTypes": e.describeTypes,
	}
	call, known := calls[r.Form.Get("Action")]
	if !known {
		write(w, refuse("InvalidAction", "the action %q is not one of %v", r.Form.Get("Action"), slices.Sorted(maps.Keys(calls))), nil)
		return
	}
	answer, no := call(r.Form)
	write(w, no, answer)
}

// modify keeps the rules of ModifyVolume. The caller holds mu.
func (e *EBS) modify(form url.Values) (any, *refusal) {
	id := form.Get("VolumeId")
	v := e.volumes[id]
	now := e.Now()
	if v == nil {
		return nil, refuse("InvalidVolume.NotFound", "The volume '%s' does not exist.", id)
	}
	if v.Principal != "" {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", "the volume is managed by " + v.Principal}
	}
	if c := v.last; c != nil && (c.state(now) == "modifying" || c.state(now) == "optimizing") {
		return nil, refuse("IncorrectModificationState", "Cannot modify volume %s, currently in modification state '%s'", id, strings.ToUpper(c.state(now)))
	}
	to, no := e.asked(form, v)
	if no != nil {
		return nil, no
	}
	t := e.types[to.Type]
	if free := nextFree(v.starts, t, now); free.After(now) {
		return nil, refuse("VolumeModificationRateExceeded",
			"You've reached the maximum modification rate per volume limit. The next modification is possible at %s", free.UTC().Format(time.RFC3339))
	}
	c := &change{from: v.shape(), to: to, start: now, ready: now.Add(e.Modifying), endTime: now.Add(e.Modifying + e.Optimizing), fails: e.fails}
	if !e.ignores {
		v.last, v.starts = c, append(v.starts, now)
	}
	return modified{Modification: c.xml(id, now)}, nil
}

// asked is the shape that a call asks for: with another type what is left out gets its defaults.
func (e *EBS) asked(form url.Values, v *Volume) (shape, *refusal) {
	to := v.shape()
	if name := form.Get("VolumeType"); name != "" && name != v.Type {
		to = shape{Type: name, Size: v.Size}
		if name == "gp3" {
			to.IOPS, to.Throughput = 3000, 125
		}
	}
	for name, x := range map[string]*float64{"Size": &to.Size, "Iops": &to.IOPS, "Throughput": &to.Throughput} {
		if text := form.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return to, refuse("InvalidParameterValue", "%s is no number", name)
			}
			*x = float64(n)
		}
	}
	t, known := e.types[to.Type]
	iops := to.IOPS
	switch {
	case !known:
		return to, refuse("UnknownVolumeType", "Unsupported volume type '%s'", to.Type)
	case to.Size < v.Size:
		return to, refuse("InvalidParameterValue", "New size cannot be smaller than existing size")
	case t.IOPS.Max == 0 && form.Get("Iops") == "":
		iops = 0 // derived
	case t.IOPS.Max > 0 && iops == 0:
		return to, refuse("MissingParameter", "iops must be stated for %s", to.Type)
	}
	if err := t.Check(to.Size, iops, to.Throughput); err != nil {
		return to, refuse("InvalidParameterValue", "%s", err)
	}
	if to.Type == "gp2" {
		to.IOPS = min(max(3*to.Size, 100), 16000)
	}
	return to, nil
}

// nextFree is when a modification may begin.
func nextFree(starts []time.Time, t providers.VolumeType, now time.Time) time.Time {
	if n := len(starts); t.Changes > 0 && n >= t.Changes {
		return starts[n-t.Changes].Add(t.Window)
	}
	return now
}

package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/pipeline"
)

// Looks is what a program shows of itself beyond lists and single workloads.
type Looks interface {
	Fleet(ctx context.Context, q pipeline.FleetQuery) (pipeline.Fleet, error)
	// Series and Week give an error that wraps [act.ErrNotFound] for a workload that is not known.
	Series(ctx context.Context, id foreshock.ID, from, to time.Time) (pipeline.Series, error)
	Week(ctx context.Context, id foreshock.ID, m foreshock.Metric) ([pipeline.HoursOfWeek]float64, error)
	Policies() []PolicyView
	Capacity() CapacityView
	Use() Use
}

// PolicyView is a policy as it is in force.
type PolicyView struct {
	Name       string                `json:"name"`
	Match      []string              `json:"match"`
	Mode       foreshock.Mode        `json:"mode"` // at most the program's
	Target     string                `json:"target,omitempty"`
	Dimensions []foreshock.Dimension `json:"dimensions"` // that may be changed
	Settings   []Setting             `json:"settings"`
}

// Setting is one setting in words.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// CapacityView is what planners hand out from, as far as they can tell, and what they have handed out.
type CapacityView struct {
	Planners []string        `json:"planners"`
	Pools    []capacity.Pool `json:"pools"`
	Held     []act.Hold      `json:"held"` // granted and not given back
}

// Use is what the program itself uses; zero is not known.
type Use struct {
	At         time.Time     `json:"at"`
	CPU        time.Duration `json:"cpu_ns"` // processor time since the start
	Resident   uint64        `json:"resident_bytes"`
	Heap       uint64        `json:"heap_bytes"` // of objects
	Goroutines int           `json:"goroutines"`
	Recent     int           `json:"recent_bytes"` // kept per workload for charts
	Disk       int64         `json:"disk_bytes"`   // in the data folder
}

func (h handler) policies(*http.Request) (any, error) { return h.p.Policies(), nil }

func (h handler) capacity(*http.Request) (any, error) { return h.p.Capacity(), nil }

func (h handler) fleet(r *http.Request) (any, error) {
	q, err := FleetQuery(r)
	if err != nil {
		return nil, err
	}
	return h.p.Fleet(r.Context(), q)
}

const (
	fleetPage = 50
	mostRows  = 500
)

// FleetQuery reads ?q=&severity=&quality=&stage=&policy=&sort=&page=&limit=; pages are counted from 1.
func FleetQuery(r *http.Request) (q pipeline.FleetQuery, err error) {
	v := r.URL.Query()
	q = pipeline.FleetQuery{Search: v.Get("q"), Quality: v.Get("quality"), Stage: v.Get("stage"), Policy: v.Get("policy"), Sort: v.Get("sort"), Limit: fleetPage}
	if s := v.Get("severity"); s != "" {
		if err := q.Severity.UnmarshalText([]byte(s)); err != nil {
			return q, fault(http.StatusBadRequest, "severity=%s: %s", s, err)
		}
	}
	switch q.Sort {
	case "", "name", "headroom", "latency":
	default:
		return q, fault(http.StatusBadRequest, "sort=%s: there is: name, headroom, latency; without it the worst come first", q.Sort)
	}
	if q.Limit, err = number("limit", v.Get("limit"), fleetPage, mostRows); err != nil {
		return q, err
	}
	page, err := number("page", v.Get("page"), 1, 1_000_000)
	q.Skip = (page - 1) * q.Limit
	return q, err
}

// number reads a whole number from 1 to most; "" is the one that is otherwise meant.
func number(name, s string, otherwise, most int) (int, error) {
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return otherwise, fault(http.StatusBadRequest, "%s=%s: a whole number between 1 and %d is expected", name, s, most)
	}
	return n, nil
}

func (h handler) series(r *http.Request) (any, error) {
	from, err := Moment("from", r.URL.Query().Get("from"))
	if err != nil {
		return nil, err
	}
	to, err := Moment("to", r.URL.Query().Get("to"))
	if err != nil {
		return nil, err
	}
	return h.p.Series(r.Context(), foreshock.ID(r.PathValue("id")), from, to)
}

// Package api serves the program over HTTP: the same things that the command line shows.
package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/api/problem"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/notify"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/promote"
	"github.com/foreshock-io/foreshock/tables"
)

// Program is what is served.
type Program interface {
	Looks
	Workloads(ctx context.Context) ([]pipeline.View, error)
	Workload(ctx context.Context, id foreshock.ID) (pipeline.Detail, bool, error)
	Events(q Query) []foreshock.Event
	// Past reads from the journal what is kept of a workload at a time.
	Past(ctx context.Context, id foreshock.ID, at time.Time) (*Past, error)
	Actions() []foreshock.ActionChange
	Approve(ctx context.Context, action, actor string) error
	Refuse(ctx context.Context, action, actor, why string) error
	Settle(ctx context.Context, action, actor string, inEffect bool, why string) error
	Pause(ctx context.Context, p foreshock.Pause, actor string) error
	Pauses() []foreshock.Pause
	// Opine takes in what somebody thinks of an anomaly, and says what came of it.
	Opine(ctx context.Context, o foreshock.Opinion, actor string) (done string, err error)
	// Report says what a policy would have done while it observed; ok is false where no policy is called so.
	Report(ctx context.Context, policy string) (r promote.Report, ok bool, err error)
	// Undo takes back the correction, or the latch, that the event of this number in the journal tells of.
	Undo(ctx context.Context, seq uint64, actor, why string) error
	Reload(ctx context.Context, actor string) error
	Status() Status
	// Ready says why the program is not ready, or "".
	Ready() string
}

// Query picks events: of a type, of a workload, since a time, with a number below Before; the latest Limit of them.
type Query struct {
	Type     string
	Workload foreshock.ID
	Since    time.Time
	Before   uint64 // 0: all numbers
	Limit    int
}

// Status is how the program itself is.
type Status struct {
	Version  string            `json:"version"`
	Started  time.Time         `json:"started"`
	Mode     foreshock.Mode    `json:"mode"`
	Config   string            `json:"config"`
	Data     string            `json:"data"`
	Listen   string            `json:"listen"`
	Sources  []SourceStatus    `json:"sources"`
	Targets  []string          `json:"targets"`
	Policies []string          `json:"policies"`
	Pauses   []foreshock.Pause `json:"pauses"`
	Reload   string            `json:"last_reload,omitempty"` // what the last reload came to
	Journal  uint64            `json:"journal_last"`
	Counts   pipeline.Counts   `json:"counts"`

	ReloadFailed bool             `json:"reload_failed,omitempty"` // the program goes on with the configuration it had
	Notifiers    []NotifierStatus `json:"notifiers,omitempty"`
}

// NotifierStatus is how a notifier is.
type NotifierStatus struct {
	Name string `json:"name"`
	notify.Counts
}

// SourceStatus is how a source is.
type SourceStatus struct {
	Name    string `json:"name"`
	Running bool   `json:"running"`
	Err     string `json:"err,omitempty"`
}

type handler struct{ p Program }

func fault(status int, format string, args ...any) error { return problem.New(status, format, args...) }

func (h handler) workload(r *http.Request) (any, error) {
	return h.find(r)
}

func (h handler) find(r *http.Request) (pipeline.Detail, error) {
	id := foreshock.ID(r.PathValue("id"))
	d, ok, err := h.p.Workload(r.Context(), id)
	if err == nil && !ok {
		err = unknown(id)
	}
	return d, err
}

func unknown(id foreshock.ID) error {
	return fault(http.StatusNotFound, "no workload is called %q; GET /api/v1/workloads (foreshock workloads) lists them", id)
}

func (h handler) explain(r *http.Request) (any, error) {
	at, err := Moment("at", r.URL.Query().Get("at"))
	if err != nil {
		return nil, err
	}
	id := foreshock.ID(r.PathValue("id"))
	if err := id.Check(); err != nil {
		return nil, fault(http.StatusBadRequest, "%v; GET /api/v1/workloads (foreshock workloads) lists them", err)
	}
	d, watched, err := h.p.Workload(r.Context(), id)
	switch {
	case err != nil:
		return nil, err
	case !watched, d.Stored:
		d.ID = id
		return h.remember(r.Context(), d, at)
	}
	return Why(r.Context(), h.p, d, at)
}

// remember explains a workload that is not watched, by what the journal has of it; where that is nothing, by what is stored, or it is not known.
func (h handler) remember(ctx context.Context, d pipeline.Detail, at time.Time) (any, error) {
	past := at
	if past.IsZero() {
		past = time.Now()
	}
	x, err := Why(ctx, h.p, d, past)
	switch {
	case err != nil:
		return nil, err
	case !x.Past.Known && d.Stored && at.IsZero():
		return Why(ctx, h.p, d, at)
	case !x.Past.Known && !d.Stored:
		return nil, unknown(d.ID)
	}
	x.Past.Gone = true
	x.Text = Explain(&x)
	return x, nil
}

// Reported is a report, and the same as text.
type Reported struct {
	promote.Report
	Text string `json:"text"`
}

func (h handler) report(r *http.Request) (any, error) {
	name := r.PathValue("policy")
	report, ok, err := h.p.Report(r.Context(), name)
	if err == nil && !ok {
		err = fault(http.StatusNotFound, "%s", foreshock.NoSuch("policy", name, h.p.Status().Policies))
	}
	return Reported{report, report.Text()}, err
}

// Why explains a workload at a time, or now where the time is zero.
func Why(ctx context.Context, p Program, d pipeline.Detail, at time.Time) (x Explanation, err error) {
	x = Explanation{Workload: d, Events: []foreshock.Event{}}
	if at.After(time.Now().Add(ingest.MostAhead)) {
		return x, fault(http.StatusBadRequest, "at=%s: that is to come; what is forecast, explain says without at", at.UTC().Format(time.RFC3339))
	}
	if at.IsZero() {
		x.Events = p.Events(Query{Workload: d.ID, Limit: 50})
	} else if x.Past, err = p.Past(ctx, d.ID, at); err != nil {
		return x, err
	}
	x.Text = Explain(&x)
	return x, nil
}

// Moment reads a time, in any form that the program writes or reads elsewhere, or an age before now; nothing is the zero time.
func Moment(name, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if _, t, ok := tables.Written(s); ok {
		return t, nil
	}
	age, err := config.ParseDuration(s)
	switch {
	case err == nil && age < 0:
		return time.Time{}, fault(http.StatusBadRequest, "%s=%s: that is to come; an age is a time ago, as 90m", name, s)
	case err != nil:
		return time.Time{}, fault(http.StatusBadRequest, "%s=%s: a time (2026-01-02T15:04:05Z) or an age (90m, 7d) is expected", name, s)
	}
	return time.Now().Add(-age), nil
}

// anomalies gives the last state of each anomaly.
func (h handler) anomalies(r *http.Request) (any, error) {
	q, err := query(r)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	q.Type, q.Limit = foreshock.EventAnomaly, 10_000
	latest := map[string]int{}
	list := []foreshock.Anomaly{}
	for _, e := range h.p.Events(q) {
		if at, known := latest[e.Anomaly.ID]; known {
			list[at] = *e.Anomaly
			continue
		}
		latest[e.Anomaly.ID] = len(list)
		list = append(list, *e.Anomaly)
	}
	if len(list) == 0 {
		return list, h.nothing(r.Context(), q)
	}
	return list[max(0, len(list)-limit):], nil
}

func (h handler) status(*http.Request) (any, error) { return h.p.Status(), nil }

// body reads a small JSON body strictly; an empty one leaves v.
func body(r *http.Request, v any) error {
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<16))
	if err != nil {
		return fault(http.StatusRequestEntityTooLarge, "the body is larger than 64 KiB")
	}
	if len(strings.TrimSpace(string(data))) == 0 {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fault(http.StatusBadRequest, "the body is not what is expected: %s", err)
	}
	return nil
}

// Because is why something is done, for the journal.
type Because struct {
	Why string `json:"why,omitempty"`
}

// Settlement is what came of a parked action.
type Settlement struct {
	Why      string `json:"why,omitempty"`
	InEffect *bool  `json:"in_effect,omitempty"` // it must be said
}

// Done is what was done.
type Done struct {
	Done string `json:"done"`
}

func (h handler) approve(r *http.Request) (any, error) {
	id := r.PathValue("id")
	return Done{"approved " + id}, h.p.Approve(r.Context(), id, access.Of(r).Name)
}

func (h handler) refuse(r *http.Request) (any, error) {
	var v Because
	if err := body(r, &v); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	return Done{"refused " + id}, h.p.Refuse(r.Context(), id, access.Of(r).Name, v.Why)
}

func (h handler) settle(r *http.Request) (any, error) {
	var v Settlement
	if err := body(r, &v); err != nil {
		return nil, err
	}
	if v.InEffect == nil {
		return nil, fault(http.StatusBadRequest, `say whether the change is in effect: {"in_effect": true}`)
	}
	id := r.PathValue("id")
	return Done{"settled " + id}, h.p.Settle(r.Context(), id, access.Of(r).Name, *v.InEffect, v.Why)
}

// PauseRequest asks to pause or to resume. StopAll is the kill switch, which has no scope, direction or end.
type PauseRequest struct {
	Scope   string `json:"scope,omitempty"` // "*" (where it is left out), "policy/NAME" or "workload/ID"
	Only    string `json:"only,omitempty"`  // "grow" or "shrink"; left out: both
	StopAll bool   `json:"stop_all,omitempty"`
	For     string `json:"for,omitempty"` // for example "2h"; left out: until it is resumed
	Reason  string `json:"reason,omitempty"`
}

func readPause(r *http.Request) (p foreshock.Pause, err error) {
	var v PauseRequest
	if err := body(r, &v); err != nil {
		return p, err
	}
	return v.Pause()
}

// Pause is what is asked for, or what is wrong with it.
func (v *PauseRequest) Pause() (p foreshock.Pause, err error) {
	p = foreshock.Pause{Scope: v.Scope, Only: v.Only, StopAll: v.StopAll, Reason: v.Reason}
	if p.Scope == "" {
		p.Scope = "*"
	}
	if err := checkScope(p.Scope); err != nil {
		return p, err
	}
	switch {
	case v.Only != "" && v.Only != foreshock.Grow.String() && v.Only != foreshock.Shrink.String():
		return p, fault(http.StatusBadRequest, "only %q: grow or shrink is expected; leave it out for both", v.Only)
	case v.StopAll && (p.Scope != "*" || v.Only != "" || v.For != ""):
		return p, fault(http.StatusBadRequest, "stop_all is about everything until it is lifted; leave out scope, only and for")
	}
	if v.For != "" {
		d, err := config.ParseDuration(v.For)
		if err != nil || d <= 0 {
			return p, fault(http.StatusBadRequest, "for=%s: a duration above 0 is expected, for example 2h or 7d", v.For)
		}
		p.Until = time.Now().Add(d).UTC()
	}
	return p, nil
}

func (h handler) pause(r *http.Request) (any, error) {
	p, err := readPause(r)
	if err != nil {
		return nil, err
	}
	if err := h.p.Pause(r.Context(), p, access.Of(r).Name); err != nil {
		return nil, err
	}
	return Done{"paused " + p.Text() + p.Ends() + h.nobody(r.Context(), p.Scope)}, nil
}

// nobody says that there is nothing of a scope now, or "": a pause holds all the same, for what is to come.
func (h handler) nobody(ctx context.Context, scope string) string {
	if name, of := strings.CutPrefix(scope, "policy/"); of {
		if names := h.p.Status().Policies; !slices.Contains(names, name) {
			return fmt.Sprintf("; there is no such policy now, there is: %s", strings.Join(names, ", "))
		}
	}
	if id, of := strings.CutPrefix(scope, "workload/"); of {
		if _, known, err := h.p.Workload(ctx, foreshock.ID(id)); err == nil && !known {
			return "; there is no such workload now, foreshock workloads lists them"
		}
	}
	return ""
}

func (h handler) resume(r *http.Request) (any, error) {
	p, err := readPause(r)
	if err != nil {
		return nil, err
	}
	p.Lifted, p.Until = true, time.Time{}
	return Done{"resumed " + p.Text()}, h.p.Pause(r.Context(), p, access.Of(r).Name)
}

func checkScope(scope string) error {
	kind, name, _ := strings.Cut(scope, "/")
	if scope == "*" || (kind == "policy" || kind == "workload") && name != "" {
		return nil
	}
	return fault(http.StatusBadRequest, "the scope %q is none; there is: * (everything), policy/NAME, workload/ID", scope)
}

func (h handler) opine(r *http.Request) (any, error) {
	var o foreshock.Opinion
	if err := body(r, &o); err != nil {
		return nil, err
	}
	if err := CheckOpinion(o); err != nil {
		return nil, err
	}
	done, err := h.p.Opine(r.Context(), o, access.Of(r).Name)
	return Done{done}, err
}

// CheckOpinion says what is wrong with an opinion.
func CheckOpinion(o foreshock.Opinion) error {
	switch o.Says {
	case foreshock.FalseAlarm, foreshock.Missed, foreshock.Useful:
	default:
		return fault(http.StatusBadRequest, "says=%q; there is: false_alarm, missed, useful", o.Says)
	}
	if o.At.After(time.Now().Add(ingest.MostAhead)) {
		return fault(http.StatusBadRequest, "at=%s: that is to come; what was missed is past", o.At.UTC().Format(time.RFC3339))
	}
	return nil
}

func (h handler) reload(r *http.Request) (any, error) {
	if err := h.p.Reload(r.Context(), access.Of(r).Name); err != nil {
		return nil, fault(http.StatusUnprocessableEntity, "nothing was changed: %s", err)
	}
	return Done{"reloaded"}, nil
}

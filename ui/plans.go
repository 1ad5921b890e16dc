package ui

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/promote"
)

// approvals is what waits for a person, and what came of the rest lately.
type approvals struct {
	Open []foreshock.ActionChange // proposed or parked, the oldest first
	Over []over                   // the latest first
}

// over is an action that waits for nobody any more, with who said yes or no to it.
type over struct {
	foreshock.ActionChange
	By string
}

// mostOver bounds the actions that are listed after they were settled.
const mostOver = 50

func approvalsData(s *site, _ *http.Request) (any, error) {
	a := &approvals{}
	said := map[string]string{}
	for _, e := range s.program.Events(api.Query{Type: foreshock.EventAction, Limit: lookedAt}) {
		if e.Change.Actor != "" {
			said[e.Change.Action.ID] = e.Change.Actor
		}
	}
	list := s.program.Actions()
	for i := range list {
		if list[i].State == foreshock.Proposed || list[i].State == foreshock.Parked {
			a.Open = append(a.Open, list[i])
		}
	}
	for i := range slices.Backward(list) {
		if len(a.Over) < mostOver && list[i].State != foreshock.Proposed && list[i].State != foreshock.Parked {
			a.Over = append(a.Over, over{list[i], said[list[i].Action.ID]})
		}
	}
	return a, nil
}

// policy is a policy with what it would have done.
type policy struct {
	api.PolicyView
	Workloads int
	Report    promote.Report
	Lines     []string // of the report
	Paused    bool
}

func policiesData(s *site, r *http.Request) (any, error) {
	list := []policy{}
	for _, v := range s.program.Policies() {
		p := policy{PolicyView: v}
		found, err := s.program.Fleet(r.Context(), pipeline.FleetQuery{Policy: v.Name, Limit: 1})
		if err != nil {
			return nil, err
		}
		p.Workloads = found.Matched
		if p.Report, _, err = s.program.Report(r.Context(), v.Name); err != nil {
			return nil, err
		}
		p.Lines = strings.Split(strings.TrimSpace(p.Report.Text()), "\n")
		p.Paused = slices.ContainsFunc(s.program.Pauses(), func(x foreshock.Pause) bool { return x.Scope == "policy/"+v.Name })
		list = append(list, p)
	}
	return list, nil
}

// room is what planners hand out from, and what they have handed out.
type room struct {
	api.CapacityView
	Pools  []pool
	Recent []storyLine // what was asked for lately
}

type pool struct {
	capacity.Pool
	Total, InUse, Granted, Reserve, Free string
	// Shares of the total, in per cent, for a bar.
	UsedPart, GrantedPart, ReservePart float64
}

// mostAsked bounds the reservations that are told.
const mostAsked = 50

func capacityData(s *site, _ *http.Request) (any, error) {
	v := s.program.Capacity()
	c := &room{CapacityView: v}
	for _, p := range v.Pools {
		text := func(x float64) string { return foreshock.FormatAmount(p.Dimension, x) }
		c.Pools = append(c.Pools, pool{
			p, text(p.Total), text(p.InUse), text(p.Granted), text(p.Reserve), text(p.Free()), 100 * p.InUse / p.Total, 100 * p.Granted / p.Total, 100 * p.Reserve / p.Total,
		})
	}
	events := s.program.Events(api.Query{Type: foreshock.EventReservation, Limit: mostAsked})
	for i := range slices.Backward(events) {
		c.Recent = append(c.Recent, storyLine{Event: events[i], Text: api.Sentence(&events[i])})
	}
	now := time.Now()
	c.Held = slices.DeleteFunc(c.Held, func(h act.Hold) bool { return !h.Wanted() && h.Reservation.Expires.Before(now) })
	return c, nil
}

// state is how the program itself is.
type state struct {
	api.Status
	Use         api.Use
	Since       time.Duration
	Processors  float64 // used, in the mean since the start
	Sources     []source
	Corrections []api.Corrected
}

// source is a source with what it dropped.
type source struct {
	api.SourceStatus
	Dropped int64
	Drops   []drop
}

type drop struct {
	Reason string
	Count  int64
}

// mostCorrections bounds the corrections that are listed.
const mostCorrections = 30

func statusData(s *site, _ *http.Request) (any, error) {
	st := &state{Status: s.program.Status(), Use: s.program.Use()}
	st.Since = st.Use.At.Sub(st.Started).Round(time.Second)
	if st.Since > 0 {
		st.Processors = st.Use.CPU.Seconds() / st.Since.Seconds()
	}
	for _, named := range st.Status.Sources {
		st.Sources = append(st.Sources, source{SourceStatus: named})
	}
	for _, d := range st.Counts.Dropped {
		at := slices.IndexFunc(st.Sources, func(x source) bool { return x.Name == d.Source })
		if at < 0 {
			at = len(st.Sources)
			st.Sources = append(st.Sources, source{SourceStatus: api.SourceStatus{Name: d.Source, Running: true}})
		}
		st.Sources[at].Dropped += d.Count
		st.Sources[at].Drops = append(st.Sources[at].Drops, drop{string(d.Reason), d.Count})
	}
	st.Corrections = api.Corrections(s.program, mostCorrections)
	slices.Reverse(st.Corrections)
	return st, nil
}

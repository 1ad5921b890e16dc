package api

import (
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api/access"
)

// Corrected is a correction as it is shown: with its number, by which it can be undone.
type Corrected struct {
	Seq   uint64    `json:"seq"`
	Time  time.Time `json:"time"`
	Actor string    `json:"actor,omitempty"` // who, for what a person did
	foreshock.Correction
	UndoneBy uint64 `json:"undone_by,omitempty"` // the number of the correction that took it back
}

// corrections gives the latest corrections, and the latches that verdicts closed, the oldest first.
func (h handler) corrections(r *http.Request) (any, error) {
	q, err := query(r)
	if err != nil {
		return nil, err
	}
	list := correctionsOf(h.p, q)
	if len(list) == 0 {
		return list, h.nothing(r.Context(), q)
	}
	return list, nil
}

// Corrections gives the latest corrections of all workloads, the oldest first.
func Corrections(p Program, limit int) []Corrected { return correctionsOf(p, Query{Limit: limit}) }

func correctionsOf(p Program, q Query) []Corrected {
	limit := q.Limit
	q.Limit = 10_000
	q.Type = foreshock.EventCorrection
	events := p.Events(q)
	q.Type = foreshock.EventEvaluation
	list := correctedBy(append(events, p.Events(q)...))
	return list[max(0, len(list)-limit):]
}

// correctedBy picks what was corrected from events, in the order of their numbers.
func correctedBy(events []foreshock.Event) []Corrected {
	list := []Corrected{}
	undone := map[uint64]uint64{}
	for i := range events {
		e := &events[i]
		switch {
		case e.Correction != nil:
			list = append(list, Corrected{Seq: e.Seq, Time: e.Time, Actor: e.Actor, Correction: *e.Correction})
			undone[e.Correction.Undoes] = e.Seq
		case e.Evaluation != nil && e.Evaluation.Latch:
			latch := foreshock.Correction{Workload: e.Evaluation.Workload, What: "latch", From: 0, To: 1, Why: fmt.Sprintf("action %s: %s", e.Evaluation.Action, e.Evaluation.Text)}
			list = append(list, Corrected{Seq: e.Seq, Time: e.Time, Correction: latch})
		}
	}
	for i := range list {
		list[i].UndoneBy = undone[list[i].Seq]
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Seq < list[j].Seq })
	return list
}

func (h handler) undo(r *http.Request) (any, error) {
	var v Because
	if err := body(r, &v); err != nil {
		return nil, err
	}
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil || seq == 0 {
		return nil, fault(http.StatusBadRequest, "the correction %q is no number above 0; GET /api/v1/corrections (foreshock corrections) lists them", r.PathValue("seq"))
	}
	return Done{fmt.Sprintf("undone %d", seq)}, h.p.Undo(r.Context(), seq, access.Of(r).Name, v.Why)
}

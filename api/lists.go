package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/pipeline"
)

// query reads ?type=&workload=&since=&limit=&cursor=.
func query(r *http.Request) (Query, error) {
	v := r.URL.Query()
	q := Query{Type: v.Get("type"), Workload: foreshock.ID(v.Get("workload"))}
	if types := foreshock.EventTypes(); q.Type != "" && !slices.Contains(types, q.Type) {
		return q, fault(http.StatusBadRequest, "%s", foreshock.NoSuch("type of event", q.Type, types))
	}
	var err error
	if q.Limit, err = limit(r, 100); err != nil {
		return q, err
	}
	if s := v.Get("cursor"); s != "" {
		if q.Before, err = strconv.ParseUint(s, 10, 64); err != nil || q.Before == 0 {
			return q, badCursor(s)
		}
	}
	q.Since, err = Moment("since", v.Get("since"))
	return q, err
}

// nothing says why a list may be empty: nil, or that there is no workload of the name that was asked for, neither now nor in the journal.
func (h handler) nothing(ctx context.Context, q Query) error {
	if q.Workload == "" {
		return nil
	}
	if err := q.Workload.Check(); err != nil {
		return fault(http.StatusBadRequest, "workload: %v; GET /api/v1/workloads (foreshock workloads) lists them", err)
	}
	if _, watched, err := h.p.Workload(ctx, q.Workload); err != nil || watched {
		return err
	}
	past, err := h.p.Past(ctx, q.Workload, time.Now())
	if err == nil && !past.Known {
		err = unknown(q.Workload)
	}
	return err
}

const mostItems = 10_000 // of a page

// limit reads ?limit=.
func limit(r *http.Request, otherwise int) (int, error) {
	s := r.URL.Query().Get("limit")
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > mostItems {
		return 0, fault(http.StatusBadRequest, "limit=%s: a whole number between 1 and %d is expected", s, mostItems)
	}
	return n, nil
}

func badCursor(s string) error {
	return fault(http.StatusBadRequest, "cursor=%s is none; take the address of the next page from the header Link", s)
}

// events gives a page, the latest last; the next page is of those before.
func (h handler) events(r *http.Request) (any, error) {
	q, err := query(r)
	if err != nil {
		return nil, err
	}
	list := h.p.Events(q)
	if len(list) == 0 {
		return page{items: list}, h.nothing(r.Context(), q)
	}
	p := page{items: list}
	if len(list) == q.Limit && list[0].Seq > 1 {
		p.next = strconv.FormatUint(list[0].Seq, 10)
	}
	return p, nil
}

// actions gives a page, the latest last; the next page is of those before, and its cursor is the first action of this one.
func (h handler) actions(r *http.Request) (any, error) {
	n, err := limit(r, 1000)
	if err != nil {
		return nil, err
	}
	list := h.p.Actions()
	if s := r.URL.Query().Get("cursor"); s != "" {
		at := slices.IndexFunc(list, func(c foreshock.ActionChange) bool { return c.Action.ID == s })
		if at < 0 {
			return nil, badCursor(s)
		}
		list = list[:at]
	}
	p := page{items: list}
	if rest := len(list) - n; rest > 0 {
		list = list[rest:]
		p = page{items: list, next: list[0].Action.ID}
	}
	return p, nil
}

// place is where a workload stands in a list of them.
type place struct {
	Severity foreshock.Severity `json:"severity,omitempty"`
	Score    float64            `json:"score,omitempty"`
	ID       foreshock.ID       `json:"id"`
}

func (p place) text() string {
	text, _ := json.Marshal(p) // it always can be
	return base64.RawURLEncoding.EncodeToString(text)
}

func placeOf(s string) (p place, err error) {
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, badCursor(s)
	}
	return p, nil
}

// workloads gives a page of those after a place, in the order that is asked for. While scores change, a workload may move from a page that was not
// read to one that was, but not in the order of ids.
func (h handler) workloads(r *http.Request) (any, error) {
	n, err := limit(r, 1000)
	if err != nil {
		return nil, err
	}
	compare := func(a pipeline.View, b place) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	}
	list, err := h.p.Workloads(r.Context())
	if err != nil {
		return nil, err
	}
	switch order := r.URL.Query().Get("order"); order {
	case "", "worst":
	case "id":
		compare = func(a pipeline.View, b place) int { return cmp.Compare(a.ID, b.ID) }
		slices.SortFunc(list, func(a, b pipeline.View) int { return cmp.Compare(a.ID, b.ID) })
	default:
		return nil, fault(http.StatusBadRequest, "order=%s: worst or id is expected", order)
	}
	if s := r.URL.Query().Get("cursor"); s != "" {
		last, err := placeOf(s)
		if err != nil {
			return nil, err
		}
		at, found := slices.BinarySearchFunc(list, last, compare)
		if found {
			at++
		}
		list = list[at:]
	}
	if len(list) <= n {
		return page{items: list}, nil
	}
	last := &list[n-1]
	return page{items: list[:n], next: place{last.Severity, last.Score, last.ID}.text()}, nil
}

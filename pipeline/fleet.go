package pipeline

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// FleetQuery picks a page of workloads.
type FleetQuery struct {
	Search   string // in the id or the policy's name, without regard to case
	Severity foreshock.Severity
	Quality  string // "" any; "not fresh"; or a quality's name
	Stage    string
	Policy   string
	Sort     string // "" the worst first; "name", "headroom", "latency"
	Skip     int
	Limit    int // at least 1
}

// Fleet is a page of workloads.
type Fleet struct {
	Total    int                             `json:"total"`
	Matched  int                             `json:"matched"`
	Severity [foreshock.High + 1]int         `json:"severity"`  // of all, by severity
	NotFresh int                             `json:"not_fresh"` // of all
	Stages   [int(foreshock.Trusted) + 1]int `json:"stages"`    // of all, by stage
	Rows     []FleetRow                      `json:"rows"`
}

// FleetRow is a workload on such a page.
type FleetRow struct {
	View
	// Headroom is the least, over the dimensions, of what is allocated and not demanded, as a share of it; Tight is that dimension. Both are valid where Limited.
	Headroom float64             `json:"headroom"`
	Tight    foreshock.Dimension `json:"tight"`
	Limited  bool                `json:"limited"`
	Kind     foreshock.Kind      `json:"decision_kind"`
	Recent   []Point             `json:"recent"` // of the last hour, at most mostRecent
}

// brief is what is needed to find a workload's place.
type brief struct {
	id       foreshock.ID
	severity foreshock.Severity
	ratio    float64
	sort     float64
}

const (
	recentSpan = time.Hour
	mostRecent = 64
)

// Fleet gives a page of the workloads that q picks. It looks at every workload, and in detail at those of the page only.
func (p *Pipeline) Fleet(ctx context.Context, q FleetQuery) (Fleet, error) {
	f := Fleet{Rows: []FleetRow{}}
	var matched []brief
	err := p.everywhere(ctx, func(o *owner) func() {
		part, list := o.briefs(&q)
		return func() {
			f.join(&part)
			matched = append(matched, list...)
		}
	})
	if err != nil {
		return f, err
	}
	slices.SortFunc(matched, func(a, b brief) int {
		return cmp.Or(cmp.Compare(a.sort, b.sort), -cmp.Compare(a.severity, b.severity), -cmp.Compare(a.ratio, b.ratio), cmp.Compare(a.id, b.id))
	})
	f.Matched = len(matched)
	from := min(max(q.Skip, 0), len(matched))
	page := matched[from:min(from+q.Limit, len(matched))]
	rows := make(chan FleetRow, len(page))
	for i := range page {
		p.askOr(page[i].id, func(o *owner, w *workload) { rows <- o.fleetRow(w) }, func() { rows <- FleetRow{} })
	}
	place := make(map[foreshock.ID]int, len(page))
	for i := range page {
		place[page[i].id] = i
	}
	f.Rows = make([]FleetRow, len(page))
	for range page {
		select {
		case row := <-rows:
			if row.ID != "" {
				f.Rows[place[row.ID]] = row
			}
		case <-p.done:
			return f, ErrStopping
		case <-ctx.Done():
			return f, ctx.Err()
		}
	}
	f.Rows = slices.DeleteFunc(f.Rows, func(row FleetRow) bool { return row.ID == "" }) // they have left meanwhile
	return f, nil
}

// everywhere runs look in each owner, and what it returns here, one after another.
func (p *Pipeline) everywhere(ctx context.Context, look func(*owner) func()) error {
	found := make(chan func(), len(p.owners))
	for i := range p.owners {
		p.tell(i, func(o *owner) { found <- look(o) })
	}
	for range p.owners {
		select {
		case take := <-found:
			take()
		case <-p.done:
			return ErrStopping
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (f *Fleet) join(part *Fleet) {
	f.Total += part.Total
	f.NotFresh += part.NotFresh
	for i, n := range part.Severity {
		f.Severity[i] += n
	}
	for i, n := range part.Stages {
		f.Stages[i] += n
	}
}

// briefs counts the owner's workloads and lists those that q picks.
func (o *owner) briefs(q *FleetQuery) (f Fleet, list []brief) {
	search := strings.ToLower(q.Search)
	for _, w := range o.order {
		f.Total++
		f.Severity[w.severity]++
		f.Stages[w.stage]++
		if w.quality != foreshock.Fresh {
			f.NotFresh++
		}
		if !w.picked(q, search) {
			continue
		}
		b := brief{id: w.id, severity: w.severity}
		if w.threshold > 0 {
			b.ratio = w.score / w.threshold
		}
		b.sort = o.sortKey(w, q.Sort)
		list = append(list, b)
	}
	if q.Sort == "name" {
		for i := range list {
			list[i].severity, list[i].ratio = 0, 0
		}
	}
	return f, list
}

// sortKey is what comes before severity; smaller is first.
func (o *owner) sortKey(w *workload, by string) float64 {
	switch by {
	case "headroom":
		if h, _, limited := o.headroom(w); limited {
			return h
		}
		return 2
	case "latency":
		x, _ := w.last.Values.Get(foreshock.Latency)
		return -x
	}
	return 0
}

func (w *workload) picked(q *FleetQuery, search string) bool {
	policy := ""
	if w.policy != nil {
		policy = w.policy.Name
	}
	switch {
	case w.severity < q.Severity,
		q.Quality == "not fresh" && w.quality == foreshock.Fresh,
		q.Quality != "" && q.Quality != "not fresh" && w.quality.String() != q.Quality,
		q.Stage != "" && w.stage.String() != q.Stage,
		q.Policy != "" && policy != q.Policy:
		return false
	}
	return search == "" || strings.Contains(strings.ToLower(string(w.id)), search) || strings.Contains(strings.ToLower(policy), search)
}

// headroom is the least share of a dimension that is allocated and not demanded.
func (o *owner) headroom(w *workload) (least float64, tight foreshock.Dimension, limited bool) {
	allocated := o.allocation(w, &w.last)
	for _, d := range allocated.Dimensions() {
		have, _ := allocated.Get(d)
		need, known := w.asked.Get(d)
		if !known || have <= 0 {
			continue
		}
		if share := 1 - need/have; !limited || share < least {
			least, tight, limited = share, d, true
		}
	}
	return least, tight, limited
}

func (o *owner) fleetRow(w *workload) FleetRow {
	row := FleetRow{View: o.view(w), Recent: []Point{}}
	row.Headroom, row.Tight, row.Limited = o.headroom(w)
	if w.decision != nil {
		row.Kind = w.decision.Kind
	}
	if w.last.Time.IsZero() {
		return row
	}
	points := o.series(w, w.last.Time.Add(-recentSpan), time.Time{}).Points
	every := (len(points) + mostRecent - 1) / mostRecent
	for i := range points {
		if (len(points)-1-i)%max(every, 1) == 0 {
			row.Recent = append(row.Recent, points[i])
		}
	}
	return row
}

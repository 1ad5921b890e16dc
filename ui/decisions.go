package ui

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/api/problem"
)

// decisions is the journal as a story.
type decisions struct {
	Filters  []filter
	Search   string // workload
	Target   string
	Chapters []chapter
	Older    string // address of what came before; ""
	Newest   string // address of the newest; "" where they are shown
}

// chapter is a decision with what came of it, or another event by itself.
type chapter struct {
	Event    foreshock.Event
	Text     string
	Decision *foreshock.Decision
	Action   *foreshock.ActionChange // its last state
	By       string                  // who said yes or no to it, or ""
	moved    uint64                  // the number of the event that Action is of
	Verdict  *foreshock.Evaluation
	Grants   []foreshock.Reservation
}

const (
	mostChapters = 40
	lookedAt     = 20_000 // events, at the most: what the program keeps in memory
)

func decisionsData(s *site, r *http.Request) (any, error) {
	v := r.URL.Query()
	d := &decisions{Search: v.Get("workload"), Target: v.Get("target")}
	d.filters(v, s.program.Status().Targets)
	before, err := seqOf(v.Get("before"))
	if err != nil {
		return nil, err
	}
	chapters := chaptersOf(s.program.Events(api.Query{Limit: lookedAt}))
	for i := range slices.Backward(chapters) {
		c := &chapters[i]
		if before > 0 && c.Event.Seq >= before || !c.picked(v) {
			continue
		}
		if len(d.Chapters) == mostChapters {
			v.Set("before", strconv.FormatUint(d.Chapters[mostChapters-1].Event.Seq, 10))
			d.Older = "/decisions?" + v.Encode()
			break
		}
		d.Chapters = append(d.Chapters, *c)
	}
	if before > 0 {
		v.Del("before")
		d.Newest = "/decisions?" + v.Encode()
	}
	return d, nil
}

// seqOf reads the number of an event; "" is 0.
func seqOf(s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return 0, problem.New(http.StatusBadRequest, "%q is no number of an event", s)
	}
	return n, nil
}

func (d *decisions) filters(v url.Values, targets []string) {
	choose := func(name, label string, texts ...string) {
		f := filter{Name: name, Label: label}
		for i, text := range texts {
			value := text
			if i == 0 {
				value = ""
			}
			f.Options = append(f.Options, option{value, text, v.Get(name) == value})
		}
		d.Filters = append(d.Filters, f)
	}
	choose("what", "What", "decisions", "acted", "grow", "shrink", "hold", "watch", "nothing", "people", "anomalies", "everything")
	choose("verdict", "Verdict", "any verdict", "helped", "did not help", "too much", "too little", "unclear", "not judged")
	choose("target", "Target", append([]string{"any target"}, targets...)...)
}

// chaptersOf puts what came of decisions to them, in the order of the journal.
func chaptersOf(events []foreshock.Event) []chapter {
	b := &book{byAction: map[string]int{}, byWorkload: map[foreshock.ID]int{}, list: make([]chapter, 0, len(events))}
	for i := range events { // an action may be told of before its decision
		if d := events[i].Decision; d != nil && d.Action != nil {
			b.byAction[d.Action.ID] = -1
		}
	}
	var early []*foreshock.Event
	for i := range events {
		if !b.take(&events[i]) {
			early = append(early, &events[i])
		}
	}
	for _, e := range early {
		b.take(e)
	}
	return b.list
}

// book is the story as far as it is told.
type book struct {
	list       []chapter
	byAction   map[string]int // the chapter of an action; -1: it comes later
	byWorkload map[foreshock.ID]int
}

// take adds an event; false where its chapter comes later.
func (b *book) take(e *foreshock.Event) bool {
	c := chapter{Event: *e}
	switch {
	case e.Decision != nil:
		c.Decision = e.Decision
		b.byWorkload[e.Decision.Workload] = len(b.list)
		if e.Decision.Action != nil {
			b.byAction[e.Decision.Action.ID] = len(b.list)
		}
	case e.Change != nil:
		at, known := b.byAction[e.Change.Action.ID]
		if known && at >= 0 {
			b.list[at].move(e)
		}
		if known {
			return at >= 0
		}
		b.byAction[e.Change.Action.ID] = len(b.list) // its decision is older than what is kept
		c.move(e)
	case e.Evaluation != nil:
		if at, known := b.byAction[e.Evaluation.Action]; known && at >= 0 {
			b.list[at].Verdict = e.Evaluation
			return true
		}
		c.Text = api.Sentence(e)
	case e.Reservation != nil:
		if at, known := b.byWorkload[e.Reservation.Workload]; known {
			b.list[at].Grants = append(b.list[at].Grants, *e.Reservation)
			return true
		}
		c.Text = api.Sentence(e)
	default:
		c.Text = api.Sentence(e)
	}
	b.list = append(b.list, c)
	return true
}

// move takes in a change of the chapter's action.
func (c *chapter) move(e *foreshock.Event) {
	if e.Seq >= c.moved {
		c.Action, c.moved = e.Change, e.Seq
	}
	if e.Change.Actor != "" {
		c.By = e.Change.Actor
	}
}

// picked says whether the filters let a chapter through.
func (c *chapter) picked(v url.Values) bool {
	if text := v.Get("workload"); text != "" && !strings.Contains(strings.ToLower(string(c.Event.Workload())), strings.ToLower(text)) {
		return false
	}
	if target := v.Get("target"); target != "" && c.target() != target {
		return false
	}
	if verdict := v.Get("verdict"); verdict != "" && c.verdict() != verdict {
		return false
	}
	return c.is(v.Get("what"))
}

func (c *chapter) is(what string) bool {
	switch what {
	case "everything":
		return true
	case "":
		return c.Decision != nil || c.Action != nil
	case "acted":
		return c.Action != nil
	case "people":
		return c.Event.Actor != "" || c.Event.Pause != nil || c.Event.Opinion != nil || c.By != ""
	case "anomalies":
		return c.Event.Anomaly != nil
	}
	return c.Decision != nil && c.Decision.Kind.String() == what
}

func (c *chapter) target() string {
	if c.Action != nil {
		return c.Action.Action.Target
	}
	if c.Decision != nil && c.Decision.Action != nil {
		return c.Decision.Action.Target
	}
	return ""
}

// verdict is that of the action: "not judged" until there is one, "" where there is no action.
func (c *chapter) verdict() string {
	switch {
	case c.Verdict != nil:
		return c.Verdict.Verdict.String()
	case c.Action != nil:
		return "not judged"
	}
	return ""
}

// decisionData is one decision, by its number in the journal.
func decisionData(s *site, r *http.Request) (any, error) {
	seq, err := seqOf(r.PathValue("seq"))
	if err != nil {
		return nil, err
	}
	for _, c := range chaptersOf(s.program.Events(api.Query{Limit: lookedAt})) {
		if c.Event.Seq == seq {
			return &c, nil
		}
	}
	return nil, fmt.Errorf("event %d is not among the last %d of the journal: %w; foreshock explain ID --at TIME reads all of it", seq, lookedAt, errNotFound)
}

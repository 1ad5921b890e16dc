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
		return 0, &api.Fault{Status: http.StatusBadRequest, Detail: fmt.Sprintf("%q is no number of an event", s)}
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

// chaptersOf puts what came of decisions to them, in the order of time.
func chaptersOf(events []foreshock.Event) []chapter {
	list := make([]chapter, 0, len(events))
	byAction, byWorkload := map[string]int{}, map[foreshock.ID]int{}
	for i := range events {
		e := &events[i]
		switch {
		case e.Decision != nil:
			byWorkload[e.Decision.Workload] = len(list)
			if e.Decision.Action != nil {
				byAction[e.Decision.Action.ID] = len(list)
			}
			list = append(list, chapter{Event: *e, Decision: e.Decision})
			continue
		case e.Change != nil:
			if at, ok := byAction[e.Change.Action.ID]; ok {
				list[at].Action = e.Change
				continue
			}
			byAction[e.Change.Action.ID] = len(list) // its decision is older than what is kept
			list = append(list, chapter{Event: *e, Action: e.Change})
			continue
		case e.Evaluation != nil:
			if at, ok := byAction[e.Evaluation.Action]; ok {
				list[at].Verdict = e.Evaluation
				continue
			}
		case e.Reservation != nil:
			if at, ok := byWorkload[e.Reservation.Workload]; ok {
				list[at].Grants = append(list[at].Grants, *e.Reservation)
				continue
			}
		}
		list = append(list, chapter{Event: *e, Text: api.Sentence(e)})
	}
	return list
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
		return c.Event.Actor != "" || c.Event.Pause != nil || c.Event.Opinion != nil || c.Action != nil && c.Action.Actor != ""
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

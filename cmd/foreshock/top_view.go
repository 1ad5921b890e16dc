package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/pipeline"
)

// courseLength is how many past scores are kept of a workload, one each time that it was asked for.
const courseLength = 20

// orders are the orders in which top lists, each from what comes first.
var topOrders = []struct {
	name string
	less func(a, b *pipeline.View) int
}{
	{"severity", func(a, b *pipeline.View) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(relative(b), relative(a)))
	}},
	{"score", func(a, b *pipeline.View) int { return cmp.Compare(relative(b), relative(a)) }},
	{"headroom", func(a, b *pipeline.View) int { return cmp.Compare(headroom(a), headroom(b)) }},
	{"name", func(*pipeline.View, *pipeline.View) int { return 0 }},
}

// top is what the live view knows; it draws itself as text and hears of keys.
type top struct {
	colours   bool
	list      []pipeline.View
	course    map[foreshock.ID][]float64 // past scores over their thresholds
	order     int
	filter    string
	editing   bool         // the filter is being written
	at        foreshock.ID // the workload that is chosen
	explained string       // the workload that is explained, or ""
	text      string       // its explanation
	scroll    int          // lines of it that are above the screen
	err       error        // why there is no newer answer
}

func newTop(colours bool) *top { return &top{colours: colours, course: map[foreshock.ID][]float64{}} }

// take takes an answer. One that did not come leaves what was there.
func (t *top) take(a answered) {
	t.err = a.err
	if a.err != nil {
		return
	}
	t.list, t.text = a.list, a.explain
	there := map[foreshock.ID]bool{}
	for i := range t.list {
		v := &t.list[i]
		there[v.ID] = true
		t.course[v.ID] = append(t.course[v.ID], relative(v))
		t.course[v.ID] = t.course[v.ID][max(0, len(t.course[v.ID])-courseLength):]
	}
	for id := range t.course {
		if !there[id] {
			delete(t.course, id)
		}
	}
}

// press does what a key means, and says whether that is to end.
func (t *top) press(key string) (end bool) {
	switch {
	case key == "ctrl-c":
		return true
	case t.editing:
		t.edit(key)
		return false
	case t.explained != "":
		t.read(key)
		return false
	}
	shown := t.shown()
	chosen := slices.IndexFunc(shown, func(v *pipeline.View) bool { return v.ID == t.at })
	switch key {
	case "q":
		return true
	case "s":
		t.order = (t.order + 1) % len(topOrders)
	case "/":
		t.editing, t.filter = true, ""
	case "up", "k":
		chosen = max(0, chosen-1)
	case "down", "j":
		chosen = min(len(shown)-1, chosen+1)
	case "enter":
		if chosen = max(0, chosen); chosen < len(shown) {
			t.explained, t.text, t.scroll = string(shown[chosen].ID), "", 0
		}
	}
	if chosen >= 0 && chosen < len(shown) {
		t.at = shown[chosen].ID
	}
	return false
}

// edit writes the filter.
func (t *top) edit(key string) {
	switch {
	case key == "enter":
		t.editing = false
	case key == "esc":
		t.editing, t.filter = false, ""
	case key == "backspace":
		_, last := utf8.DecodeLastRuneInString(t.filter)
		t.filter = t.filter[:len(t.filter)-last]
	case utf8.RuneCountInString(key) == 1:
		t.filter += key
	}
}

// read moves in an explanation, or leaves it.
func (t *top) read(key string) {
	switch key {
	case "enter", "esc", "q":
		t.explained = ""
	case "up", "k":
		t.scroll = max(0, t.scroll-1)
	case "down", "j":
		t.scroll = min(max(0, strings.Count(t.text, "\n")-1), t.scroll+1)
	}
}

// shown are the workloads that the filter lets through, in order.
func (t *top) shown() (list []*pipeline.View) {
	for i := range t.list {
		if strings.Contains(strings.ToLower(string(t.list[i].ID)), strings.ToLower(t.filter)) {
			list = append(list, &t.list[i])
		}
	}
	slices.SortStableFunc(list, func(a, b *pipeline.View) int {
		return cmp.Or(topOrders[t.order].less(a, b), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// relative is the score over the threshold: above 1 it is an anomaly.
func relative(v *pipeline.View) float64 {
	if v.Threshold <= 0 {
		return v.Score
	}
	return v.Score / v.Threshold
}

// headroom is the share of what is allocated that demand leaves, in the dimension in which that is least; infinite where nothing is known.
func headroom(v *pipeline.View) float64 {
	least := math.Inf(1)
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		demand, known := v.Demand.Get(d)
		has, given := v.Allocated.Get(d)
		if known && given && has > 0 {
			least = min(least, 1-demand/has)
		}
	}
	return least
}

// draw is the screen as text, with lines that end as raw terminals need.
func (t *top) draw(width, height int) string {
	var lines []string
	if t.explained != "" {
		lines = append(lines, "explain "+t.explained+"   esc: back")
		text := strings.Split(strings.TrimRight(t.text, "\n"), "\n")
		for _, line := range text[min(t.scroll, len(text)-1):] {
			lines = append(lines, wrapped(line, width)...)
		}
	} else {
		lines = append(lines, cut(t.status(), width))
		lines = append(lines, t.rows(width, height-2)...)
	}
	var b strings.Builder
	for _, line := range lines[:min(len(lines), max(1, height-1))] {
		b.WriteString(line + "\033[K\r\n")
	}
	return b.String()
}

// status is the line at the top.
func (t *top) status() string {
	anomalous := 0
	for i := range t.list {
		if t.list[i].Severity > foreshock.None {
			anomalous++
		}
	}
	filter := ""
	if t.editing || t.filter != "" {
		filter = "filter: " + t.filter
		if t.editing {
			filter += "_"
		}
		filter += "   "
	}
	text := fmt.Sprintf("foreshock: %d workloads, %d not normal   %ssorted by %s   s: sort  /: filter  enter: explain  q: end", len(t.list), anomalous, filter, topOrders[t.order].name)
	if t.err != nil {
		text = t.err.Error()
	}
	return text
}

// rows is the table, cut to the screen so that what is chosen is on it.
func (t *top) rows(width, height int) []string {
	list := t.shown()
	first := max(0, slices.IndexFunc(list, func(v *pipeline.View) bool { return v.ID == t.at })-height+2)
	list = list[first:min(len(list), first+max(0, height-1))]
	body := table{head: []string{"", "workload", "severity", "score", "course", "headroom", "decision"}}
	for _, v := range list {
		mark, room := " ", "-"
		if v.ID == t.at {
			mark = "▸"
		}
		if x := headroom(v); !math.IsInf(x, 0) {
			room = fmt.Sprintf("%.0f %%", 100*x)
		}
		body.rows = append(body.rows, []string{
			mark, string(v.ID), v.Severity.String(), fmt.Sprintf("%.2f", relative(v)), sparkline(t.course[v.ID]), room, v.Decision,
		})
	}
	body.narrow(width)
	var b strings.Builder
	_ = body.render(&b, t.colours) // a builder takes everything
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
}

// narrow cuts the last column, and if need be the second, so that a row fits into the width.
func (t *table) narrow(width int) {
	widest := func(column int) (n int) {
		for _, row := range append([][]string{t.head}, t.rows...) {
			n = max(n, utf8.RuneCountInString(row[column]))
		}
		return n
	}
	last := len(t.head) - 1
	used := 0
	for i := range last {
		used += widest(i) + 2
	}
	for _, column := range []int{last, 1} {
		has := widest(column)
		if column == last {
			used += has
		}
		most := max(8, has-max(0, used-width))
		for _, row := range t.rows {
			row[column] = cut(row[column], most)
		}
		used -= has - widest(column)
	}
}

// cut shortens text to so many characters.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// wrapped breaks a line after so many characters.
func wrapped(line string, most int) (parts []string) {
	rest := []rune(line)
	for len(rest) > most {
		parts, rest = append(parts, string(rest[:most])), rest[most:]
	}
	return append(parts, string(rest))
}

// sparkline draws numbers from 0 to 2 as bars; what is above is as high as 2.
func sparkline(x []float64) string {
	const bars = "▁▂▃▄▅▆▇█"
	var b strings.Builder
	for _, v := range x {
		i := int(min(max(v, 0), 2) / 2 * 7.999)
		b.WriteRune([]rune(bars)[i])
	}
	return b.String()
}

// keysOf splits what a terminal sends into keys.
func keysOf(text string) (keys []string) {
	named := []struct{ sent, name string }{
		{"\033[A", "up"},
		{"\033[B", "down"},
		{"\033OA", "up"},
		{"\033OB", "down"},
		{"\033", "esc"},
		{"\r", "enter"},
		{"\n", "enter"},
		{"\x7f", "backspace"},
		{"\b", "backspace"},
		{"\x03", "ctrl-c"},
	}
	for text != "" {
		_, size := utf8.DecodeRuneInString(text)
		key := text[:size]
		for _, n := range named {
			if strings.HasPrefix(text, n.sent) {
				key, size = n.name, len(n.sent)
				break
			}
		}
		keys = append(keys, key)
		text = text[size:]
	}
	return keys
}

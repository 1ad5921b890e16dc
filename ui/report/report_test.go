package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ui/report"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func page(t *testing.T, r *report.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.Write(&b, "10 steps\n"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func step(r *report.Report, id foreshock.ID, minute int, latency float64) {
	s := foreshock.Step{ID: id, Time: start.Add(time.Duration(minute) * time.Minute)}
	s.Values.Set(foreshock.Latency, latency)
	f := foreshock.Finding{Score: latency * 100, Threshold: 1}
	f.Judged[foreshock.Latency], f.Expected[foreshock.Latency], f.Upper[foreshock.Latency] = true, 0.001, 0.002
	r.Step(&s, &f)
}

func anomaly(id foreshock.ID, name string, worst foreshock.Severity) *foreshock.Event {
	return &foreshock.Event{Anomaly: &foreshock.Anomaly{ID: name, Workload: id, Start: start.Add(3 * time.Minute), Time: start.Add(5 * time.Minute), Worst: worst, Metric: foreshock.Latency, Text: "text of " + name}}
}

// A page has the readings, the last state of each anomaly and the decisions, the worst workload first, and is whole in itself.
func TestPage(t *testing.T) {
	r := report.New("Replay of <x>")
	for m := range 10 {
		step(r, "vol/calm", m, 0.001)
		step(r, "vol/bad", m, 0.001*float64(m))
	}
	r.Event(anomaly("vol/calm", "a1", foreshock.Low))
	r.Event(anomaly("vol/bad", "a2", foreshock.Low))
	r.Event(anomaly("vol/bad", "a2", foreshock.High))
	r.Event(&foreshock.Event{Decision: &foreshock.Decision{Workload: "vol/bad", Time: start.Add(4 * time.Minute), Kind: foreshock.Grow, Reasons: []foreshock.Reason{{Text: "because"}}}})
	r.Event(&foreshock.Event{Decision: &foreshock.Decision{Workload: "vol/bad", Time: start, Kind: foreshock.Nothing}})
	text := page(t, r)
	for _, want := range []string{
		"Replay of &lt;x&gt;", "10 steps", "1 anomaly: 1 high, 0 medium, 0 low", `class="span high"`, `class="span low"`, "text of a2", "▲</text>", "grow: because",
		`<h3>latency_seconds</h3>`, "1 is the boundary", "prefers-color-scheme: dark", "width=device-width",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.Index(text, "vol/bad") > strings.Index(text, "vol/calm") {
		t.Error("the worst workload is not first")
	}
	for _, never := range []string{"http:", "https:", "<script", "src=", "ZgotmplZ"} {
		if strings.Contains(text, never) {
			t.Errorf("%q is on the page", never)
		}
	}
	if n := strings.Count(text, `<tr id="w0-a2"`); n != 1 {
		t.Errorf("the anomaly stands %d times in its list", n)
	}
}

// What data bring is text, not a page.
func TestEscaped(t *testing.T) {
	r := report.New("x")
	evil := foreshock.ID(`"><script>alert(1)</script>`)
	step(r, evil, 0, 0.001)
	step(r, evil, 1, 0.001)
	r.Event(anomaly(evil, `"><script>`, foreshock.High))
	if text := page(t, r); strings.Contains(text, "<script") {
		t.Error("a script is on the page")
	}
}

// Many workloads make a page of bounded size, which says what it leaves out.
func TestBounded(t *testing.T) {
	r := report.New("x")
	for i := range 60 {
		id := foreshock.ID("vol/" + strings.Repeat("v", i+1))
		step(r, id, 0, 0.001)
		step(r, id, 1, 0.001)
	}
	text := page(t, r)
	if n := strings.Count(text, "<section>"); n != 50 || !strings.Contains(text, "10 more workloads are not drawn") {
		t.Errorf("%d sections", n)
	}
}

// An anomaly stands on every metric, pale where another led: what is strange there at the same time is a part of it.
func TestAnomalyOnEveryMetric(t *testing.T) {
	r := report.New("x")
	for m := range 10 {
		s := foreshock.Step{ID: "vol/a", Time: start.Add(time.Duration(m) * time.Minute)}
		s.Values.Set(foreshock.Latency, 0.001)
		s.Values.Set(foreshock.QueueDepth, 3)
		r.Step(&s, &foreshock.Finding{Threshold: 1})
	}
	r.Event(anomaly("vol/a", "a1", foreshock.High)) // led by latency
	text := page(t, r)
	if led, pale := strings.Count(text, `class="span high"`), strings.Count(text, `class="span high pale"`); led != 2 || pale != 1 {
		t.Errorf("%d in full, %d pale; want latency and score in full, queue depth pale", led, pale)
	}
}

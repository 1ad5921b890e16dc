package telemetry

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/notify"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

var update = flag.Bool("update", false, "write docs/metrics.md anew")

// whole is a program that has something to say in each row of the table.
type whole struct{}

func (whole) Status() api.Status {
	return api.Status{
		Version: "v1", Sources: []api.SourceStatus{{Name: "host", Running: true}, {Name: "rw"}}, Pauses: []foreshock.Pause{{Scope: "*"}}, Journal: 7, ReloadFailed: true,
		Notifiers: []api.NotifierStatus{{Name: "chat", Counts: notify.Counts{Sent: 4, Dropped: 2}}},
		Counts:    pipeline.Counts{Workloads: 1, Readings: 4, Dropped: []ingest.Dropped{{Source: "rw", Reason: ingest.DropLate, Count: 2}}},
	}
}

func (whole) Workloads(context.Context) ([]pipeline.View, error) {
	v := pipeline.View{ID: "disk/sda", Score: 3, Threshold: 2, Severity: foreshock.High, Stage: foreshock.Trusted, Quality: foreshock.Fresh}
	v.Demand.Set(foreshock.DimIOPS, 900)
	v.Allocated.Set(foreshock.DimIOPS, 1000)
	return []pipeline.View{v}, nil
}

func (whole) Actions() []foreshock.ActionChange {
	return []foreshock.ActionChange{{State: foreshock.Done}, {State: foreshock.Parked}, {State: foreshock.Proposed}, {State: foreshock.Proposed}}
}

func scrape(t *testing.T, counts *Counts) string {
	t.Helper()
	answer := httptest.NewRecorder()
	Handler(whole{}, counts).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if answer.Code != http.StatusOK {
		t.Fatalf("%d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// Each row of the table is served, with its type, and nothing that is not in the table.
func TestTableIsServed(t *testing.T) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(scrape(t, new(Counts))))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range Metrics() {
		family, served := families[m.Name]
		if !served {
			t.Errorf("%s is in the table and not served", m.Name)
			continue
		}
		if got := strings.ToLower(family.GetType().String()); got != m.Type {
			t.Errorf("%s is a %s, in the table a %s", m.Name, got, m.Type)
		}
		var labels []string
		for _, l := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		if want := slices.Sorted(slices.Values(m.Labels)); !slices.Equal(labels, want) {
			t.Errorf("%s has the labels %q, in the table %q", m.Name, labels, want)
		}
		if (m.Type == "counter") != strings.HasSuffix(m.Name, "_total") {
			t.Errorf("%s is a %s: counters alone end in _total", m.Name, m.Type)
		}
		delete(families, m.Name)
	}
	for name := range families {
		if strings.HasPrefix(name, prefix) {
			t.Errorf("%s is served and not in the table", name)
		}
	}
}

func TestCounts(t *testing.T) {
	var c Counts
	c.Take(&foreshock.Event{Anomaly: &foreshock.Anomaly{Worst: foreshock.High}}) // it lasts
	c.Take(&foreshock.Event{Anomaly: &foreshock.Anomaly{Worst: foreshock.High, End: time.Unix(1, 0)}})
	c.Take(&foreshock.Event{Decision: &foreshock.Decision{Kind: foreshock.Grow}})
	c.Take(&foreshock.Event{Change: &foreshock.ActionChange{State: foreshock.Done}})
	c.Take(&foreshock.Event{Evaluation: &foreshock.Evaluation{Verdict: foreshock.DidNotHelp}})
	c.Take(&foreshock.Event{Note: "started"})
	text := scrape(t, &c)
	for _, line := range []string{
		`foreshock_anomalies_ended_total{severity="high"} 1`,
		`foreshock_anomalies_ended_total{severity="low"} 0`,
		`foreshock_decisions_total{kind="grow"} 1`,
		`foreshock_action_changes_total{state="done"} 1`,
		`foreshock_action_changes_total{state="expired"} 0`,
		`foreshock_verdicts_total{verdict="did not help"} 1`,
		`foreshock_actions_open{state="proposed"} 2`,
		`foreshock_actions_open{state="parked"} 1`,
		`foreshock_config_last_reload_successful 0`,
		`foreshock_anomaly_score{workload="disk/sda"} 1.5`,
		`foreshock_source_up{source="rw"} 0`,
		`foreshock_notifications_dropped_total{notifier="chat"} 2`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
	if strings.Contains(text, `state="done"} 2`) || strings.Contains(text, `foreshock_actions_open{state="done"}`) {
		t.Error("an action at its end is open")
	}
}

// The page about metrics holds the table as it is; -update writes it anew.
func TestPageHoldsTheTable(t *testing.T) {
	const page, begin, end = "../docs/metrics.md", "<!-- begin of the table -->\n\n", "\n<!-- end of the table -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var written bytes.Buffer
	if err := WriteMetrics(&written); err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := bytes.Cut(text, []byte(begin))
	old, after, ok2 := bytes.Cut(rest, []byte(end))
	switch {
	case !ok1 || !ok2:
		t.Fatalf("%s has no place for the table", page)
	case bytes.Equal(old, written.Bytes()):
	case *update:
		whole := slices.Concat(before, []byte(begin), written.Bytes(), []byte(end), after)
		if err := os.WriteFile(page, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the table of %s is old; write it anew: go test ./telemetry -run Page -update", page)
	}
	if err := WriteMetrics(failing{}); err == nil {
		t.Error("a writer's error is lost")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

package ui

import (
	"context"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/pipeline"
)

// acted is a program with one workload that was acted on. What a page does not ask for it does not have.
type acted struct{ api.Program }

var moment = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func ago(minutes int) time.Time { return moment.Add(-time.Duration(minutes) * time.Minute) }

func iops(x float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimIOPS, x)
	return a
}

func forecastOf() *foreshock.Forecast {
	return &foreshock.Forecast{
		Workload: "vol/<a>", At: moment, Length: 15 * time.Minute, Model: "ets", Mean: []float64{900, 950}, Levels: []float64{0.5, 0.95},
		Quantiles: [][]float64{{900, 950}, {1100, 1200}},
	}
}

func (acted) Workload(_ context.Context, id foreshock.ID) (pipeline.Detail, bool, error) {
	if id == "vol/stored" {
		return pipeline.Detail{View: pipeline.View{ID: id, Time: moment}, Stored: true}, true, nil
	}
	d := pipeline.Detail{View: pipeline.View{ID: "vol/<a>", Time: moment, Threshold: 1, Severity: foreshock.High, Demand: iops(900)}}
	d.Forecasts = []*foreshock.Forecast{forecastOf()}
	d.Resource = &foreshock.Resource{
		Target: "array", Name: "a", Allocated: iops(1500),
		Budget: foreshock.Budget{Limited: true, Left: 1, Total: 4, Window: 24 * time.Hour, NextFree: moment.Add(3 * time.Hour)},
	}
	return d, true, nil
}

func (acted) Series(_ context.Context, id foreshock.ID, _, _ time.Time) (pipeline.Series, error) {
	if id == "vol/stored" {
		return pipeline.Series{ID: id}, nil
	}
	s := pipeline.Series{ID: "vol/<a>", Dimension: foreshock.DimIOPS, Forecasts: []*foreshock.Forecast{forecastOf()}}
	for i := 120; i >= 0; i-- {
		p := pipeline.Point{Time: ago(i), Length: time.Minute, Demand: 800, Allocated: 1000}
		p.Values.Set(foreshock.Latency, 0.002)
		p.Values.Set(foreshock.IOPS, 700)
		p.Lower.Set(foreshock.Latency, 0.001)
		p.Upper.Set(foreshock.Latency, 0.003)
		if i < 60 {
			p.Allocated = 1500
		}
		s.Points = append(s.Points, p)
	}
	return s, nil
}

func (acted) Week(context.Context, foreshock.ID, foreshock.Metric) (week [pipeline.HoursOfWeek]float64, err error) {
	for i := range week {
		week[i] = math.NaN()
	}
	week[30] = 0.002
	return week, nil
}

func (acted) Events(api.Query) []foreshock.Event {
	action := foreshock.Action{ID: "a1", Workload: "vol/<a>", Target: "array", Resource: "a", From: iops(1000), To: iops(1500)}
	return []foreshock.Event{
		{Seq: 1, Time: ago(80), Type: foreshock.EventAnomaly, Anomaly: &foreshock.Anomaly{ID: "n1", Workload: "vol/<a>", Start: ago(80), Time: ago(70), End: ago(70), Worst: foreshock.Medium, Text: "slow & strange"}},
		{Seq: 2, Time: ago(75), Type: foreshock.EventDecision, Decision: &foreshock.Decision{Workload: "vol/<a>", Kind: foreshock.Hold, Bound: "cooldown", Reasons: []foreshock.Reason{{Code: "cooldown", Text: "too soon"}}}},
		{Seq: 3, Time: ago(60), Type: foreshock.EventAction, Change: &foreshock.ActionChange{Action: action, State: foreshock.Done}},
		{Seq: 4, Time: ago(40), Type: foreshock.EventEvaluation, Evaluation: &foreshock.Evaluation{Action: "a1", Workload: "vol/<a>", Verdict: foreshock.DidNotHelp, Text: "it did not help"}},
	}
}

func (acted) Actions() []foreshock.ActionChange { return nil }
func (acted) Pauses() []foreshock.Pause         { return nil }
func (acted) Use() api.Use                      { return api.Use{} }
func (acted) Status() api.Status {
	chat := api.NotifierStatus{Name: "chat"}
	chat.Sent, chat.Failed = 1, 2
	return api.Status{Version: "v0", Notifiers: []api.NotifierStatus{chat}}
}

func served(t *testing.T) *httptest.Server {
	t.Helper()
	guard, err := access.New(access.Default(), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	mux := access.NewMux(guard)
	Register(mux, acted{})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// fetched is what stands on a page.
func fetched(t *testing.T, path string) string {
	t.Helper()
	s := served(t)
	answer, err := s.Client().Get(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v: %s", answer.StatusCode, err, data)
	}
	return string(data)
}

// The page of a workload that is not watched says so, and what can be seen of it, and asks for no opinion of it.
func TestPageOfWhatIsStored(t *testing.T) {
	text := fetched(t, "/workloads/vol/stored")
	if !strings.Contains(text, "Not heard of since 2026-") || !strings.Contains(text, "only whole steps of 15 minutes") || strings.Contains(text, "Missed</button>") {
		t.Error(text)
	}
}

// The page of the program itself says what notifiers have given up.
func TestStatusPage(t *testing.T) {
	text := fetched(t, "/status")
	if want := `<dt>chat</dt><dd class="warn">1 sent, 2 failed, 0 dropped, 0 waiting</dd>`; !strings.Contains(text, want) {
		t.Errorf("%s is not in %s", want, text)
	}
}

// One time axis has what was read and expected, the anomaly, the demand, the allocation, the forecast, the action and its verdict; beside it stands
// when the next slot of the budget frees up.
func TestWorkloadPage(t *testing.T) {
	text := fetched(t, "/workloads/vol/a?range=3h")
	for _, want := range []string{
		"<h1>vol/&lt;a&gt;</h1>", `class="line" d="M`, `class="band" d="M`, `class="span medium"`, "slow &amp; strange", `class="demand" d="M`, `class="allocated" d="M`,
		`class="fan" d="M`, `class="forecast" d="M`, `class="mark grow"`, `class="mark unhelped"`, `class="mark hold"`, "1 of 4 in 24 h 00 min", "Mar 2 15:00:00",
		`class="h0" title="Tue 06:00 – 2.00 ms"`, `data-live="/live/workloads/vol/a?range=3h"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not on the page", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// Who follows a page is sent each of its parts at first, and then nothing until one has changed.
func TestFollow(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	s := served(t)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/live/workloads/vol/a", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if got := answer.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("it is of type %s", got)
	}
	var got strings.Builder
	buffer := make([]byte, 1<<16)
	for strings.Count(got.String(), "\n\n") < 5 {
		n, err := answer.Body.Read(buffer)
		got.Write(buffer[:n])
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []string{"frame", "head", "charts", "now", "story"} {
		if strings.Count(got.String(), `data: {"id":"`+part+`"`) != 1 {
			t.Errorf("the part %s is not sent once: %.300s", part, got.String())
		}
	}
}

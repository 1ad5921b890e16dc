package otlp

import (
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/notify"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// collector receives traces over OTLP/HTTP.
type collector struct {
	*httptest.Server
	got chan ptrace.Traces
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{got: make(chan ptrace.Traces, 10)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			unpacked, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body = unpacked
		}
		data, _ := io.ReadAll(body)
		request := ptraceotlp.NewExportRequest()
		if err := request.UnmarshalProto(data); err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL, err)
		}
		answer, _ := ptraceotlp.NewExportResponse().MarshalProto()
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(answer)
		c.got <- request.Traces()
	}))
	t.Cleanup(c.Close)
	return c
}

func settings(url string) Config {
	return Config{URL: url, Service: "foreshock", Most: 4, Retry: notify.Retry{Timeout: time.Minute, Backoff: time.Millisecond, Patience: 5 * time.Minute}}
}

func change(id string, state foreshock.ActionState, seconds int) *foreshock.Event {
	return &foreshock.Event{Type: foreshock.EventAction, Time: at(seconds), Change: &foreshock.ActionChange{State: state, Note: "note", Action: foreshock.Action{
		ID: id, Workload: "vol/orders", Policy: "databases", Target: "ebs", Resource: "vol-1", Severity: foreshock.High, Evidence: at(100),
		Before: foreshock.Window{From: at(40), To: at(100), Steps: 6}, Reasons: []foreshock.Reason{{Text: "raise iops"}},
	}}}
}

func anomaly(start int, end time.Time) *foreshock.Event {
	return &foreshock.Event{Type: foreshock.EventAnomaly, Anomaly: &foreshock.Anomaly{Workload: "vol/orders", Start: at(start), End: end, Text: "latency 40 ms", Peak: 3}}
}

func verdict(id string, seconds int) *foreshock.Event {
	return &foreshock.Event{Type: foreshock.EventEvaluation, Time: at(seconds), Evaluation: &foreshock.Evaluation{Action: id, Workload: "vol/orders", Verdict: foreshock.Helped, Text: "40 ms, 1 ms"}}
}

// told is a trace as lines "NAME from-to [STATE seconds …]", in seconds after noon, the root first.
func told(t *testing.T, traces ptrace.Traces) (lines []string, id pcommon.TraceID) {
	t.Helper()
	resource := traces.ResourceSpans().At(0)
	if name, _ := resource.Resource().Attributes().Get("service.name"); name.Str() != "foreshock" {
		t.Errorf("service.name is %q", name.Str())
	}
	second := func(ts pcommon.Timestamp) string { return ts.AsTime().Sub(noon).String() }
	list := resource.ScopeSpans().At(0).Spans()
	var root pcommon.SpanID
	for i := range list.Len() {
		if s := list.At(i); s.ParentSpanID().IsEmpty() {
			root, id = s.SpanID(), s.TraceID()
		}
	}
	for i := range list.Len() {
		s := list.At(i)
		if s.TraceID() != id || s.SpanID() != root && s.ParentSpanID() != root {
			t.Errorf("%s is not of the trace", s.Name())
		}
		line := s.Name() + " " + second(s.StartTimestamp()) + " " + second(s.EndTimestamp())
		for k := range s.Events().Len() {
			line += " " + s.Events().At(k).Name()
		}
		if s.Status().Code() == ptrace.StatusCodeError {
			line += " error"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines, id
}

func TestTraces(t *testing.T) {
	c := newCollector(t)
	n, err := New(settings(c.URL), notify.Env{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		n.Run(ctx)
		close(done)
	}()
	f := func(want []string, events ...*foreshock.Event) pcommon.TraceID {
		t.Helper()
		for _, e := range events {
			n.Take(e)
		}
		got, id := told(t, <-c.got)
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		return id
	}
	n.Restore(change("a", foreshock.Decided, 101)) // before the program was started anew
	first := f([]string{
		"act 1m41s 1m50s decided called done", "decide 1m40s 1m41s", "foreshock.action 1m40s 5m0s", "sample 40s 1m40s", "verdict 1m50s 5m0s",
	}, change("a", foreshock.Called, 102), change("a", foreshock.Done, 110), verdict("a", 300))

	// With the anomaly that it was decided upon, and an end that is no good.
	second := f([]string{
		"act 1m41s 1m45s decided failed error", "decide 1m40s 1m41s", "detect 1m30s 1m40s", "foreshock.action 1m30s 1m45s", "sample 40s 1m40s",
	}, anomaly(90, time.Time{}), change("b", foreshock.Decided, 101), anomaly(90, at(103)), change("b", foreshock.Failed, 105))
	if first == second {
		t.Error("two actions have one trace")
	}

	// The same action has the same trace wherever it is told from; one that no anomaly lasts for has none.
	n.Take(anomaly(90, at(103)))
	if again := f([]string{"act 1m41s 1m42s decided refused", "decide 1m40s 1m41s", "foreshock.action 1m40s 1m42s", "sample 40s 1m40s"},
		change("a", foreshock.Decided, 101), change("a", foreshock.Refused, 102)); again != first {
		t.Error("one action has two traces")
	}
	cancel()
	<-done
	if got := n.Counts(); got != (notify.Counts{Sent: 3}) && got != (notify.Counts{Sent: 2, Failed: 1}) {
		t.Errorf("%+v", got)
	}
}

// What is followed is bounded.
func TestBounded(t *testing.T) {
	s := newStories(2, "foreshock")
	for _, id := range []string{"a", "b", "c"} {
		s.take(change(id, foreshock.Decided, 101))
	}
	if len(s.open) != 2 || s.take(verdict("c", 300)) != nil {
		t.Errorf("%d are followed", len(s.open))
	}
	if s.take(verdict("a", 300)) == nil || len(s.open) != 1 {
		t.Error("an end is not told, or not forgotten")
	}
}

func TestSettings(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("a-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := settings("https://collector.example.com:4318")
		change(&cfg)
		_, err := New(cfg, notify.Env{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(*Config) {}, "")
	f(func(c *Config) { c.TokenFile = token }, "")
	f(func(c *Config) { c.URL = "" }, "url must be")
	f(func(c *Config) { c.URL = "https://me:secret@collector" }, "without a user")
	f(func(c *Config) { c.URL, c.TokenFile = "http://collector:4318", token }, "over https only")
	f(func(c *Config) { c.TokenFile = token + "x" }, "token_file")
	f(func(c *Config) { c.CAFile = token }, "ca_file")
	f(func(c *Config) { c.Most = 0 }, "most")
	f(func(c *Config) { c.Timeout = 0 }, "timeout")
}

// The sample is one that a configuration may have.
func TestSample(t *testing.T) {
	text, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("foreshock.yaml", text)
	if err != nil || len(c.Notify) != 1 || c.Notify[0].Kind != Factory.Name {
		t.Fatalf("%+v, %v", c.Notify, err)
	}
	if _, err := Factory.New(c.Notify[0].Block.Decode, notify.Env{}); err != nil {
		t.Fatal(err)
	}
}

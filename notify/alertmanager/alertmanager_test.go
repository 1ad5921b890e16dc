package alertmanager

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/notify"
)

var noon = time.Now().Add(-10 * time.Minute).UTC().Truncate(time.Second)

func settings(urls ...string) Config {
	return Config{
		URLs: urls, Severity: foreshock.Medium, Interval: time.Minute, Most: 100, Link: "https://foreshock.example.com/", Labels: map[string]string{"cluster": "europe"},
		Retry: notify.Retry{Timeout: time.Minute, Backoff: time.Millisecond, Patience: 5 * time.Minute},
	}
}

func anomaly(id string, severity foreshock.Severity, start, end time.Time) *foreshock.Event {
	return &foreshock.Event{Type: foreshock.EventAnomaly, Time: start, Anomaly: &foreshock.Anomaly{
		ID: "1", Workload: foreshock.ID(id), Start: start, Time: start.Add(time.Minute), End: end, Severity: severity, Worst: severity,
		Metric: foreshock.Latency, Text: "latency 40 ms, expected 1 ms",
	}}
}

func change(id string, state foreshock.ActionState, at time.Time) *foreshock.Event {
	return &foreshock.Event{Type: foreshock.EventAction, Time: at, Change: &foreshock.ActionChange{State: state, Action: foreshock.Action{
		ID: id, Workload: "disk/sda", Target: "local", Resource: "orders", Severity: foreshock.High, Reasons: []foreshock.Reason{{Text: "raise iops"}},
	}}}
}

// shown is what is due, as "alertname workload severity" with "ended" after it.
func shown(b *board, all bool, now time.Time) string {
	var lines []string
	due := b.due(all, now)
	for _, a := range due {
		line := a.labels["alertname"] + " " + a.labels["workload"] + " " + a.labels["severity"]
		if !a.end.IsZero() {
			line += " ended"
		}
		lines = append(lines, line)
	}
	b.told(due)
	return strings.Join(lines, "\n")
}

func TestBoard(t *testing.T) {
	b := newBoard(settings())
	now := noon
	f := func(all bool, want string, events ...*foreshock.Event) {
		t.Helper()
		for _, e := range events {
			b.take(e)
		}
		if got := shown(&b, all, now); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	never := time.Time{}
	f(false, "", anomaly("a", foreshock.Low, noon, never))
	f(false, "ForeshockAnomaly a medium", anomaly("a", foreshock.Medium, noon, never))
	f(false, "") // it was told
	f(true, "ForeshockAnomaly a medium")
	f(false, "ForeshockAnomaly a high\nForeshockAnomaly a medium ended", anomaly("a", foreshock.High, noon, never))
	f(false, "ForeshockAnomaly a high ended\nForeshockAnomaly a medium", anomaly("a", foreshock.Medium, noon, never))
	f(false, "ForeshockAnomaly a medium ended", anomaly("a", foreshock.Low, noon, never))
	f(false, "", anomaly("a", foreshock.Low, noon, noon.Add(time.Minute)))
	now = noon.Add(endedKept)
	f(true, "ForeshockAnomaly a high ended\nForeshockAnomaly a medium ended")
	now = noon.Add(endedKept + 2*time.Minute)
	f(true, "")

	// Two actions on one resource are one alert, which ends with the last of them.
	f(false, "ForeshockActionWaits disk/sda high", change("1", foreshock.Proposed, now), change("2", foreshock.Proposed, now))
	f(false, "", change("1", foreshock.Refused, now))
	f(false, "ForeshockActionParked disk/sda high\nForeshockActionWaits disk/sda high ended", change("2", foreshock.Parked, now))
	f(false, "ForeshockActionParked disk/sda high ended", change("2", foreshock.Done, now))
	f(false, "", &foreshock.Event{Type: foreshock.EventNote, Note: "started"})
}

// What an alert is called does not depend on when it is told, and is the same in each of them.
func TestLabelsAreStable(t *testing.T) {
	f := func(events ...*foreshock.Event) {
		t.Helper()
		b := newBoard(settings())
		for _, e := range events {
			b.take(e)
		}
		var holds []*alert
		for _, a := range b.due(true, noon) {
			if a.end.IsZero() {
				holds = append(holds, a)
			}
		}
		if len(holds) != 1 {
			t.Fatalf("%d alerts hold", len(holds))
		}
		got, _ := json.Marshal(holds[0].labels)
		if want := `{"alertname":"ForeshockAnomaly","cluster":"europe","severity":"high","workload":"a/b"}`; string(got) != want {
			t.Errorf("%s, want %s", got, want)
		}
		if want := "https://foreshock.example.com/workloads/a/b"; holds[0].link != want {
			t.Errorf("%s, want %s", holds[0].link, want)
		}
		if !holds[0].start.Equal(noon) {
			t.Errorf("began at %s", holds[0].start)
		}
	}
	f(anomaly("a/b", foreshock.High, noon, time.Time{}))
	f(anomaly("a/b", foreshock.Medium, noon, time.Time{}), anomaly("a/b", foreshock.High, noon, time.Time{}))
	f(anomaly("a/b", foreshock.High, noon, time.Time{}), anomaly("a/b", foreshock.High, noon.Add(time.Minute), time.Time{}))
}

func TestBoardIsBounded(t *testing.T) {
	cfg := settings()
	cfg.Most = 2
	b := newBoard(cfg)
	for _, id := range []string{"a", "b", "c", "d"} {
		b.take(anomaly(id, foreshock.High, noon, time.Time{}))
	}
	if dropped, waiting := b.counts(); dropped != 2 || waiting != 2 {
		t.Errorf("%d dropped, %d waiting", dropped, waiting)
	}
	b.take(anomaly("d", foreshock.High, noon, noon.Add(time.Minute))) // one that was dropped ends
	if got, want := shown(&b, false, noon), "ForeshockAnomaly a high\nForeshockAnomaly b high"; got != want {
		t.Errorf("got\n%s", got)
	}
}

// After a restart what holds is told, what ended before is not, and what is not heard of any more ends.
func TestRestore(t *testing.T) {
	b := newBoard(settings())
	for _, e := range []*foreshock.Event{
		anomaly("a", foreshock.High, noon, time.Time{}), anomaly("b", foreshock.High, noon, time.Time{}), anomaly("c", foreshock.High, noon, time.Time{}),
		anomaly("b", foreshock.High, noon, noon.Add(time.Minute)),
	} {
		b.restore(e, noon)
	}
	if got, want := shown(&b, false, noon), "ForeshockAnomaly a high\nForeshockAnomaly c high"; got != want {
		t.Errorf("got\n%s", got)
	}
	b.take(anomaly("c", foreshock.High, noon, time.Time{}))
	if got, want := shown(&b, true, noon.Add(restoredKept+time.Second)), "ForeshockAnomaly c high"; got != want {
		t.Errorf("got\n%s", got)
	}
	for _, a := range b.due(true, noon) {
		if until := a.posted(noon.Add(time.Hour)).EndsAt; !until.Equal(noon.Add(time.Hour)) {
			t.Errorf("holds until %s", until)
		}
	}
	b.restore(anomaly("d", foreshock.High, noon, time.Time{}), noon)
	for _, a := range b.due(false, noon) {
		if until := a.posted(noon.Add(24 * time.Hour)).EndsAt; a.labels["workload"] == "d" && !until.Equal(noon.Add(restoredKept)) {
			t.Errorf("a restored one holds until %s", until)
		}
	}
}

// peer is a stand-in for an Alertmanager.
type peer struct {
	*httptest.Server
	mu     sync.Mutex // guards what follows
	alerts map[string]posted
	token  string
	posts  int
}

func newPeer(t *testing.T, status int) *peer {
	t.Helper()
	p := &peer{alerts: map[string]posted{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		var list []posted
		if err := json.NewDecoder(r.Body).Decode(&list); err != nil || r.URL.Path != "/am/api/v2/alerts" {
			t.Errorf("%s: %v", r.URL, err)
		}
		for _, a := range list {
			p.alerts[a.Labels["workload"]] = a
		}
		p.token, p.posts = r.Header.Get("Authorization"), p.posts+1
		w.WriteHeader(status)
	}))
	t.Cleanup(p.Close)
	return p
}

// running runs a notifier; stop waits for its end.
func running(t *testing.T, cfg Config) (*Notifier, func()) {
	t.Helper()
	n, err := New(cfg, notify.Env{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		n.Run(ctx)
		close(done)
	}()
	return n, func() { cancel(); <-done }
}

// That one of several takes an alert is enough, and each is asked.
func TestPeers(t *testing.T) {
	up, down := newPeer(t, http.StatusOK), newPeer(t, http.StatusBadRequest)
	n, stop := running(t, settings(down.URL+"/am/", up.URL+"/am"))
	n.Take(anomaly("a", foreshock.High, noon, time.Time{}))
	eventually(t, "it is told", func() bool { return n.Counts().Sent > 0 })
	stop()
	if a := up.alerts["a"]; !a.StartsAt.Equal(noon) || a.EndsAt.Before(time.Now().Add(3*time.Minute)) || a.Annotations["description"] == "" {
		t.Errorf("%+v", a)
	}
	if down.posts == 0 || n.Counts().Failed != 0 {
		t.Errorf("%d posts, %+v", down.posts, n.Counts())
	}

	alone, stop := running(t, settings(down.URL+"/am"))
	alone.Take(anomaly("a", foreshock.High, noon, time.Time{}))
	eventually(t, "it is given up", func() bool { return alone.Counts().Failed > 0 })
	if c := alone.Counts(); c.Sent != 0 || c.Waiting != 1 {
		t.Errorf("%+v", c)
	}
	stop()
}

// What ends while the program stops is still told.
func TestEndIsTold(t *testing.T) {
	p := newPeer(t, http.StatusOK)
	n, stop := running(t, settings(p.URL+"/am"))
	n.Take(anomaly("a", foreshock.High, noon, time.Time{}))
	eventually(t, "it is told", func() bool { return n.Counts().Sent > 0 })
	n.Take(anomaly("a", foreshock.High, noon, noon.Add(time.Minute)))
	stop()
	if a := p.alerts["a"]; !a.EndsAt.Equal(noon.Add(time.Minute)) {
		t.Errorf("%+v", a)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within two minutes: " + what)
		}
	}
}

// realAlertmanager starts an Alertmanager.
func realAlertmanager(t *testing.T) string {
	t.Helper()
	var program string
	for _, name := range []string{"prometheus-alertmanager", "alertmanager"} {
		if p, err := exec.LookPath(name); err == nil {
			program = p
		}
	}
	if program == "" {
		t.Skip("Alertmanager is not installed; apt-get install prometheus-alertmanager")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "config.yml")
	if err := os.WriteFile(file, []byte("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	cmd := exec.Command(program, "--config.file="+file, "--storage.path="+dir, "--web.listen-address="+address, "--cluster.listen-address=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	eventually(t, "Alertmanager is ready", func() bool {
		answer, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return "http://" + address
}

// active asks for the alerts that fire, as fingerprint by "alertname workload severity".
func active(t *testing.T, url string) map[string]string {
	t.Helper()
	answer, err := http.Get(url + "/api/v2/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var list []struct {
		Labels       map[string]string `json:"labels"`
		Fingerprint  string            `json:"fingerprint"`
		GeneratorURL string            `json:"generatorURL"`
		StartsAt     time.Time         `json:"startsAt"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, a := range list {
		found[a.Labels["alertname"]+" "+a.Labels["workload"]+" "+a.Labels["severity"]] = a.Fingerprint
	}
	return found
}

func TestRealAlertmanager(t *testing.T) {
	url := realAlertmanager(t)
	cfg := settings(url)
	cfg.Interval = time.Second
	n, stop := running(t, cfg)
	const medium, high, parked = "ForeshockAnomaly disk/a medium", "ForeshockAnomaly disk/a high", "ForeshockActionParked disk/sda high"
	fires := func(want ...string) map[string]string {
		t.Helper()
		var got map[string]string
		eventually(t, strings.Join(want, ", "), func() bool {
			got = active(t, url)
			for _, name := range want {
				if got[name] == "" {
					return false
				}
			}
			return len(got) == len(want)
		})
		return got
	}
	n.Take(anomaly("disk/a", foreshock.Medium, noon, time.Time{}))
	first := fires(medium)[medium]
	told := n.Counts().Sent
	eventually(t, "it is told anew", func() bool { return n.Counts().Sent > told })
	if again := fires(medium)[medium]; again != first {
		t.Errorf("the fingerprint was %s and is %s", first, again)
	}
	n.Take(anomaly("disk/a", foreshock.High, noon, time.Time{}))
	n.Take(change("1", foreshock.Parked, noon))
	fires(high, parked)
	n.Take(anomaly("disk/a", foreshock.High, noon, noon.Add(time.Minute)))
	n.Take(change("1", foreshock.Done, noon.Add(time.Minute)))
	fires()
	n.Take(anomaly("disk/a", foreshock.Medium, noon.Add(2*time.Minute), time.Time{}))
	if again := fires(medium)[medium]; again != first {
		t.Errorf("the fingerprint was %s and is %s", first, again)
	}
	stop()
	if c := n.Counts(); c.Failed != 0 || c.Waiting != 0 {
		t.Errorf("%+v", c)
	}
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("a-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := settings("https://alertmanager.example.com")
		change(&cfg)
		_, err := New(cfg, notify.Env{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(*Config) {}, "")
	f(func(c *Config) { c.TokenFile = token }, "")
	f(func(c *Config) { c.URLs = nil }, "urls is missing")
	f(func(c *Config) { c.URLs = []string{"alertmanager:9093"} }, "must be the address")
	f(func(c *Config) { c.URLs = []string{"http://me:secret@alertmanager:9093"} }, "without a user")
	f(func(c *Config) { c.URLs, c.TokenFile = []string{"http://alertmanager:9093"}, token }, "over https only")
	f(func(c *Config) { c.TokenFile = token + "x" }, "token_file")
	f(func(c *Config) { c.Interval = 0 }, "interval")
	f(func(c *Config) { c.Most = 0 }, "most")
	f(func(c *Config) { c.Severity = foreshock.None }, "severity")
	f(func(c *Config) { c.Labels = map[string]string{"severity": "page"} }, "severity is given by the program")
	f(func(c *Config) { c.Timeout = 0 }, "timeout")

	server := newPeer(t, http.StatusOK)
	n, err := New(settings(server.URL+"/am"), notify.Env{})
	if err != nil {
		t.Fatal(err)
	}
	n.cfg.TokenFile = token
	if err := n.post(t.Context(), []byte("[]")); err != nil || server.token != "Bearer a-token" {
		t.Errorf("%v, %q", err, server.token)
	}
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

package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// What the API answers, as its users read it.
type (
	workload struct {
		ID         string             `json:"id"`
		Source     string             `json:"source"`
		Stage      string             `json:"stage"`
		Quality    string             `json:"quality"`
		Severity   string             `json:"severity"`
		Score      float64            `json:"score"`
		Threshold  float64            `json:"threshold"`
		Time       time.Time          `json:"time"`
		StepS      float64            `json:"step_seconds"`
		Steps      int64              `json:"steps"`
		Metrics    map[string]float64 `json:"metrics"`
		LatencyP99 float64            `json:"latency_p99_seconds"`
		Allocated  map[string]float64 `json:"allocated"`
		Demand     map[string]float64 `json:"demand"`
		Policy     string             `json:"policy"`
		Decision   string             `json:"decision"`
		Profile    profileView        `json:"profile"`
		Resource   *struct {
			Name      string             `json:"name"`
			Allocated map[string]float64 `json:"allocated"`
		} `json:"resource"`
		ResourceError string `json:"resource_error"`
	}

	profileView struct {
		Metrics []metricView `json:"metrics"`
	}

	metricView struct {
		Metric string  `json:"metric"`
		Count  int     `json:"count"`
		P50    float64 `json:"p50"`
	}

	status struct {
		Mode     string   `json:"mode"`
		Policies []string `json:"policies"`
		Targets  []string `json:"targets"`
		Reload   string   `json:"last_reload"`
		Journal  uint64   `json:"journal_last"`
		Sources  []struct {
			Name    string `json:"name"`
			Running bool   `json:"running"`
			Err     string `json:"err"`
		} `json:"sources"`
		Counts struct {
			Workloads  int   `json:"workloads"`
			Readings   int64 `json:"readings"`
			Steps      int64 `json:"steps"`
			Saved      int64 `json:"profiles_saved"`
			SaveErrors int64 `json:"store_errors"`
			Damaged    int64 `json:"profiles_damaged"`
		} `json:"counts"`
	}

	event struct {
		Seq      uint64    `json:"seq"`
		Time     time.Time `json:"time"`
		Type     string    `json:"type"`
		Note     string    `json:"note"`
		Decision *struct {
			Workload string             `json:"workload"`
			Kind     string             `json:"kind"`
			Severity string             `json:"severity"`
			To       map[string]float64 `json:"to"`
			Reasons  []struct {
				Text string `json:"text"`
			} `json:"reasons"`
		} `json:"decision"`
		Anomaly *struct {
			Workload string `json:"workload"`
			Severity string `json:"severity"`
			Text     string `json:"text"`
		} `json:"anomaly"`
		Change     *change     `json:"change"`
		Evaluation *evaluation `json:"evaluation"`
	}

	evaluation struct {
		Action   string `json:"action"`
		Workload string `json:"workload"`
		Verdict  string `json:"verdict"`
		Before   window `json:"before"`
		After    window `json:"after"`
		Text     string `json:"text"`
	}

	window struct {
		Steps int                `json:"steps"`
		Mean  map[string]float64 `json:"mean"`
	}

	change struct {
		Action action `json:"action"`
		State  string `json:"state"`
		Note   string `json:"note"`
	}

	action struct {
		ID       string             `json:"id"`
		Workload string             `json:"workload"`
		Resource string             `json:"resource"`
		From     map[string]float64 `json:"from"`
		To       map[string]float64 `json:"to"`
	}
)

// judged is how many readings of a metric must be known before one of them is an anomaly, with some to spare.
const judged = 60

// knows says whether so many readings of a metric are known that an unusual one is noticed.
func (w workload) knows(metric string) bool {
	return slices.ContainsFunc(w.Profile.Metrics, func(m metricView) bool { return m.Metric == metric && m.Count >= judged })
}

// terminal are the states of an action after which nothing more comes by itself.
var terminal = []string{"done", "failed", "parked", "refused", "expired"}

// reduces says whether the action takes IOPS away.
func (a action) reduces() bool { return a.To["iops"] < a.From["iops"] }

func (c *change) terminal() bool { return slices.Contains(terminal, c.State) }

var client = &http.Client{Timeout: 2 * time.Minute}

// request asks the program and gives status and body; an error is that of the connection.
func request(method, address, token, body string) (code int, answer string, header http.Header, err error) {
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	return resp.StatusCode, b.String(), resp.Header, err
}

// ask reads an answer of the API, which must be there.
func (p *program) ask(path string, into any) {
	p.t.Helper()
	code, body, _, err := request(http.MethodGet, p.url+"/api/v1"+path, "", "")
	if err != nil {
		p.t.Fatalf("GET %s: %v", path, err)
	}
	if code != http.StatusOK {
		p.t.Fatalf("GET %s: status %d: %s", path, code, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		p.t.Fatalf("GET %s: %v in %s", path, err, body)
	}
}

func (p *program) status() (s status) {
	p.t.Helper()
	p.ask("/status", &s)
	return s
}

// workloads lists all workloads by id.
func (p *program) workloads() map[string]workload {
	p.t.Helper()
	var list []workload
	p.ask("/workloads", &list)
	byID := map[string]workload{}
	for _, w := range list {
		byID[w.ID] = w
	}
	return byID
}

// workload gives one workload; ok is false while it is not known.
func (p *program) workload(id string) (w workload, ok bool) {
	p.t.Helper()
	code, body, _, err := request(http.MethodGet, p.url+"/api/v1/workloads/"+id, "", "")
	if err != nil {
		p.t.Fatalf("workload %s: %v", id, err)
	}
	if code == http.StatusNotFound {
		return w, false
	}
	if code != http.StatusOK {
		p.t.Fatalf("workload %s: status %d: %s", id, code, body)
	}
	if err := json.Unmarshal([]byte(body), &w); err != nil {
		p.t.Fatalf("workload %s: %v in %s", id, err, body)
	}
	return w, true
}

// events lists the latest events of a type, the oldest first; "" means all types.
func (p *program) events(kind string) (list []event) {
	p.t.Helper()
	p.ask("/events?"+url.Values{"type": {kind}, "limit": {"10000"}}.Encode(), &list)
	return list
}

// account is what the program says of the workloads that are worst: what was seen of each, how it was scored, what was decided and why, and
// what happened. Where it does not answer, that is said.
func (p *program) account() string {
	get := func(path string, into any) error {
		code, body, _, err := request(http.MethodGet, p.url+"/api/v1"+path, "", "")
		if err == nil && code != http.StatusOK {
			err = fmt.Errorf("status %d: %s", code, body)
		}
		if err == nil {
			err = json.Unmarshal([]byte(body), into)
		}
		return err
	}
	const most = 3
	var list []workload
	if err := get("/workloads", &list); err != nil {
		return fmt.Sprintf("it does not list its workloads: %v", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "it knows %d workloads\n", len(list))
	for _, w := range list[:min(most, len(list))] {
		var why struct{ Text string }
		if err := get("/explain/"+w.ID, &why); err != nil {
			why.Text = fmt.Sprintf("%s is not explained: %v\n", w.ID, err)
		}
		b.WriteString(why.Text)
	}
	return b.String()
}

// reasons gives the reasons of all decisions, a line each.
func (p *program) reasons() string {
	p.t.Helper()
	var b strings.Builder
	for _, e := range p.events("decision") {
		for _, r := range e.Decision.Reasons {
			fmt.Fprintln(&b, r.Text)
		}
	}
	return b.String()
}

// waitSteps waits until a workload has folded more than a number of steps.
func (p *program) waitSteps(id string, more int64) (w workload) {
	p.t.Helper()
	p.until(fmt.Sprintf("folds more than %d steps of %s", more, id), func() bool {
		w, _ = p.workload(id)
		return w.Steps > more
	})
	return w
}

// waitSaved waits until the profiles of now are in the store: each is saved at most once a round, and of three rounds one has begun since.
func (p *program) waitSaved() {
	p.t.Helper()
	from := p.status().Counts
	p.until("saves its profiles", func() bool {
		now := p.status().Counts
		return now.Saved >= from.Saved+3*int64(max(from.Workloads, now.Workloads))
	})
}

// config writes a configuration that listens on a free port, over the given lines.
func config(t testing.TB, folder, lines string) string {
	t.Helper()
	return write(t, folder+"/foreshock.yaml", "listen: 127.0.0.1:0\ndata: data\n"+lines)
}

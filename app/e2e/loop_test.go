package e2e_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestClosedLoop is the whole promise on a real disk: load rises until a limited disk queues, the program sees it, raises the
// limit, latency recovers, the verdict says so; the load goes, and the limit is lowered again. It is what "make demo" runs.
func TestClosedLoop(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes two minutes; run it without -short")
	}
	const lowest, limit, most, depth = 40, 50, 130, 64
	disk := newThrottledDisk(t, 64<<20, limit)
	disk.load(t, limit*6/10, depth)
	w := watch(t, disk, start(t, "-c", config(t, t.TempDir(), loopConfig(disk, lowest, most))))
	w.say("%s lies on disk %s; control group %s may do %d reads/s on it", disk.path, disk.under, disk.group, limit)
	w.head()

	w.phase("normal", func(s state) bool { return s.knows("latency_seconds") && s.Stage == "trusted" && s.Severity == "none" })
	normal := w.last.Profile.usual("latency_seconds")
	if normal <= 0 {
		t.Fatalf("nothing is known of what latency is normal: %+v", w.last.Profile)
	}
	if factor := w.unrest(); factor > 5 {
		t.Skipf("the machine is too busy to show anything: under the same load latency varies %.0f times from one second to the next; "+
			"run the test when nothing else runs", factor)
	} else {
		w.say("under the same load latency varies %.1f times from one second to the next", factor)
	}

	surge := disk.load(t, limit, depth)
	w.phase("surge", func(s state) bool { return s.limit > limit })
	if worst := w.latency; worst < 5*normal {
		t.Errorf("latency rose from %s to %s only before the limit was raised", ms(normal), ms(worst))
	}
	w.phase("raised", func(s state) bool { return w.helped() != nil })
	if rank[w.severity] < rank["medium"] {
		t.Errorf("severity rose to %q only", w.severity)
	}
	verdict := w.helped()
	before, after := verdict.Before.Mean["latency_seconds"], verdict.After.Mean["latency_seconds"]
	if before <= 0 || after <= 0 || after > before/2 {
		t.Errorf("latency was %s before and %s after: %s", ms(before), ms(after), verdict.Text)
	}
	raised := w.last.limit
	if raised > most {
		t.Errorf("the limit was raised to %d, the policy allows %d", raised, most)
	}

	surge.kill()
	w.phase("load gone", func(s state) bool { return s.limit < raised })
	if lowered := w.last.limit; lowered < lowest {
		t.Errorf("the limit was lowered from %d to %d; the policy allows %d", raised, lowered, lowest)
	}
	w.phase("lowered", func(s state) bool { return w.inEffect(action.reduces) })

	w.say("")
	for _, line := range checkStory(t, w.program, disk) {
		w.say("%s", line)
	}
	w.program.stop()
}

// loopConfig watches the disk's steps of a second, and lets a policy change its limit.
func loopConfig(d *throttledDisk, lowest, most int) string {
	return fmt.Sprintf(`
mode: auto
step: 1s
sources:
  - host: {interval: 1s, devices: {include: "%[1]s"}, cgroups: {max: 0}}
  - ebpf: {interval: 1s, devices: {include: "%[1]s"}}
profile:
  trusted_steps: 40
detect:
  probability: 0.01 # a minute is little to learn from; the default would wait for what comes once in a hundred thousand steps
  severity: {medium_steps: 3, high: 1.5}
  metrics: {iops: {down: 0}, throughput_bps: {down: 0}} # load that goes is no anomaly here: less may do at once
targets:
  - cgroup:
      direction: read
      resources: {%[1]s: {group: %[2]s, device: "%[3]s"}}
policies:
  - name: demo
    match: ["disk/%[1]s"]
    mode: auto
    target: cgroup
    bounds: {iops: {min: %[4]d, max: %[5]d, quantum: 10, step: 300%%}}
    lead_time: 2s
    cooldown: 5s
    reduce: {allowed: true, after: 15s, cooldown: 10s, blind: true}
`, d.name, d.group, d.under, lowest, most)
}

// checkStory checks what the journal tells, as the command line gives it, and gives the part about the actions as text.
func checkStory(t *testing.T, p *program, d *throttledDisk) []string {
	t.Helper()
	got := command(t, "events", "--server", p.url, "--limit", "10000", "-o", "json")
	var events []event
	if err := json.Unmarshal([]byte(got.stdout), &events); err != nil || got.code != 0 {
		t.Fatalf("events -o json: exit %d, %v: %s%s", got.code, err, got.stdout, got.stderr)
	}
	var tale []string
	states := map[string][]string{}
	var order []string
	grew, shrank := false, false
	for _, e := range events {
		switch {
		case e.Change != nil:
			a := e.Change.Action
			if states[a.ID] == nil {
				order = append(order, a.ID)
			}
			states[a.ID] = append(states[a.ID], e.Change.State)
			if e.Change.State == "done" {
				tale = append(tale, fmt.Sprintf("%s  in effect: %s from %g to %g IOPS", e.Time.Format("15:04:05"), a.Resource, a.From["iops"], a.To["iops"]))
				grew, shrank = grew || !a.reduces(), shrank || a.reduces()
			}
		case e.Evaluation != nil:
			tale = append(tale, fmt.Sprintf("%s  verdict: %s", e.Time.Format("15:04:05"), e.Evaluation.Text))
		case e.Decision != nil && (e.Decision.Kind == "grow" || e.Decision.Kind == "shrink"):
			tale = append(tale, fmt.Sprintf("%s  decision: %s to %g IOPS, severity %s", e.Time.Format("15:04:05"), e.Decision.Kind, e.Decision.To["iops"], e.Decision.Severity))
			for _, r := range e.Decision.Reasons {
				tale = append(tale, "            - "+r.Text)
			}
		}
	}
	for _, id := range order {
		if s := strings.Join(states[id], " "); strings.HasSuffix(s, "done") && !strings.HasPrefix(s, "decided intent fenced called") {
			t.Errorf("action %s went through the states %s", id, s)
		}
	}
	if !grew || !shrank {
		t.Errorf("the journal shows a growth: %v, and a reduction: %v", grew, shrank)
	}
	if why := command(t, "explain", "disk/"+d.name, "--server", p.url); why.code != 0 || !strings.Contains(why.stdout, "verdict") {
		t.Errorf("explain: exit %d: %s%s", why.code, why.stdout, why.stderr)
	}
	return tale
}

// usual gives the middle of what is normal for a metric; 0 where it is not known.
func (p profileView) usual(metric string) float64 {
	for _, m := range p.Metrics {
		if m.Metric == metric {
			return m.P50
		}
	}
	return 0
}

// watcher looks at a disk and at the program once a step, and prints what it sees.
type watcher struct {
	t       *testing.T
	disk    *throttledDisk
	program *program
	say     func(format string, args ...any)
	began   time.Time
	last    state
	told    int       // verdicts that were printed
	ln      []float64 // logarithm of the latencies

	// The worst since the beginning.
	latency  float64
	severity string
}

// state is what is seen at one step.
type state struct {
	workload
	limit int
}

func watch(t *testing.T, d *throttledDisk, p *program) *watcher {
	return &watcher{t: t, disk: d, program: p, say: printer(t.Output()), began: time.Now()}
}

func (w *watcher) head() {
	w.say("%6s  %-9s %6s %10s %10s %6s %6s %6s  %-8s %s", "second", "phase", "IOPS", "latency", "p99", "depth", "limit", "score", "severity", "last decision")
}

// phase prints each step until over says so.
func (w *watcher) phase(name string, over func(state) bool) {
	w.t.Helper()
	w.program.until(fmt.Sprintf("is done with phase %q", name), func() bool {
		now, ok := w.program.workload("disk/" + w.disk.name)
		if !ok || !now.Time.After(w.last.Time) {
			return false
		}
		w.last = state{workload: now, limit: w.disk.limited(w.t)}
		w.row(name)
		w.news()
		return over(w.last)
	})
}

func (w *watcher) row(phase string) {
	s := w.last
	latency := s.Metrics["latency_seconds"]
	w.latency = max(w.latency, latency)
	if latency > 0 {
		w.ln = append(w.ln, math.Log(latency))
	}
	if rank[s.Severity] > rank[w.severity] {
		w.severity = s.Severity
	}
	w.say("%6.0f  %-9s %6.0f %10s %10s %6.1f %6d %6.2f  %-8s %s", time.Since(w.began).Seconds(), phase, s.Metrics["iops"], ms(latency), ms(s.LatencyP99),
		s.Metrics["queue_depth"], s.limit, s.Score, s.Severity, clip(s.Decision, 100))
}

// unrest is the factor by which latencies typically (one standard deviation) differ from their middle.
func (w *watcher) unrest() float64 {
	mean, squares := 0.0, 0.0
	for _, x := range w.ln {
		mean += x / float64(len(w.ln))
	}
	for _, x := range w.ln {
		squares += (x - mean) * (x - mean)
	}
	return math.Exp(math.Sqrt(squares / float64(max(1, len(w.ln)-1))))
}

// news prints the verdicts that are new.
func (w *watcher) news() {
	list := w.program.events("evaluation")
	for _, e := range list[w.told:] {
		w.say("        verdict: %s", e.Evaluation.Text)
	}
	w.told = len(list)
}

var rank = map[string]int{"none": 0, "low": 1, "medium": 2, "high": 3}

// helped is the first verdict that a growth helped, or nil.
func (w *watcher) helped() *evaluation {
	for _, e := range w.program.events("evaluation") {
		if e.Evaluation.Verdict == "helped" && w.inEffect(func(a action) bool { return a.ID == e.Evaluation.Action && !a.reduces() }) {
			return e.Evaluation
		}
	}
	return nil
}

// inEffect says whether an action of the kind is in effect.
func (w *watcher) inEffect(kind func(action) bool) bool {
	return slices.ContainsFunc(w.program.events("action"), func(e event) bool { return e.Change.State == "done" && kind(e.Change.Action) })
}

func ms(seconds float64) string {
	if seconds == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f ms", 1000*seconds)
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// TestMeasuresLikeTheKernel checks that both ways of looking at a disk, the kernel's counters and the kernel's tracepoints, agree.
func TestMeasuresLikeTheKernel(t *testing.T) {
	t.Parallel()
	disk := newThrottledDisk(t, 16<<20, 100)
	p := start(t, "-c", config(t, t.TempDir(), fmt.Sprintf(`
step: 1s
sources:
  - host: {interval: 1s, devices: {include: "%[1]s"}, cgroups: {max: 0}}
  - ebpf: {interval: 1s, devices: {include: "%[1]s"}}
`, disk.name)))
	disk.load(t, 1000, 8) // held back by the limit: eight wait at each time, so the latency is 8/100 s
	p.until("sees the queue", func() bool {
		w, _ := p.workload("disk/" + disk.name)
		return w.Metrics["latency_seconds"] > 0.04 && w.Metrics["queue_depth"] > 4
	})
	p.until("sees the limit", func() bool {
		w, _ := p.workload("disk/" + disk.name)
		near := func(x, want float64) bool { return x > 0.8*want && x < 1.25*want }
		return near(w.Metrics["iops"], 100) && near(w.Metrics["throughput_bps"], 100*4096) && near(w.Metrics["latency_seconds"], 0.08) && near(w.Metrics["queue_depth"], 8)
	})
	if strings.Contains(p.out.String(), "without latency percentiles") {
		t.Skip("this kernel allows no tracing of block requests; run as root on Linux 5.11 or later with BTF")
	}
	p.until("sees percentiles", func() bool {
		w, _ := p.workload("disk/" + disk.name)
		return w.LatencyP99 > 0.04 && w.LatencyP99 < 1
	})
	p.stop()
}

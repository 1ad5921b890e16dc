package guest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/pipeline"
)

// What a group may do at first and at most, in reads a second. The loads ask for 30 at first, and then for 210 in all.
const limit, most = 150, 1000

// trial is a group whose load rises above its limit.
type trial struct {
	group       string
	device      string       // that it reads
	watched     foreshock.ID // the workload of the policy
	calm, surge []string     // arguments of fio
}

// TestInsideClosedLoop is the whole promise on cgroup version 2: a group asks for more than its io.max allows, requests queue, the program
// raises io.max, the queue goes, and the verdict says so.
//
// A limited request waits before the disk sees it, so it is a loop device on the disk whose latency and queue show the limit.
func TestInsideClosedLoop(t *testing.T) {
	inside(t)
	t.Parallel()
	device := loopDevice(t, diskPath)
	r := trial{
		group: newGroup(t), device: device, watched: foreshock.ID("disk/" + filepath.Base(device)),
		calm:  []string{"--ioengine=libaio", "--iodepth=2", "--rate_iops=30"},
		surge: []string{"--ioengine=libaio", "--iodepth=32", "--rate_iops=180"},
	}
	p := r.run(t)
	p.watch(r.watched, "finds that it helped", func(pipeline.Detail) bool {
		judged := p.events(foreshock.EventEvaluation)
		return len(judged) > 0 && recovered(judged[len(judged)-1].Evaluation)
	})
	p.stop()
}

// recovered says whether a change brought latency back. More than was needed may have been given too.
func recovered(e *foreshock.Evaluation) bool {
	was, _ := e.Before.Mean.Get(foreshock.Latency)
	is, _ := e.After.Mean.Get(foreshock.Latency)
	return (e.Verdict == foreshock.Helped || e.Verdict == foreshock.TooMuch) && is < was/2
}

// TestInsideGroup watches the group itself, on the limited disk. Its requests, its pressure and its limit are known, its latency is not: what
// it does of what it may is the reason to raise its limit.
func TestInsideGroup(t *testing.T) {
	inside(t)
	t.Parallel()
	group := newGroup(t)
	r := trial{
		group: group, device: diskPath, watched: foreshock.ID("cgroup/" + group),
		calm:  []string{"--ioengine=psync", "--rate_iops=30"},
		surge: []string{"--ioengine=psync", "--numjobs=9", "--rate_iops=20"}, // tasks that wait make pressure
	}
	r.run(t).stop()
}

// run lets the program watch while the load rises above the limit, until it has raised the limit and seen the group use that.
func (r *trial) run(t *testing.T) *foreshockRun {
	put(t, filepath.Join(tree, r.group, "io.max"), fmt.Sprintf("%s riops=%d", number(t, diskPath), limit))
	// The load is there, and waits: what is normal is not to be learned from a machine that loads programs.
	load(t, r.group, r.device, append(r.calm, "--startdelay=10"))
	p := run(t, fmt.Sprintf(`
listen: 127.0.0.1:0
mode: auto
step: 1s
sources: [{host: {interval: 1s}}]
profile: {trusted_steps: 30}
targets: [{cgroup: {direction: read, device: %s}}]
policies:
  - name: raise
    match: [%q]
    mode: auto
    target: cgroup
    resource: %s
    bounds: {iops: {min: %d, max: %d}}
    above: 90%%
    lead_time: 1s
    cooldown: 5s
`, diskPath, r.watched, r.group, limit, most))
	p.watch(r.watched, "knows what is normal", func(w pipeline.Detail) bool { return w.Stage == foreshock.Trusted })
	load(t, r.group, r.device, r.surge)
	p.watch(r.watched, "raises the limit", func(pipeline.Detail) bool { return limited(t, r.group) > limit })
	p.watch(r.watched, "sees the group do more than it could", func(pipeline.Detail) bool { return doesMore(t, p, r.group) })
	return p
}

// doesMore says whether the group shows its new limit, and more reads than the old one allowed.
func doesMore(t *testing.T, p *foreshockRun, group string) bool {
	t.Helper()
	own := p.workload(foreshock.ID("cgroup/" + group))
	allocated, _ := own.Allocated.Get(foreshock.DimIOPS)
	iops, _ := own.Metrics.Get(foreshock.IOPS)
	return allocated == float64(limited(t, group)) && iops > limit+10
}

func metrics(v foreshock.Values) string {
	iops, _ := v.Get(foreshock.IOPS)
	latency, _ := v.Get(foreshock.Latency)
	depth, _ := v.Get(foreshock.QueueDepth)
	return fmt.Sprintf("%.0f IOPS, %.1f ms, depth %.1f", iops, 1000*latency, depth)
}

// loopDevice makes a loop device on a disk, past the page cache, and takes it away after the test.
func loopDevice(t testing.TB, disk string) string {
	t.Helper()
	out, err := exec.Command("losetup", "--find", "--show", "--direct-io=on", disk).CombinedOutput()
	if err != nil {
		t.Fatalf("losetup: %v: %s", err, out)
	}
	device := strings.TrimSpace(string(out))
	t.Cleanup(func() {
		if out, err := exec.Command("losetup", "--detach", device).CombinedOutput(); err != nil {
			t.Errorf("losetup --detach %s: %v: %s", device, err, out)
		}
	})
	return device
}

// limited gives how many reads a second a group may do on the disk of the tests.
func limited(t testing.TB, group string) int {
	t.Helper()
	var n int
	text := get(t, filepath.Join(tree, group, "io.max"))
	if _, err := fmt.Sscanf(text, number(t, diskPath)+" rbps=max wbps=max riops=%d", &n); err != nil {
		t.Fatalf("io.max has %q: %v", text, err)
	}
	return n
}

// load reads until the test ends.
func load(t testing.TB, group, device string, args []string) {
	t.Helper()
	begin(t, fio(group, device, append(args, "--time_based", "--runtime=600")...))
}

// process is a child of the test, which is killed when the test ends.
type process struct {
	*exec.Cmd
	ended chan error // has the end of it
	mu    sync.Mutex
	said  bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(b)
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

func begin(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: cmd, ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = p, p
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		if t.Failed() {
			_ = cmd.Process.Signal(syscall.SIGQUIT) // a program of Go says then what it was doing
			select {
			case <-p.ended:
			case <-time.After(10 * time.Second):
			}
			t.Logf("%s said:\n%s", cmd.Path, p.output())
		}
		_ = cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// foreshockRun is the program as it runs.
type foreshockRun struct {
	*process
	t    testing.TB
	url  string
	seen time.Time // of the last step that was logged
	last uint64    // number of the last event that was
}

var lookAt = regexp.MustCompile(`look at\s+(http://\S+)`)

// run starts the program with a configuration and waits until it says where to look.
func run(t testing.TB, config string) *foreshockRun {
	t.Helper()
	cmd := exec.Command("foreshock", "run", "-c", "foreshock.yaml", "--data", "data")
	cmd.Dir = t.TempDir()
	put(t, filepath.Join(cmd.Dir, "foreshock.yaml"), config)
	r := &foreshockRun{process: begin(t, cmd), t: t}
	r.until("says where to look", func() bool {
		if found := lookAt.FindStringSubmatch(r.output()); found != nil {
			r.url = found[1]
		}
		return r.url != ""
	})
	return r
}

// until waits while the program runs.
func (r *foreshockRun) until(what string, ok func() bool) {
	r.t.Helper()
	waitFor(r.t, "the program "+what, func() bool {
		select {
		case err := <-r.ended:
			r.t.Fatalf("the program ended before it %s: %v", what, err)
		default:
		}
		return ok()
	})
}

// watch is until, and logs each step of a workload, and what was done and how it was judged.
func (r *foreshockRun) watch(id foreshock.ID, what string, ok func(pipeline.Detail) bool) {
	r.t.Helper()
	r.until(what, func() bool {
		w := r.workload(id)
		over := ok(w)
		if w.Time.After(r.seen) {
			r.seen = w.Time
			r.t.Logf("%s %s, pressure %.0f %%; score %.2f; %s", w.Time.Format(time.TimeOnly), metrics(w.Metrics), 100*w.Pressure, w.Score, w.Decision)
		}
		for _, e := range r.events("") {
			if e.Seq > r.last {
				r.last = e.Seq
				r.tell(e)
			}
		}
		return over
	})
}

// tell logs an event of what was done, and how it was judged.
func (r *foreshockRun) tell(e foreshock.Event) {
	switch {
	case e.Change != nil && e.Change.State == foreshock.Done:
		r.t.Logf("done: %s of %s on reads", e.Change.Action.To, e.Change.Action.Resource)
	case e.Evaluation != nil:
		r.t.Logf("judged: %s; from %s to %s", e.Evaluation.Text, metrics(e.Evaluation.Before.Mean), metrics(e.Evaluation.After.Mean))
	}
}

var client = &http.Client{Timeout: time.Minute}

// ask reads an answer of the API. What is not known yet leaves into as it is.
func (r *foreshockRun) ask(path string, into any) {
	r.t.Helper()
	resp, err := client.Get(r.url + "/api/v1" + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusNotFound {
		return
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("GET %s: %s, %v", path, resp.Status, err)
	}
}

func (r *foreshockRun) workload(id foreshock.ID) (d pipeline.Detail) {
	r.t.Helper()
	r.ask("/workloads/"+string(id), &d)
	return d
}

func (r *foreshockRun) events(kind string) (list []foreshock.Event) {
	r.t.Helper()
	r.ask("/events?"+url.Values{"type": {kind}, "limit": {"1000"}}.Encode(), &list)
	return list
}

// stop asks the program to end.
func (r *foreshockRun) stop() {
	r.t.Helper()
	if err := r.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	if err := <-r.ended; err != nil {
		r.t.Errorf("the program ended with %v after SIGTERM", err)
	}
}

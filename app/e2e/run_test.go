package e2e_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// machineDisk gives a disk of this machine that is in use, as the kernel names it.
func machineDisk(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("/proc/diskstats")
	if err != nil {
		t.Skipf("this machine has no /proc/diskstats: %v; run it on Linux", err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		f := strings.Fields(line)
		if len(f) < 14 || f[3] == "0" || strings.HasPrefix(f[2], "ram") || strings.HasPrefix(f[2], "loop") || strings.HasPrefix(f[2], "zram") {
			continue
		}
		if _, err := os.Stat("/sys/block/" + f[2]); err == nil {
			return f[2]
		}
	}
	t.Skip("no disk of this machine has been read yet")
	return ""
}

// TestRunWithoutConfiguration is the first minute of a new user: run, look, stop, run again.
func TestRunWithoutConfiguration(t *testing.T) {
	t.Parallel()
	id := "disk/" + machineDisk(t)
	data := t.TempDir() + "/data"
	p := start(t, "--listen", "127.0.0.1:0", "--data", data)
	if said := p.out.String(); !strings.Contains(said, "observes") {
		t.Errorf("it does not say that it acts on nothing: %s", said)
	}
	keepBusy(t)
	p.waitSteps(id, 1)

	list := command(t, "workloads", "--server", p.url, "-o", "json")
	var workloads []workload
	if err := json.Unmarshal([]byte(list.stdout), &workloads); err != nil || list.code != 0 {
		t.Fatalf("workloads -o json: exit %d, %v: %s%s", list.code, err, list.stdout, list.stderr)
	}
	found := false
	for _, w := range workloads {
		if w.ID != id {
			continue
		}
		found = true
		checkDisk(t, w)
	}
	if !found {
		t.Fatalf("%s is not among the workloads: %s", id, list.stdout)
	}
	table := command(t, "workloads", "--server", p.url)
	if table.code != 0 || !strings.Contains(table.stdout, id) || !strings.HasPrefix(table.stdout, "WORKLOAD") {
		t.Errorf("workloads: exit %d: %s%s", table.code, table.stdout, table.stderr)
	}
	why := command(t, "explain", id, "--server", p.url)
	if why.code != 0 || !strings.Contains(why.stdout, id) || !strings.Contains(why.stdout, "Decision of") {
		t.Errorf("explain: exit %d: %s%s", why.code, why.stdout, why.stderr)
	}

	before, _ := p.workload(id)
	p.stop()

	again := start(t, "--listen", "127.0.0.1:0", "--data", data)
	after := again.waitSteps(id, before.Steps)
	if after.Steps < before.Steps {
		t.Errorf("after a restart there are %d steps, there were %d", after.Steps, before.Steps)
	}
	var notes []string
	for _, e := range again.events("note") {
		notes = append(notes, e.Note)
	}
	if s := strings.Join(notes, "; "); strings.Count(s, "started") != 2 || strings.Count(s, "stopped") != 1 {
		t.Errorf("the journal notes %q, not a start, a stop and a start", s)
	}
	again.stop()
}

// checkDisk says what is wrong with the view of a disk that is in use.
func checkDisk(t *testing.T, w workload) {
	t.Helper()
	for _, metric := range []string{"iops", "throughput_bps", "queue_depth"} {
		if x, ok := w.Metrics[metric]; !ok || x < 0 {
			t.Errorf("%s has no %s: %v", w.ID, metric, w.Metrics)
		}
	}
	if w.Metrics["iops"] <= 0 || w.Metrics["latency_seconds"] <= 0 {
		t.Errorf("%s is in use, but shows %v", w.ID, w.Metrics)
	}
	if w.Quality != "fresh" || w.Stage == "" || w.Source != "host" || w.StepS != 10 {
		t.Errorf("%s has quality %q, stage %q, source %q, a step of %g s", w.ID, w.Quality, w.Stage, w.Source, w.StepS)
	}
	if len(w.Profile.Metrics) == 0 || w.Profile.Metrics[0].Count == 0 {
		t.Errorf("%s has no profile: %+v", w.ID, w.Profile)
	}
	if age := time.Since(w.Time); age > time.Minute || age < -time.Minute {
		t.Errorf("%s was last seen %s ago", w.ID, age)
	}
}

// keepBusy writes to the disk until the test ends, so that there is something to see.
func keepBusy(t testing.TB) {
	t.Helper()
	f, err := os.Create(t.TempDir() + "/busy")
	if err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				_, _ = f.WriteAt(make([]byte, 4096), 0)
				_ = f.Sync()
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-done
		_ = f.Close()
	})
}

// TestProfileSurvivesKill checks that after kill -9 at most what came since the last snapshot is lost.
func TestProfileSurvivesKill(t *testing.T) {
	t.Parallel()
	id := "disk/" + machineDisk(t)
	file := config(t, t.TempDir(), "step: 500ms\nsnapshot: 1s\nsources: [{host: {interval: 500ms}}]\n")
	p := start(t, "-c", file)
	p.waitSteps(id, 30)
	mark, _ := p.workload(id)
	p.waitSaved()
	p.kill()

	again := start(t, "-c", file)
	again.until("goes on from the profile", func() bool {
		w, ok := again.workload(id)
		return ok && w.Steps >= mark.Steps
	})
	w, _ := again.workload(id)
	if w.Steps > mark.Steps+1000 {
		t.Errorf("%d steps cannot be, there were %d", w.Steps, mark.Steps)
	}
	if s := again.status(); s.Counts.Damaged != 0 {
		t.Errorf("%d profiles were damaged", s.Counts.Damaged)
	}
	again.stop()
}

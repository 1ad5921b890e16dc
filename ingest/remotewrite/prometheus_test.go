package remotewrite

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/procfs/blockdevice"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// start runs a program until the test ends.
func start(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, 5*time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait() // t's context has ended
		if t.Failed() {
			t.Logf("%s said:\n%s", name, out.String())
		}
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// counted are a device's counters by field.
type counted map[ingest.Field]float64

// diskstats reads what the kernel counts, by device.
func diskstats(t *testing.T) map[string]counted {
	t.Helper()
	fs, err := blockdevice.NewFS("/proc", "/sys")
	if err != nil {
		t.Fatal(err)
	}
	list, err := fs.ProcDiskstats()
	if err != nil {
		t.Fatal(err)
	}
	devices := map[string]counted{}
	for _, d := range list {
		devices[d.DeviceName] = counted{
			ingest.Ops:          float64(d.ReadIOs + d.WriteIOs),
			ingest.Bytes:        512 * float64(d.ReadSectors+d.WriteSectors),
			ingest.OpSeconds:    float64(d.ReadTicks+d.WriteTicks) / 1000,
			ingest.QueueSeconds: float64(d.WeightedIOTicks) / 1000,
		}
	}
	return devices
}

// remade says whether a device went away, or began to count anew: other tests make and remove such devices.
func remade(before, after counted) bool {
	for field, x := range before {
		if y, there := after[field]; !there || y < x {
			return true
		}
	}
	return false
}

// TestPrometheus has a real Prometheus send a real exporter's counters, and compares what is read with the kernel's.
func TestPrometheus(t *testing.T) {
	for program, packet := range map[string]string{"prometheus": "prometheus", "prometheus-node-exporter": "prometheus-node-exporter"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: apt-get install %s", program, packet)
		}
	}
	at := run(t, func(cfg *Config) {
		cfg.Mapping = ingest.Mapping{Presets: []string{"node_exporter"}, Prefix: "${host}/"}
	})
	dir, exporter := t.TempDir(), freeAddress(t)
	config := filepath.Join(dir, "prometheus.yml")
	err := os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: 1s, external_labels: {host: here}}
scrape_configs: [{job_name: node, static_configs: [{targets: [%q]}]}]
remote_write: [{url: %q, queue_config: {batch_send_deadline: 500ms}}]
`, exporter, at.url), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	before := diskstats(t)
	start(t, "prometheus-node-exporter", "--web.listen-address="+exporter, "--collector.disable-defaults", "--collector.diskstats",
		"--collector.diskstats.device-exclude=^$")
	start(t, "prometheus", "--enable-feature=agent", "--config.file="+config, "--storage.agent.path="+filepath.Join(dir, "agent"),
		"--web.listen-address="+freeAddress(t))

	// A scrape has come when each of a device's seven counters has: Prometheus sends them in several requests.
	scraped := func(after int64) bool {
		count := 0
		for _, r := range at.sink.taken() {
			if r.Time > after {
				count++
			}
		}
		return count >= 7*len(before)
	}
	await(t, "the first increments", func() bool { return scraped(0) })
	idle := diskstats(t)
	work(t, dir)
	busy, done := diskstats(t), time.Now().UnixMilli()
	await(t, "a scrape from after the work", func() bool { return scraped(done) })
	readings := at.sink.taken()
	after := diskstats(t)
	sums := map[ingest.Handle]counted{}
	for _, r := range readings {
		if sums[r.Handle] == nil {
			sums[r.Handle] = counted{}
		}
		sums[r.Handle][r.Field] += r.Value
	}
	const rounding = 0.01 // s: the exporter divides the same milliseconds, a sample may stand between two of them
	moved := 0.0
	for _, device := range slices.Sorted(maps.Keys(before)) {
		if remade(before[device], idle[device]) || remade(idle[device], busy[device]) || remade(busy[device], after[device]) {
			t.Logf("disk/%s was made anew meanwhile", device)
			continue
		}
		h, known := at.sink.handle(foreshock.ID("here/disk/" + device))
		if !known {
			t.Errorf("disk/%s did not appear", device)
			continue
		}
		for field := range before[device] {
			least, most := busy[device][field]-idle[device][field], after[device][field]-before[device][field]
			if got := sums[h][field]; got < least-rounding || got > most+rounding {
				t.Errorf("%s of disk/%s: %g, want %g to %g", field, device, got, least, most)
			}
		}
		if got := sums[h][ingest.Bytes]; got > 0 {
			t.Logf("disk/%s: %.4g bytes, kernel %.4g to %.4g", device, got, busy[device][ingest.Bytes]-idle[device][ingest.Bytes],
				after[device][ingest.Bytes]-before[device][ingest.Bytes])
			moved += got
		}
	}
	if moved == 0 {
		t.Log("no disk moved anything: the file system of the temporary directory is none of /proc/diskstats")
	}
	for _, d := range at.drops.List() {
		if d.Reason != ingest.DropUnmapped && d.Reason != ingest.DropReset {
			t.Errorf("%d samples dropped: %s", d.Count, d.Reason)
		}
	}
}

// work writes 32 MiB through to the disk.
func work(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 32 {
		if _, err := f.Write(bytes.Repeat([]byte{1}, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
	}
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.After(time.Minute)
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s did not come within a minute", what)
		}
	}
}

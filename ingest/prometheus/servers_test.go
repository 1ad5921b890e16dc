package prometheus

import (
	"bytes"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// start runs a server until the test ends, and waits until a page of it is served.
func start(t *testing.T, page, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, 5*time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait() // t's context has ended
		if t.Failed() {
			t.Logf("%s said:\n%s", program, out.String())
		}
	})
	for range 600 {
		resp, err := http.Get(page)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s does not serve %s", program, page)
}

// needs skips the test where a program is missing.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed: apt-get install prometheus prometheus-node-exporter victoria-metrics", p)
		}
	}
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

// point is a sample of a counter.
type point struct {
	time  int64
	value float64
}

// history are the counters of node_exporter for two disks: sda has a daily season, an hour without samples and a counter that
// began again; sdb does five requests a second. The times are those of a real scrape, not whole steps.
type history map[string]map[string][]point // by metric and device

func newHistory(from, to time.Time, every time.Duration) history {
	perSecond := map[string]func(float64) float64{ // of an operation rate
		"node_disk_reads_completed_total":          func(r float64) float64 { return r },
		"node_disk_writes_completed_total":         func(r float64) float64 { return r / 2 },
		"node_disk_read_bytes_total":               func(r float64) float64 { return 4096 * r },
		"node_disk_written_bytes_total":            func(r float64) float64 { return 8192 * r },
		"node_disk_read_time_seconds_total":        func(r float64) float64 { return r / 1024 },
		"node_disk_write_time_seconds_total":       func(r float64) float64 { return r / 512 },
		"node_disk_io_time_weighted_seconds_total": func(r float64) float64 { return r / 400 },
	}
	h := history{}
	quiet := from.Add(to.Sub(from) / 3)
	again := from.Add(to.Sub(from) * 2 / 3)
	for metric, scaled := range perSecond {
		h[metric] = map[string][]point{}
		for _, device := range []string{"sda", "sdb"} {
			var total float64
			began := false
			for t := from.Add(217 * time.Millisecond); t.Before(to); t = t.Add(every) {
				rate := 5.0
				if device == "sda" {
					rate = 200 + 100*math.Sin(2*math.Pi*float64(t.Unix()%86400)/86400)
					if t.After(again) && !began {
						total, began = 0, true
					}
				}
				total += scaled(rate) * every.Seconds()
				if device == "sda" && t.After(quiet) && t.Before(quiet.Add(time.Hour)) {
					continue
				}
				h[metric][device] = append(h[metric][device], point{t.UnixMilli(), math.Round(1000*total) / 1000})
			}
		}
	}
	return h
}

// lines writes the history as text, each line made by format of the series and the sample.
func (h history) lines(format func(series string, p point) string) string {
	var b strings.Builder
	for metric, devices := range h {
		for device, points := range devices {
			series := fmt.Sprintf("%s{device=%q,instance=\"db1:9100\"}", metric, device)
			for _, p := range points {
				b.WriteString(format(series, p))
			}
		}
	}
	return b.String()
}

// increments gives what readings the history makes, after a time: two samples make one, unless the counter began again or was not
// read for ten minutes.
func (h history) increments(metric, device string, after int64) (list []ingest.Reading) {
	points := h[metric][device]
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if a.time > after && b.time-a.time <= 600_000 && b.value >= a.value {
			list = append(list, ingest.Reading{Value: b.value - a.value, Time: b.time, Span: uint32(b.time - a.time)})
		}
	}
	return list
}

// last is the time of the last sample.
func (h history) last() int64 {
	points := h["node_disk_reads_completed_total"]["sdb"]
	return points[len(points)-1].time
}

// backfilled compares what a source reads with the history.
func backfilled(t *testing.T, address string, h history, change func(*Config)) {
	t.Helper()
	cfg := Defaults()
	cfg.URL, cfg.Presets, cfg.Prefix = "http://"+address, []string{"node_exporter"}, "${instance}/"
	cfg.Queries = []Query{{
		Query: `sum by (device) (rate(node_disk_reads_completed_total[10m]))`, ID: "volume/${device}", Field: "iops", Scale: 2,
	}}
	cfg.Interval, cfg.Lag = 200*time.Millisecond, time.Second
	change(&cfg)
	began := floor(time.Now().Add(-cfg.Backfill-cfg.Lag), cfg.Step).UnixMilli()
	got, drops, log := run(t, cfg, func(s *sink) bool {
		return len(s.readings) > 0 && s.readings[len(s.readings)-1].Time >= h.last()/60_000*60_000
	})

	compared := 0
	for _, device := range []string{"sda", "sdb"} {
		for field, metrics := range map[ingest.Field][2]string{
			ingest.Ops:       {"node_disk_reads_completed_total", "node_disk_writes_completed_total"},
			ingest.Bytes:     {"node_disk_read_bytes_total", "node_disk_written_bytes_total"},
			ingest.OpSeconds: {"node_disk_read_time_seconds_total", "node_disk_write_time_seconds_total"},
		} {
			compared += compare(t, got, device, field, began, h.increments(metrics[0], device, began), h.increments(metrics[1], device, began))
		}
		compared += compare(t, got, device, ingest.QueueSeconds, began, h.increments("node_disk_io_time_weighted_seconds_total", device, began))
	}
	iops := got.of("volume/sdb", ingest.IOPS)
	for _, r := range iops {
		if r.Time > h.last() {
			break // behind the end of the series a rate is a guess
		}
		if math.Abs(r.Value-10) > 1e-6 || r.Time%cfg.Step.Milliseconds() != 0 {
			t.Fatalf("twice the rate of sdb is %g at %d", r.Value, r.Time)
		}
	}
	if want := int(cfg.Backfill/cfg.Step) - 30; len(iops) < want {
		t.Errorf("the query was read %d times, want %d", len(iops), want)
	}
	for i := 1; i < len(got.readings); i++ { // oldest first
		if a, b := got.readings[i-1].Time, got.readings[i].Time; b < a-cfg.Step.Milliseconds() {
			t.Fatalf("a reading of %d comes after one of %d", b, a)
		}
	}
	t.Logf("%d readings, %d compared, dropped %+v", len(got.readings), compared, drops.List())
	for _, d := range drops.List() {
		if d.Reason != ingest.DropReset {
			t.Errorf("dropped %+v", d)
		}
	}
	if strings.Contains(log, "level=WARN") || !strings.Contains(log, "percent=") {
		t.Errorf("log:\n%s", log)
	}
}

// compare checks that the readings of a field are those of its series, and gives their number.
func compare(t *testing.T, got *sink, device string, field ingest.Field, began int64, want ...[]ingest.Reading) int {
	t.Helper()
	at := map[int64]float64{}
	span := map[int64]uint32{}
	for _, list := range want {
		for _, r := range list {
			at[r.Time] += r.Value
			span[r.Time] = r.Span
		}
	}
	sums := map[int64]float64{}
	list := got.of(foreshock.ID("db1:9100/disk/"+device), field)
	for _, r := range list {
		sums[r.Time] += r.Value
		if r.Span != span[r.Time] {
			t.Fatalf("%s of %s at %d covers %d ms, want %d", field, device, r.Time, r.Span, span[r.Time])
		}
	}
	for time, value := range sums {
		if w, ok := at[time]; !ok || math.Abs(w-value) > 1e-9*math.Max(1, w) {
			t.Fatalf("%s of %s at %d is %g, want %g", field, device, time, value, w)
		}
	}
	missing := 0
	for time := range at {
		if _, ok := sums[time]; !ok && time > began+2*600_000 && time < got.readings[len(got.readings)-1].Time-600_000 {
			missing++
		}
	}
	if missing > 0 || len(sums) < len(at)-30 {
		t.Errorf("%s of %s: %d of %d times were read, %d are missing", field, device, len(sums), len(at), missing)
	}
	return len(list)
}

// Four weeks of history come out of VictoriaMetrics as they went in.
func TestVictoriaMetrics(t *testing.T) {
	needs(t, "victoria-metrics")
	address := freeAddress(t)
	start(t, "http://"+address+"/health", "victoria-metrics", "-httpListenAddr="+address, "-storageDataPath="+t.TempDir(),
		"-retentionPeriod=1y", "-search.latencyOffset=1s")
	now := time.Now()
	h := newHistory(now.Add(-28*24*time.Hour-time.Hour).Truncate(time.Minute), now.Add(-time.Minute), time.Minute)
	text := h.lines(func(series string, p point) string { return fmt.Sprintf("%s %v %d\n", series, p.value, p.time) })
	post(t, "http://"+address+"/api/v1/import/prometheus", text)
	post(t, "http://"+address+"/internal/force_flush", "")
	backfilled(t, address, h, func(c *Config) { c.Step = time.Minute })
}

func post(t *testing.T, url, body string) {
	t.Helper()
	resp, err := http.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Fatalf("%s answers %s", url, resp.Status)
	}
}

// A day of history comes out of Prometheus as it went in.
func TestPrometheus(t *testing.T) {
	needs(t, "prometheus", "promtool")
	dir := t.TempDir()
	now := time.Now()
	h := newHistory(now.Add(-25*time.Hour).Truncate(time.Minute), now.Add(-time.Minute), 15*time.Second)
	text := h.lines(func(series string, p point) string {
		return fmt.Sprintf("%s %v %.3f\n", series, p.value, float64(p.time)/1000)
	})
	om := filepath.Join(dir, "history.om")
	if err := os.WriteFile(om, []byte(text+"# EOF\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("promtool", "tsdb", "create-blocks-from", "openmetrics", om, filepath.Join(dir, "data")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	address := serve(t, dir, "scrape_configs: []\n")
	backfilled(t, address, h, func(c *Config) { c.Backfill, c.Step = 24*time.Hour, 15*time.Second })
}

// serve runs a Prometheus with the configuration.
func serve(t *testing.T, dir, config string) (address string) {
	t.Helper()
	address = freeAddress(t)
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, "http://"+address+"/-/ready", "prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address)
	return address
}

// Live: Prometheus scrapes a real exporter, and what is read of each device adds up to what the exporter counted.
func TestLive(t *testing.T) {
	needs(t, "prometheus", "prometheus-node-exporter")
	exporter := freeAddress(t)
	start(t, "http://"+exporter+"/metrics", "prometheus-node-exporter", "--web.listen-address="+exporter, "--collector.disable-defaults",
		"--collector.diskstats", "--collector.diskstats.device-exclude=^$")
	address := serve(t, t.TempDir(), fmt.Sprintf(
		"global: {scrape_interval: 1s}\nscrape_configs: [{job_name: node, static_configs: [{targets: [%q]}]}]\n", exporter))
	busy := filepath.Join(t.TempDir(), "busy")
	got, drops, _ := run(t, Config{
		URL: "http://" + address, Mapping: ingest.Mapping{Presets: []string{"node_exporter"}},
		Interval: time.Second, Step: time.Second, Lag: 2 * time.Second, Timeout: 10 * time.Second, MaxResponse: 1 << 20,
		Queries: []Query{{Query: "node_disk_written_bytes_total", ID: "counted/${device}", Field: "queue_depth", Scale: 1e-9}},
	}, func(s *sink) bool {
		write(t, busy)
		return len(s.readings) > 0 && s.readings[len(s.readings)-1].Time > s.readings[0].Time+5000
	})
	for _, d := range drops.List() {
		t.Errorf("dropped %+v", d)
	}
	moved := 0.0
	for _, id := range got.ids {
		device, ok := strings.CutPrefix(string(id), "disk/")
		if !ok {
			continue
		}
		for _, r := range got.of(id, ingest.Bytes) {
			moved += r.Value
		}
		list := got.of(id, ingest.QueueSeconds)
		if len(list) < 3 {
			t.Errorf("%s was read %d times", device, len(list))
		}
		for i := 1; i < len(list); i++ { // each increment begins where the one before ended
			if list[i].Time-int64(list[i].Span) != list[i-1].Time {
				t.Errorf("%s: the increment until %d covers %d ms, the one before ended at %d", device, list[i].Time, list[i].Span, list[i-1].Time)
			}
		}
	}
	if moved == 0 {
		t.Error("no bytes were moved, though a file was written and synced")
	}
}

// write keeps the disk busy.
func write(t *testing.T, file string) {
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(make([]byte, 1<<16)); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

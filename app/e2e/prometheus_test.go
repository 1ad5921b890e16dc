package e2e_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestThreeWays checks that a disk under a steady load looks the same whichever way its figures come in: from this machine, pushed by
// Prometheus, and asked of Prometheus.
func TestThreeWays(t *testing.T) {
	t.Parallel()
	const iops, block = 400, 4096
	prometheus := installed(t, "prometheus", "prometheus")
	exporter := installed(t, "prometheus-node-exporter", "prometheus-node-exporter")
	installed(t, "fio", "fio")
	disk := newLoopDisk(t, 16<<20)
	disk.load(t, iops, 4)

	metrics, api := freeAddress(t), freeAddress(t)
	server(t, metrics, exporter, "--web.listen-address="+metrics, "--collector.disable-defaults", "--collector.diskstats",
		"--collector.diskstats.device-exclude=^(ram|fd)\\d+$") // loop devices are left out else
	folder := t.TempDir()
	p := start(t, "-c", config(t, folder, fmt.Sprintf(`
step: 2s
sources:
  - host: {interval: 1s, devices: {include: "%s"}, cgroups: {max: 0}}
  - remotewrite: {presets: [node_exporter], id_prefix: "written/${instance}/", step: 2s, lateness: 10s}
  - prometheus: {url: "http://%s", presets: [node_exporter], id_prefix: "asked/${instance}/", step: 2s, interval: 1s, lag: 3s, backfill: 0s}
`, disk.name, api)))
	server(t, api, prometheus, "--web.listen-address="+api, "--storage.tsdb.path="+folder+"/tsdb", "--config.file="+write(t, folder+"/prometheus.yml", fmt.Sprintf(`
global: {scrape_interval: 1s}
scrape_configs: [{job_name: node, static_configs: [{targets: ["%s"]}]}]
remote_write: [{url: "%s/api/v1/write", queue_config: {batch_send_deadline: 1s}}]
`, metrics, p.url)))

	ids := []string{"disk/" + disk.name, "written/" + metrics + "/disk/" + disk.name, "asked/" + metrics + "/disk/" + disk.name}
	seen := map[string]map[time.Time]map[string]float64{}
	var differ []string
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(strings.Join(differ, "\n"))
		}
	})
	p.until("sees the disk alike in three ways", func() bool {
		list := p.workloads()
		for _, id := range ids {
			w, ok := list[id]
			if !ok || w.Time.IsZero() {
				continue
			}
			if seen[id] == nil {
				seen[id] = map[time.Time]map[string]float64{}
			}
			seen[id][w.Time] = w.Metrics
		}
		const steps = 12 // the last: a machine that was held up for a moment shows it to one way a step later than to another
		common := together(seen, ids)
		if len(common) < steps {
			return false
		}
		f := func(metric string, want, tolerance float64) []string {
			return differences(metric, want, tolerance, means(seen, ids, common[len(common)-steps:], metric))
		}
		differ = slices.Concat(f("iops", iops, 0.05), f("throughput_bps", iops*block, 0.05),
			f("latency_seconds", 0, 0.25)) // of a tenth of a millisecond, over times that are a second apart
		return len(differ) == 0
	})
	if s := p.status(); len(s.Sources) != 3 || !s.Sources[0].Running || !s.Sources[1].Running || !s.Sources[2].Running {
		t.Errorf("the sources are %+v", s.Sources)
	}
	for _, id := range ids {
		if why := command(t, "explain", id, "--server", p.url); why.code != 0 || !strings.Contains(why.stdout, id) {
			t.Errorf("explain %s: exit %d: %s%s", id, why.code, why.stdout, why.stderr)
		}
	}
	p.stop()
}

// means gives the mean of a metric over some steps, in the order of ids.
func means(seen map[string]map[time.Time]map[string]float64, ids []string, steps []time.Time, metric string) (list []float64) {
	for _, id := range ids {
		sum := 0.0
		for _, at := range steps {
			sum += seen[id][at][metric]
		}
		list = append(list, sum/float64(len(steps)))
	}
	return list
}

// differences says which of the means are not near the first, nor near what is wanted, unless that is 0.
func differences(metric string, want, tolerance float64, means []float64) (list []string) {
	for i, x := range means {
		if want > 0 && math.Abs(x/want-1) > tolerance || math.Abs(x/means[0]-1) > tolerance {
			list = append(list, fmt.Sprintf("%s is %g by way %d and %g by the first; %g is what the load does", metric, x, i+1, means[0], want))
		}
	}
	return list
}

// together lists, in order, the times at which all ids were seen with figures, without the first, which may be a part.
func together(seen map[string]map[time.Time]map[string]float64, ids []string) (list []time.Time) {
	first := map[string]time.Time{}
	for id, steps := range seen {
		for at := range steps {
			if f, ok := first[id]; !ok || at.Before(f) {
				first[id] = at
			}
		}
	}
	for at := range seen[ids[0]] {
		everywhere := true
		for _, id := range ids {
			_, ok := seen[id][at]["iops"]
			everywhere = everywhere && ok && at.After(first[id])
		}
		if everywhere {
			list = append(list, at)
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

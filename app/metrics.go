package app

import (
	"net/http"

	"github.com/foreshock-io/foreshock"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics serves what the program measures of itself and of its workloads, in Prometheus' form.
func (g *generation) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &collector{g})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// collector reads the program's state when it is asked.
type collector struct{ g *generation }

// workloadsShown bounds the series per workload: the worst come first.
const workloadsShown = 1000

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("foreshock_"+name, help, labels, nil)
}

var (
	descBuild       = describe("build_info", "The version that runs; always 1.", "version")
	descWorkloads   = describe("workloads", "Workloads known.")
	descReadings    = describe("readings_total", "Readings taken.")
	descDropped     = describe("readings_dropped_total", "Readings dropped, by source and reason.", "source", "reason")
	descSteps       = describe("steps_total", "Steps scored.")
	descEvents      = describe("events_total", "Events: anomalies, decisions, actions, verdicts, corrections.")
	descLost        = describe("events_lost_total", "Events that the journal refused.")
	descSaved       = describe("profiles_saved_total", "Profiles written to the store.")
	descStoreErrors = describe("store_errors_total", "Calls of the store that failed.")
	descDamaged     = describe("profiles_damaged_total", "Stored profiles that were of no use.")
	descJobs        = describe("background_jobs_total", "Background jobs: seasons, forecasts, reservations.")
	descRefused     = describe("background_jobs_refused_total", "Background jobs put off because too many waited.")
	descWaiting     = describe("background_jobs_waiting", "Background jobs that wait.")
	descJournal     = describe("journal_last", "Number of the journal's last event.")
	descSource      = describe("source_up", "Whether the source runs.", "source")
	descPaused      = describe("paused", "Pauses in force.")
	descScore       = describe("anomaly_score", "Score of the last step over the workload's threshold; above 1 is an anomaly.", "workload")
	descSeverity    = describe("anomaly_severity", "Severity: 0 none, 1 low, 2 medium, 3 high.", "workload")
	descStage       = describe("profile_stage", "Stage of the profile: 0 no data, 1 learning, 2 provisional, 3 trusted.", "workload")
	descDemand      = describe("workload_demand", "Demand if nothing limited it, in the dimension's unit.", "workload", "dimension")
	descAllocated   = describe("workload_allocated", "What is allocated, in the dimension's unit.", "workload", "dimension")
)

// Describe leaves the descriptions to Collect.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, x float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, x, labels...)
	}
	total := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	s := c.g.Status()
	gauge(descBuild, 1, s.Version)
	gauge(descWorkloads, float64(s.Counts.Workloads))
	total(descReadings, s.Counts.Readings)
	for _, d := range s.Counts.Dropped {
		total(descDropped, d.Count, d.Source, string(d.Reason))
	}
	total(descSteps, s.Counts.Steps)
	total(descEvents, s.Counts.Events)
	total(descLost, s.Counts.EventsLost)
	total(descSaved, s.Counts.Saved)
	total(descStoreErrors, s.Counts.SaveErrors)
	total(descDamaged, s.Counts.Damaged)
	total(descJobs, s.Counts.Jobs)
	total(descRefused, s.Counts.JobsRefused)
	gauge(descWaiting, float64(s.Counts.JobsWaiting))
	gauge(descJournal, float64(s.Journal))
	gauge(descPaused, float64(len(s.Pauses)))
	for _, source := range s.Sources {
		up := 0.0
		if source.Running {
			up = 1
		}
		gauge(descSource, up, source.Name)
	}
	c.workloads(gauge)
}

func (c *collector) workloads(gauge func(*prometheus.Desc, float64, ...string)) {
	ctx, cancel := deadline()
	defer cancel()
	list, err := c.g.Workloads(ctx)
	if err != nil {
		return
	}
	for i := range list[:min(len(list), workloadsShown)] {
		v := &list[i]
		id := string(v.ID)
		if v.Threshold > 0 {
			gauge(descScore, v.Score/v.Threshold, id)
		}
		gauge(descSeverity, float64(v.Severity), id)
		gauge(descStage, float64(v.Stage), id)
		for d := range foreshock.Dimension(foreshock.NumDimensions) {
			if x, ok := v.Demand.Get(d); ok {
				gauge(descDemand, x, id, d.String())
			}
			if x, ok := v.Allocated.Get(d); ok {
				gauge(descAllocated, x, id, d.String())
			}
		}
	}
}

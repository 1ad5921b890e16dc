// Package telemetry says what the program measures of itself and of its workloads: the table of metrics and /metrics, a trace of each decision, the keys of the log.
package telemetry

import (
	"context"
	"net/http"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Program is what is measured; [api.Program] has it.
type Program interface {
	Status() api.Status
	Workloads(ctx context.Context) ([]pipeline.View, error)
	Actions() []foreshock.ActionChange
}

// Handler serves the metrics of p, and what counts has counted, in Prometheus' form.
func Handler(p Program, counts *Counts) http.Handler {
	registry := prometheus.NewRegistry()
	c := &collector{program: p, counts: counts}
	for i, m := range table {
		c.descs[i] = prometheus.NewDesc(prefix+m.Name, m.Meaning, m.Labels, nil)
	}
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), c)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// collector reads the program's state when it is asked.
type collector struct {
	program Program
	counts  *Counts
	descs   [numMetrics]*prometheus.Desc
}

// workloadsShown bounds the series per workload: the worst come first.
const workloadsShown = 1000

// Describe implements [prometheus.Collector].
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// show tells one number of a row of the table, with its labels in the row's order.
type show func(row int, x float64, labels ...string)

// Collect implements [prometheus.Collector].
func (c *collector) Collect(out chan<- prometheus.Metric) {
	show := func(row int, x float64, labels ...string) {
		form := prometheus.GaugeValue
		if table[row].Type == "counter" {
			form = prometheus.CounterValue
		}
		out <- prometheus.MustNewConstMetric(c.descs[row], form, x, labels...)
	}
	s := c.program.Status()
	c.itself(show, &s)
	pipelineCounts(show, &s.Counts)
	c.counts.show(show)
	open := map[string]int{}
	for _, a := range c.program.Actions() {
		if !a.State.Terminal() || a.State == foreshock.Parked {
			open[a.State.String()]++
		}
	}
	for state, n := range open {
		show(actionsOpen, float64(n), state)
	}
	c.workloads(show)
}

func (c *collector) itself(show show, s *api.Status) {
	show(buildInfo, 1, s.Version)
	show(reloadSuccessful, truth(!s.ReloadFailed))
	show(journalLast, float64(s.Journal))
	show(paused, float64(len(s.Pauses)))
	for _, source := range s.Sources {
		show(sourceUp, truth(source.Running), source.Name)
	}
	for _, n := range s.Notifiers {
		show(notificationsSent, float64(n.Sent), n.Name)
		show(notificationsFailed, float64(n.Failed), n.Name)
		show(notificationsDropped, float64(n.Dropped), n.Name)
		show(notificationsWaiting, float64(n.Waiting), n.Name)
	}
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func pipelineCounts(show show, c *pipeline.Counts) {
	show(workloads, float64(c.Workloads))
	show(workloadsForgotten, float64(c.Forgotten))
	show(readings, float64(c.Readings))
	for _, d := range c.Dropped {
		show(readingsDropped, float64(d.Count), d.Source, string(d.Reason))
	}
	show(steps, float64(c.Steps))
	show(eventsTold, float64(c.Events))
	show(eventsLost, float64(c.EventsLost))
	show(profilesSaved, float64(c.Saved))
	show(storeErrors, float64(c.SaveErrors))
	show(profilesDamaged, float64(c.Damaged))
	show(jobs, float64(c.Jobs))
	show(jobsRefused, float64(c.JobsRefused))
	show(jobsWaiting, float64(c.JobsWaiting))
}

// workloads tells of each workload; none, where the program does not answer in time.
func (c *collector) workloads(show show) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	list, err := c.program.Workloads(ctx)
	if err != nil {
		return
	}
	for i := range list[:min(len(list), workloadsShown)] {
		v := &list[i]
		id := string(v.ID)
		if v.Threshold > 0 {
			show(anomalyScore, v.Score/v.Threshold, id)
		}
		show(anomalySeverity, float64(v.Severity), id)
		show(profileStage, float64(v.Stage), id)
		show(dataQuality, float64(v.Quality), id)
		for d := range foreshock.Dimension(foreshock.NumDimensions) {
			if x, ok := v.Demand.Get(d); ok {
				show(demand, x, id, d.String())
			}
			if x, ok := v.Allocated.Get(d); ok {
				show(allocated, x, id, d.String())
			}
		}
	}
}

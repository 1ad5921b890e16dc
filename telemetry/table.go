package telemetry

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Metric is one row of the table of what /metrics serves.
type Metric struct {
	Name    string
	Type    string   // gauge, counter
	Unit    string   // "" where it is a plain number
	Labels  []string // beside those that the scraper adds
	Meaning string
}

// The rows of the table, by which the collector names them.
const (
	buildInfo = iota
	reloadSuccessful
	workloads
	workloadsForgotten
	readings
	readingsDropped
	sourceUp
	steps
	eventsTold
	eventsLost
	journalLast
	anomaliesEnded
	decisions
	actionChanges
	actionsOpen
	verdicts
	paused
	profilesSaved
	storeErrors
	profilesDamaged
	jobs
	jobsRefused
	jobsWaiting
	notificationsSent
	notificationsFailed
	notificationsDropped
	notificationsWaiting
	anomalyScore
	anomalySeverity
	profileStage
	dataQuality
	demand
	allocated
	numMetrics
)

const dimensionUnit = "by dimension" // iops 1/s, throughput bytes/s, size and memory bytes, vcpu, replicas

var table = [numMetrics]Metric{
	buildInfo:          {"build_info", "gauge", "", []string{"version"}, "The version that runs; always 1."},
	reloadSuccessful:   {"config_last_reload_successful", "gauge", "", nil, "Whether the last reload took effect: 1, also before the first; 0 means that the program goes on with the configuration it had."},
	workloads:          {"workloads", "gauge", "workloads", nil, "Workloads known."},
	workloadsForgotten: {"workloads_forgotten_total", "counter", "workloads", nil, "Workloads that left since nothing was heard of them for limits.forget_after."},
	readings:           {"readings_total", "counter", "readings", nil, "Readings taken."},
	readingsDropped:    {"readings_dropped_total", "counter", "readings", []string{"source", "reason"}, "Readings that were not taken. Reasons: nan, negative, absurd, late, future, duplicate, known, gone, out_of_order, reset, too_many, bad_id, malformed, unmapped, stale_marker, too_large."},
	sourceUp:           {"source_up", "gauge", "", []string{"source"}, "Whether the source runs."},
	steps:              {"steps_total", "counter", "steps", nil, "Steps scored."},
	eventsTold:         {"events_total", "counter", "events", nil, "Events: anomalies, decisions, actions, verdicts, corrections."},
	eventsLost:         {"events_lost_total", "counter", "events", nil, "Events that the journal refused."},
	journalLast:        {"journal_last", "gauge", "events", nil, "Number of the journal's last event."},
	anomaliesEnded:     {"anomalies_ended_total", "counter", "anomalies", []string{"severity"}, "Anomalies that have ended, by the worst severity that they had."},
	decisions:          {"decisions_total", "counter", "decisions", []string{"kind"}, "Decisions other than the one before them on the same workload. Kinds: nothing, watch, grow, shrink, hold."},
	actionChanges:      {"action_changes_total", "counter", "changes", []string{"state"}, "Actions that came into a state: proposed, decided, intent, fenced, called, answered, unknown, observed, done, failed, parked, refused, expired."},
	actionsOpen:        {"actions_open", "gauge", "actions", []string{"state"}, "Actions that are not at their end, by state, and those parked for a person."},
	verdicts:           {"verdicts_total", "counter", "verdicts", []string{"verdict"}, "Actions judged: helped, did not help, too much, too little, unclear."},
	paused:             {"paused", "gauge", "pauses", nil, "Pauses in force, the kill switch among them."},
	profilesSaved:      {"profiles_saved_total", "counter", "profiles", nil, "Profiles written to the store."},
	storeErrors:        {"store_errors_total", "counter", "calls", nil, "Calls of the store that failed."},
	profilesDamaged:    {"profiles_damaged_total", "counter", "profiles", nil, "Stored profiles that were of no use."},
	jobs:               {"background_jobs_total", "counter", "jobs", nil, "Background jobs: seasons, forecasts, reservations."},
	jobsRefused:        {"background_jobs_refused_total", "counter", "jobs", nil, "Background jobs put off because too many waited."},
	jobsWaiting:        {"background_jobs_waiting", "gauge", "jobs", nil, "Background jobs that wait."},

	notificationsSent:    {"notifications_sent_total", "counter", "notifications", []string{"notifier"}, "Notifications that were accepted by who they are for."},
	notificationsFailed:  {"notifications_failed_total", "counter", "notifications", []string{"notifier"}, "Notifications given up after their last try; alerts for Alertmanager are told again later."},
	notificationsDropped: {"notifications_dropped_total", "counter", "notifications", []string{"notifier"}, "Notifications not taken because too many waited."},
	notificationsWaiting: {"notifications_waiting", "gauge", "notifications", []string{"notifier"}, "Notifications that wait."},

	anomalyScore:    {"anomaly_score", "gauge", "ratio", []string{"workload"}, "Score of the last step over the workload's threshold; above 1 is an anomaly."},
	anomalySeverity: {"anomaly_severity", "gauge", "", []string{"workload"}, "Severity: 0 none, 1 low, 2 medium, 3 high."},
	profileStage:    {"profile_stage", "gauge", "", []string{"workload"}, "Stage of the profile: 0 no data, 1 learning, 2 provisional, 3 trusted."},
	dataQuality:     {"data_quality", "gauge", "", []string{"workload"}, "What the workload's data are worth: 0 absent, 1 fresh, 2 late, 3 stale, 4 implausible. Anything but 1 forbids every reduction."},
	demand:          {"workload_demand", "gauge", dimensionUnit, []string{"workload", "dimension"}, "Demand if nothing limited it."},
	allocated:       {"workload_allocated", "gauge", dimensionUnit, []string{"workload", "dimension"}, "What is allocated."},
}

const prefix = "foreshock_"

// Metrics lists what /metrics serves, beside what the Prometheus library tells of every program in Go (go_*, process_*, promhttp_*).
func Metrics() []Metric {
	list := slices.Clone(table[:])
	for i := range list {
		list[i].Name = prefix + list[i].Name
	}
	return list
}

// WriteMetrics writes the list as a table in Markdown.
func WriteMetrics(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| Metric | Type | Unit | Labels | Meaning |\n| --- | --- | --- | --- | --- |\n")
	for _, m := range Metrics() {
		labels := make([]string, len(m.Labels))
		for i, l := range m.Labels {
			labels[i] = "`" + l + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", m.Name, m.Type, m.Unit, strings.Join(labels, ", "), m.Meaning)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

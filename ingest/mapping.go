package ingest

import "github.com/foreshock-io/foreshock"

// Rule maps a series with labels (Prometheus, OTLP) to a field of a workload.
type Rule struct {
	Metric  string            `yaml:"metric"`  // the series' name, exactly
	Match   map[string]string `yaml:"match"`   // label to a regular expression that must match all of its value
	ID      string            `yaml:"id"`      // template of the workload's id: text with ${label}
	Field   string            `yaml:"field"`   // a field's name, for example "ops" or "latency_seconds"
	Counter bool              `yaml:"counter"` // the series is cumulative: its increments are used
	Scale   float64           `yaml:"scale"`   // multiplies the value, for example 0.001 for milliseconds; 0 means 1
}

// Mapped is what a rule makes of a series.
type Mapped struct {
	ID      foreshock.ID
	Field   Field
	Counter bool
	Scale   float64
}

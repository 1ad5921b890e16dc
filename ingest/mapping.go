package ingest

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// Mapping is the part of a source's settings that makes workloads of series with labels.
type Mapping struct {
	Rules   []Rule   `yaml:"rules"`     // tried first, in order; the first that matches a series maps it
	Presets []string `yaml:"presets"`   // named lists of rules, tried after Rules; see PresetNames
	Prefix  string   `yaml:"id_prefix"` // template put before the ids of the presets, for example "${instance}/"
}

// Rule maps a series with labels (Prometheus, OTLP) to a field of a workload.
type Rule struct {
	Metric string            `yaml:"metric"` // the series' name, exactly
	Match  map[string]string `yaml:"match"`  // label to a regular expression that must match all of its value
	ID     string            `yaml:"id"`     // template of the workload's id: text with ${label}
	Field  string            `yaml:"field"`  // a field's name, for example "ops" or "latency_seconds"

	// Counter says that the series is cumulative: its increments are used.
	Counter bool `yaml:"counter"`
	// Period says that the value is what came in a period of this length, as CloudWatch's Sum (1s for a rate per
	// second): it is integrated over the time since the series' last sample. Needed where several series, such as
	// reads and writes, add up to one field, for gauges are averaged.
	Period time.Duration `yaml:"period"`
	// Scale multiplies the value, for example 0.001 for milliseconds; 0 means 1.
	Scale float64 `yaml:"scale" unit:"any"`
}

// Mapped is what a rule makes of a series.
type Mapped struct {
	ID      foreshock.ID
	Field   Field
	Counter bool
	Period  time.Duration
	Scale   float64
	rule    uint16 // its place among the rules
}

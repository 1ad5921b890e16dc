package ingest

import (
	"maps"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
)

// presets are the named lists of rules. Each stands with where its names come from.
var presets = map[string][]Rule{
	"azure_disk":        azureDisk,
	"cadvisor":          cAdvisor,
	"cloudwatch_ebs_1m": cloudWatchEBS(time.Minute),
	"cloudwatch_ebs_5m": cloudWatchEBS(5 * time.Minute),
	"ebs_csi":           ebsCSI,
	"gcp_disk":          gcpDisk,
	"libvirt":           libvirtExporter,
	"node_exporter":     nodeExporter,
	"otel_system":       otelSystem,
}

// Preset gives the rules of a preset.
func Preset(name string) ([]Rule, error) {
	rules, ok := presets[name]
	if !ok {
		return nil, foreshock.NoSuch("preset", name, PresetNames())
	}
	return slices.Clone(rules), nil
}

// PresetNames lists the presets.
func PresetNames() []string { return slices.Sorted(maps.Keys(presets)) }

// counters makes a rule of each cumulative series.
func counters(id string, match map[string]string, fields map[string]Field) []Rule {
	var rules []Rule
	for _, metric := range slices.Sorted(maps.Keys(fields)) {
		rules = append(rules, Rule{Metric: metric, Match: match, ID: id, Field: fields[metric].String(), Counter: true})
	}
	return rules
}

// rates makes a rule of each series whose value is what came in a period.
func rates(id string, match map[string]string, period time.Duration, fields map[string]Field) []Rule {
	rules := counters(id, match, fields)
	for i := range rules {
		rules[i].Counter, rules[i].Period = false, period
	}
	return rules
}

package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// presets are the named lists of rules. Each list stands in a file of its own, with where its names come from.
var presets = map[string][]Rule{
	"node_exporter": nodeExporter,
}

// Preset gives the rules of a preset.
func Preset(name string) ([]Rule, error) {
	rules, ok := presets[name]
	if !ok {
		return nil, fmt.Errorf("no preset is called %q; there is: %s", name, strings.Join(PresetNames(), ", "))
	}
	return slices.Clone(rules), nil
}

// PresetNames lists the presets.
func PresetNames() []string { return slices.Sorted(maps.Keys(presets)) }

package prometheus

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/foreshock-io/foreshock/ingest"
)

// selectors gives one selector for each name among the rules. Where only one rule has the name, what the rule
// demands of the labels is asked of the server too.
func selectors(m ingest.Mapping) ([]ask, error) {
	rules := slices.Clone(m.Rules)
	var faults []error
	for i, name := range m.Presets {
		preset, err := ingest.Preset(name)
		if err != nil {
			faults = append(faults, fmt.Errorf("presets[%d]: %w", i, err))
		}
		rules = append(rules, preset...)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	byName := map[string][]ingest.Rule{}
	for _, r := range rules {
		byName[r.Metric] = append(byName[r.Metric], r)
	}
	var asks []ask
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		var match map[string]string
		if same := byName[name]; len(same) == 1 {
			match = same[0].Match
		}
		asks = append(asks, ask{expression: selector(name, match)})
	}
	return asks, nil
}

// selector writes a selector of series; any name can be written so.
func selector(name string, match map[string]string) string {
	parts := []string{ingest.NameLabel + "=" + strconv.Quote(name)}
	for _, label := range slices.Sorted(maps.Keys(match)) {
		parts = append(parts, labelName(label)+"=~"+strconv.Quote(match[label]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// labelName quotes a label's name where PromQL asks for it.
func labelName(name string) string {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return strconv.Quote(name)
		}
	}
	return name
}

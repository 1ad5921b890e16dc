package ingest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// NameLabel is the label that holds a series' name.
const NameLabel = "__name__"

// Label is one label of a series.
type Label struct{ Name, Value string }

// Labels is a set of labels with different names, among them [NameLabel].
type Labels []Label

// Get gives the value of the label, empty where there is none: as in Prometheus, both are the same.
func (l Labels) Get(name string) string {
	for i := range l {
		if l[i].Name == name {
			return l[i].Value
		}
	}
	return ""
}

// ErrBadID says that a rule matched a series, but no valid id could be made of its labels.
var ErrBadID = errors.New("no valid workload id")

// Rules are compiled rules. They are safe for concurrent use.
type Rules struct {
	byName map[string][]rule
	made   []Mapped // by place, without ID
}

type rule struct {
	match Matcher
	id    Template
	place uint16
}

// Compile makes rules of the mapping: its own first, then those of its presets. It reports every fault.
func (m Mapping) Compile() (*Rules, error) {
	list := slices.Clone(m.Rules)
	var faults []error
	for i, name := range m.Presets {
		preset, err := Preset(name)
		if err != nil {
			faults = append(faults, fmt.Errorf("presets[%d]: %w", i, err))
			continue
		}
		for _, r := range preset {
			r.ID = m.Prefix + r.ID
			list = append(list, r)
		}
	}
	if _, err := ParseTemplate(m.Prefix); err != nil {
		return nil, errors.Join(append(faults, fmt.Errorf("id_prefix: %w", err))...)
	}
	if len(list) == 0 && faults == nil {
		faults = append(faults, fmt.Errorf("nothing is mapped to workloads; name presets (there is: %s) or write rules",
			strings.Join(PresetNames(), ", ")))
	}
	rules, err := CompileRules(list)
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	return rules, nil
}

// CompileRules makes rules of the list. It reports every fault, each with the rule's number from 0.
func CompileRules(list []Rule) (*Rules, error) {
	rules := &Rules{byName: map[string][]rule{}}
	if len(list) > math.MaxUint16 {
		return nil, fmt.Errorf("there are %d rules; at most %d are allowed", len(list), math.MaxUint16)
	}
	var faults []error
	for i, r := range list {
		compiled, made, err := compileRule(r)
		if err != nil {
			faults = append(faults, placed(fmt.Sprintf("rules[%d] (%s)", i, r.Metric), err)...)
			continue
		}
		compiled.place, made.rule = uint16(len(rules.made)), uint16(len(rules.made))
		rules.made = append(rules.made, made)
		rules.byName[r.Metric] = append(rules.byName[r.Metric], compiled)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return rules, nil
}

// placed says of each fault of several where it is.
func placed(where string, err error) (list []error) {
	for _, line := range strings.Split(err.Error(), "\n") {
		list = append(list, fmt.Errorf("%s: %s", where, line))
	}
	return list
}

func compileRule(r Rule) (c rule, made Mapped, err error) {
	var faults []error
	fault := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	if r.Metric == "" {
		fault(errors.New("metric is empty; give the series' name"))
	}
	if r.ID == "" {
		fault(errors.New(`id is empty; give a template such as "disk/${device}"`))
	}
	c.id, err = ParseTemplate(r.ID)
	fault(err)
	made.Field, err = ParseField(r.Field)
	fault(err)
	if err == nil {
		fault(checkKind(r, made.Field))
	}
	c.match, err = CompileMatch(r.Match)
	fault(err)
	made.Counter, made.Period, made.Scale = r.Counter, r.Period, r.Scale
	if r.Scale == 0 {
		made.Scale = 1
	}
	if r.Scale < 0 || math.IsNaN(r.Scale) || math.IsInf(r.Scale, 0) {
		fault(fmt.Errorf("scale is %g; it must be above 0", r.Scale))
	}
	return c, made, errors.Join(faults...)
}

// checkKind keeps counters and gauges apart: a counter read as a gauge, or the reverse, gives numbers that look right.
func checkKind(r Rule, f Field) error {
	switch {
	case r.Counter && r.Period != 0:
		return errors.New("counter and period exclude each other; set the one that the series is")
	case r.Period < 0 || r.Period > 0 && r.Period < time.Millisecond:
		return fmt.Errorf("period is %s; it must be 1ms or more", r.Period)
	case f.Increment() && !r.Counter && r.Period == 0:
		return fmt.Errorf("field %s adds up; set counter: true for a cumulative series, or period for a period's sum or a rate", f)
	case !f.Increment() && (r.Counter || r.Period != 0):
		return fmt.Errorf("field %s is a gauge and takes neither counter nor period; for increments use %s", f,
			strings.Join(fieldNames[Ops:], ", "))
	}
	return nil
}

// Named says whether any rule is for series of this name.
func (r *Rules) Named(name []byte) bool {
	_, ok := r.byName[string(name)] // does not allocate
	return ok
}

// Match gives what the first rule that matches makes of the labels, and false where none does. The error is
// ErrBadID, with the cause, when the rule's template makes no valid id of them.
func (r *Rules) Match(labels Labels) (Mapped, bool, error) {
	for _, c := range r.byName[labels.Get(NameLabel)] {
		if !c.match.Matches(labels) {
			continue
		}
		made := r.made[c.place]
		var err error
		made.ID, err = c.id.Expand(labels)
		return made, true, err
	}
	return Mapped{}, false, nil
}

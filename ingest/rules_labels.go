package ingest

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/foreshock-io/foreshock"
)

// Matcher says which labels are meant.
type Matcher []labelMatch

type labelMatch struct {
	label string
	re    *regexp.Regexp
}

// CompileMatch makes a Matcher of expressions by label. It reports every fault.
func CompileMatch(match map[string]string) (Matcher, error) {
	var m Matcher
	var faults []error
	for _, label := range slices.Sorted(maps.Keys(match)) {
		re, err := regexp.Compile("^(?:" + match[label] + ")$")
		if err != nil {
			faults = append(faults, fmt.Errorf("match[%s]: %w; write a regular expression of RE2", label, err))
			continue
		}
		m = append(m, labelMatch{label, re})
	}
	return m, errors.Join(faults...)
}

// Matches says whether each expression matches all of its label's value; that of a label that is missing is empty.
func (m Matcher) Matches(labels Labels) bool {
	for i := range m {
		if !m[i].re.MatchString(labels.Get(m[i].label)) {
			return false
		}
	}
	return true
}

// Template is text with ${label}.
type Template []part

type part struct {
	text  string
	label bool
}

// ParseTemplate reads a template.
func ParseTemplate(s string) (Template, error) {
	var t Template
	for rest := s; rest != ""; {
		i := strings.Index(rest, "${")
		if i < 0 {
			return append(t, part{text: rest}), nil
		}
		if i > 0 {
			t = append(t, part{text: rest[:i]})
		}
		label, after, closed := strings.Cut(rest[i+2:], "}")
		if !closed || label == "" {
			return nil, fmt.Errorf("template %q: ${ needs a label's name and }", s)
		}
		t, rest = append(t, part{label, true}), after
	}
	return t, nil
}

// Expand puts the labels' values in. The error is ErrBadID, with the cause, when that gives no valid id.
func (t Template) Expand(labels Labels) (foreshock.ID, error) {
	var b strings.Builder
	for _, p := range t {
		text := p.text
		if p.label {
			if text = labels.Get(p.text); text == "" {
				return "", fmt.Errorf("%w: label %s is missing", ErrBadID, p.text)
			}
		}
		b.WriteString(text)
	}
	id := foreshock.ID(b.String())
	if err := id.Check(); err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadID, err)
	}
	return id, nil
}

package api

import (
	"fmt"
	"strings"

	"github.com/foreshock-io/foreshock"
)

// explainDecision says in words what was decided, on what, what was weighed, and why it was not otherwise.
func explainDecision(b *strings.Builder, d *foreshock.Decision) {
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	line("Decision of %s: %s", clock(d.Time), d.Kind)
	for _, r := range d.Reasons {
		line("  - %s [%s]", r.Text, r.Code)
	}
	for _, e := range d.Expected {
		line("  it was told: %s for the next %s at most %s at %.4g %% (%s, skill %.2f)", e.Dimension, e.Over,
			foreshock.FormatAmount(e.Dimension, e.Peak), 100*e.Level, e.Model, e.Skill)
	}
	if len(d.Candidates) > 0 {
		line("What was weighed:")
	}
	for i := range d.Candidates {
		line("  %s", candidate(&d.Candidates[i]))
	}
	for _, kind := range []foreshock.Kind{foreshock.Grow, foreshock.Shrink} {
		line("%s", WhyNot(d, kind))
	}
}

// candidate is an amount that was weighed, as a line.
func candidate(c *foreshock.Candidate) string {
	s := fmt.Sprintf("%-6s %s by %s: ", c.Kind, c.Dimension, c.Reason)
	have, want := foreshock.FormatAmount(c.Dimension, c.Have), foreshock.FormatAmount(c.Dimension, c.Want)
	switch {
	case c.Want <= 0:
		s += "no amount"
	case c.Kind == foreshock.Grow && c.Want <= c.Have:
		s += want + " would do, there is " + have
	case c.Kind == foreshock.Shrink && c.Want >= c.Have:
		s += want + " is needed, there is " + have
	default:
		s += have + " to " + want
	}
	if c.To > 0 && c.To != c.Want {
		s += ", after the constraints " + foreshock.FormatAmount(c.Dimension, c.To)
	}
	if len(c.Bounds) == 0 {
		return s + "; nothing bound it"
	}
	s += "; bound by " + strings.Join(c.Bounds, ", ")
	if c.Needs != "" {
		s += "; it needs " + c.Needs
	}
	return s
}

// WhyNot says why nothing was done in a direction, with the constraint and what would have to change; or that it was.
func WhyNot(d *foreshock.Decision, kind foreshock.Kind) string {
	name := map[foreshock.Kind]string{foreshock.Grow: "growth", foreshock.Shrink: "reduction"}[kind]
	var parts []string
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Kind != kind {
			continue
		}
		if d.Kind == kind && c.To > 0 {
			if d.Action == nil {
				return fmt.Sprintf("Why no %s: %s", name, texts(d, []string{d.Bound}))
			}
			return fmt.Sprintf("Why no %s: there was one, by %s.", name, c.Reason)
		}
		why := c.Needs
		if why == "" {
			why = texts(d, c.Bounds)
		} else {
			why = "it needs " + why
		}
		parts = append(parts, fmt.Sprintf("%s by %s [%s]: %s", c.Dimension, c.Reason, strings.Join(c.Bounds, ", "), why))
	}
	if parts == nil { // it was settled before any amount was weighed
		return fmt.Sprintf("Why no %s: no amount was weighed: %s", name, texts(d, nil))
	}
	return fmt.Sprintf("Why no %s: %s.", name, strings.Join(parts, "; "))
}

// texts are the reasons with these codes in words; where there are none, the last reason.
func texts(d *foreshock.Decision, codes []string) string {
	var list []string
	for _, code := range codes {
		for _, r := range d.Reasons {
			if r.Code == code {
				list = append(list, r.Text)
			}
		}
	}
	if list == nil && len(d.Reasons) > 0 {
		list = append(list, d.Reasons[len(d.Reasons)-1].Text)
	}
	return strings.Join(list, "; ")
}

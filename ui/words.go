package ui

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
)

// words are what templates can say.
var words = template.FuncMap{
	"metric":   metricOf,
	"amount":   foreshock.FormatAmount,
	"amounts":  amounts,
	"bytes":    bytesOf,
	"clock":    clock,
	"day":      day,
	"moment":   func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"took":     took,
	"percent":  func(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) },
	"ratio":    ratio,
	"number":   number,
	"sentence": func(e foreshock.Event) string { return api.Sentence(&e) },
	"sign":     func(s fmt.Stringer) string { return signs[s.String()] },
	"join":     strings.Join,
	"plain":    plain,
	"path":     pathOf,
	"why":      whyNot,
	"bound":    boundOf,
	"because":  because,
	"named":    func(m foreshock.Metric) string { return metricNames[m] },
	"same":     func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) },
	"pair":     func(a, b any) []any { return []any{a, b} },
	"lower":    strings.ToLower,
}

// signs say by their shape what colours say as well.
var signs = map[string]string{
	"low": "●", "medium": "◆", "high": "▲", "grow": "▲", "shrink": "▼", "hold": "◆", "watch": "◉", "nothing": "·",
	"helped": "✓", "did not help": "✗", "too much": "↑", "too little": "↓", "unclear": "?",
}

// metricOf writes a reading of a metric, "–" where there is none.
func metricOf(v foreshock.Values, name string) string {
	var m foreshock.Metric
	if m.UnmarshalText([]byte(name)) != nil {
		return ""
	}
	x, ok := v.Get(m)
	if !ok {
		return "–"
	}
	return foreshock.FormatMetric(m, x)
}

func amounts(a foreshock.Allocation) string {
	var parts []string
	for _, d := range a.Dimensions() {
		x, _ := a.Get(d)
		parts = append(parts, foreshock.FormatAmount(d, x))
	}
	if parts == nil {
		return "–"
	}
	return strings.Join(parts, ", ")
}

func bytesOf(x any) string {
	switch x := x.(type) {
	case uint64:
		return foreshock.FormatBytes(float64(x))
	case int64:
		return foreshock.FormatBytes(float64(x))
	case int:
		return foreshock.FormatBytes(float64(x))
	}
	return fmt.Sprint(x)
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("15:04:05")
}

func day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("Jan 2 15:04:05")
}

// took writes a duration in at most two units.
func took(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.0f d", d.Hours()/24)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	case d >= time.Second:
		return fmt.Sprintf("%.3g s", d.Seconds())
	}
	return d.Round(time.Microsecond).String()
}

// ratio is a score over its threshold.
func ratio(score, threshold float64) string {
	if threshold <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", score/threshold)
}

// number groups a count's digits.
func number(n any) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// pathOf is where the page of a workload is.
func pathOf(id foreshock.ID) string { return "/workloads/" + id.Path() }

// plain writes a code as words: not_fresh is "not fresh".
func plain(code string) string { return strings.NewReplacer("_", " ", "-", " ").Replace(code) }

func whyNot(d *foreshock.Decision, kind string) string {
	var k foreshock.Kind
	if k.UnmarshalText([]byte(kind)) != nil {
		return ""
	}
	return api.WhyNot(d, k)
}

// boundOf is the constraint that held a decision back, in words; "" where none did.
func boundOf(d *foreshock.Decision) string {
	for _, r := range d.Reasons {
		if r.Code == d.Bound && d.Bound != "" {
			return r.Text
		}
	}
	return plain(d.Bound)
}

// because are a decision's reasons but for the constraint that bound it, which is told apart.
func because(d *foreshock.Decision) string {
	var list []string
	for _, r := range d.Reasons {
		if d.Bound == "" || r.Code != d.Bound {
			list = append(list, r.Text)
		}
	}
	return strings.Join(list, "; ")
}

// brief writes a reading where it stands below or beside the metric's name.
func brief(m foreshock.Metric, x float64) string {
	return strings.TrimSuffix(strings.TrimSuffix(foreshock.FormatMetric(m, x), " IOPS"), " requests")
}

package report

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	"github.com/foreshock-io/foreshock/ui/chart"
)

// WhatIf is one page of a simulation: how policies compare, and what each would have done.
type WhatIf struct {
	Title, About string
	Verdict      []string // sentences for who reads no further
	Head         []string
	Rows         [][]string
	Warmup       bool // the charts begin with what is not scored
	Runs         []WhatIfRun
}

// WhatIfRun is a policy on the page.
type WhatIfRun struct {
	Name, About string
	Own         bool // opened, and marked in the table
	Plots       []Plot
	Lists       []List
}

// Plot is a chart and what is said of it.
type Plot struct {
	Name  string
	Chart *chart.Chart
}

// SVG draws it.
func (p Plot) SVG() (template.HTML, error) {
	var b strings.Builder
	err := p.Chart.SVG(&b)
	return template.HTML(b.String()), err //nolint:gosec // it escapes what it is given
}

// List is moments with what was said of them.
type List struct {
	Name string
	Rows [][2]string // time, text
	Left int         // that are not listed
}

//go:embed whatif.html
var whatIfPage string

var whatIfTemplate = pageOf("whatif", whatIfPage, nil)

// Style is the CSS of the charts.
func (w *WhatIf) Style() template.CSS { return template.CSS(chart.Style) } //nolint:gosec // a constant

// Own says whether a row is of a policy that is marked.
func (w *WhatIf) Own(row []string) bool {
	for i := range w.Runs {
		if w.Runs[i].Own && len(row) > 0 && row[0] == w.Runs[i].Name {
			return true
		}
	}
	return false
}

// Write writes the page.
func (w *WhatIf) Write(to io.Writer) error { return whatIfTemplate.ExecuteTemplate(to, "whatif", w) }

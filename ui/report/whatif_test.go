package report_test

import (
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/ui/chart"
	"github.com/foreshock-io/foreshock/ui/report"
)

// The page of a simulation marks the program's own policy, opens it alone, and escapes what it is given.
func TestWhatIf(t *testing.T) {
	var trace chart.Trace
	trace.Add(chart.Reading{At: start, Value: 3})
	plot := report.Plot{Name: "demand", Chart: &chart.Chart{Title: "demand", From: start, To: start.Add(1), Trace: &trace}}
	w := report.WhatIf{
		Title: "What if <x>", About: "about & so on", Verdict: []string{"it would have cost less"}, Head: []string{"policy", "merit"},
		Rows: [][]string{{"mine", "1.2"}, {"other", "3.4"}},
		Runs: []report.WhatIfRun{
			{Name: "mine", Own: true, Plots: []report.Plot{plot}, Lists: []report.List{{Name: "1 action", Rows: [][2]string{{"today", "because <b>"}}, Left: 7}}},
			{Name: "other", About: "as people do"},
		},
	}
	var b strings.Builder
	if err := w.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"What if &lt;x&gt;", "about &amp; so on", "it would have cost less", `<tr class="own"><td>mine</td><td>1.2</td>`, `<tr><td>other</td><td>3.4</td>`,
		"because &lt;b&gt;", "7 more are not listed", "as people do", "prefers-color-scheme: dark", "width=device-width", `<svg class="chart"`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if n := strings.Count(b.String(), "<details open>"); n != 1 {
		t.Errorf("%d sections are open", n)
	}
	for _, never := range []string{"http:", "https:", "<script", "src=", "ZgotmplZ"} {
		if strings.Contains(b.String(), never) {
			t.Errorf("%q is on the page", never)
		}
	}
}

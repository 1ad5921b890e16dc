package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/ui/chart"
)

// pictures are drawn of a replay of the made-up volume, around the time at which its load grows.
type pictures struct {
	from, to               time.Time
	latency, demand, score chart.Trace
	spans                  []chart.Span
	marks                  []chart.Mark
}

func (p *pictures) step(s *foreshock.Step, f *foreshock.Finding) {
	if s.Time.Before(p.from) || s.Time.After(p.to) {
		return
	}
	read := func(to *chart.Trace, m foreshock.Metric, scale, most float64) {
		r := chart.Reading{At: s.Time, Value: math.NaN(), Expected: math.NaN(), Lower: math.NaN(), Upper: math.NaN()}
		if x, ok := s.Values.Get(m); ok {
			r.Value = min(scale*x, most)
		}
		if f.Judged[m] {
			r.Expected, r.Lower, r.Upper = scale*f.Expected[m], scale*f.Lower[m], scale*f.Upper[m]
		}
		to.Add(r)
	}
	read(&p.latency, foreshock.Latency, 1000, 20)
	read(&p.demand, foreshock.IOPS, 1, math.Inf(1))
	p.score.Add(chart.Reading{At: s.Time, Value: min(3, f.Score), Expected: math.NaN(), Lower: math.NaN(), Upper: math.NaN()})
}

func (p *pictures) event(e *foreshock.Event) {
	if a := e.Anomaly; a != nil && !a.End.IsZero() {
		p.spans = append(p.spans, chart.Span{From: a.Start, To: a.End, Class: a.Worst.String()})
	}
	if d := e.Decision; d != nil && d.Kind == foreshock.Grow && len(p.marks) < 1 {
		p.marks = append(p.marks, chart.Mark{At: d.Time, Class: "grow", Sign: "▲"})
	}
}

// drawing is a chart as a file of its own.
func drawing(t *testing.T, c *chart.Chart) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.SVG(&b); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(b.String(), `width="100%"`, `width="860"`, 1)
	return []byte(strings.Replace(text, "<svg ", `<svg xmlns="http://www.w3.org/2000/svg" `, 1)[:strings.Index(text, ">")+len(` xmlns="http://www.w3.org/2000/svg"`)+1] +
		"<style>" + chart.Style + "</style>" + text[strings.Index(text, ">")+1:])
}

// The pictures of the guides are what the program draws.
func TestPictures(t *testing.T) {
	data, err := madeUpVolume()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "volume.csv")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p := pictures{from: time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC), to: time.Date(2026, 3, 4, 16, 0, 0, 0, time.UTC)}
	if _, err := app.Replay(t.Context(), config.Default(), app.ReplayOptions{File: file, AllocatedIOPS: 3000, Scored: p.step, Event: p.event}); err != nil {
		t.Fatal(err)
	}
	if len(p.marks) == 0 || len(p.spans) == 0 {
		t.Fatal("nothing was decided or found")
	}
	unit := func(unit string) func(float64) string {
		return func(x float64) string { return chart.Short(x) + unit }
	}
	for name, c := range map[string]*chart.Chart{
		"latency.svg": {Title: "Latency, what was expected, and the anomaly", Trace: &p.latency, Format: unit(" ms"), Spans: p.spans},
		"demand.svg":  {Title: "IOPS, what is allocated, and the first decision to grow", Trace: &p.demand, Format: unit(" IOPS"), Rules: []chart.Rule{{At: 3000}}, Include: []float64{0, 3100}, Marks: p.marks},
		"score.svg":   {Title: "The score, in which 1 is the boundary", Trace: &p.score, Format: unit(""), Rules: []chart.Rule{{At: 1}}, Include: []float64{0, 3}},
	} {
		c.From, c.To, c.Height = p.from, p.to, 180
		file, want := filepath.Join("../../docs/pictures", name), drawing(t, c)
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/pictures/%s is not what the program draws; renew it with: make generate-docs (%v)", name, err)
		}
	}
}

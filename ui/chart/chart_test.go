package chart_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/ui/chart"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// A label stands in the middle of its stretch, and beside one that is too narrow for it.
func TestLabels(t *testing.T) {
	f := func(from, to time.Duration, want string) {
		t.Helper()
		s := chart.Span{From: start.Add(from), To: start.Add(to), Class: "apart", Label: "a & b"}
		c := chart.Chart{From: start, To: start.Add(100 * time.Hour), Trace: &chart.Trace{}, Spans: []chart.Span{s}}
		var b strings.Builder
		if err := c.SVG(&b); err != nil {
			t.Fatal(err)
		}
		if _, got, _ := strings.Cut(b.String(), `<text class="label`); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%s to %s: %q, want %q", from, to, got, want)
		}
	}
	f(0, 40*time.Hour, `" x="20.000%" y="12">a &amp; b</text>`)
	f(-40*time.Hour, 40*time.Hour, `" x="20.000%" y="12">`)
	f(0, 10*time.Hour, ` after" x="10.000%" dx="4" y="12">← a &amp; b</text>`)
	f(90*time.Hour, 100*time.Hour, ` before" x="90.000%" dx="-4" y="12">a &amp; b →</text>`)
	f(-2*time.Hour, -time.Hour, "")
}

func Example() {
	var t chart.Trace
	for i, x := range []float64{1, 2, 8, 2} {
		t.Add(chart.Reading{At: start.Add(time.Duration(i) * time.Hour), Value: x, Expected: 2, Lower: 1, Upper: 3})
	}
	from, to := t.Span()
	c := chart.Chart{Title: "queue depth", From: from, To: to, Trace: &t, Spans: []chart.Span{{From: from.Add(2 * time.Hour), To: from.Add(150 * time.Minute), Class: "high", Text: "8, expected 2"}}}
	var b strings.Builder
	if err := c.SVG(&b); err != nil {
		fmt.Println(err)
	}
	fmt.Print(strings.ReplaceAll(b.String(), "><", ">\n<"))
	// Output:
	// <svg class="chart" role="img" width="100%" height="220">
	// <title>queue depth</title>
	// <svg class="plot" width="100%" height="198" viewBox="0 0 1000 198" preserveAspectRatio="none">
	// <rect class="span high" x="666.67" y="0" width="166.67" height="198">
	// <title>8, expected 2</title>
	// </rect>
	// <path class="band" d="M0.0 136.9L333.3 136.9L666.7 136.9L1000.0 136.9L1000.0 187.4L666.7 187.4L333.3 187.4L0.0 187.4Z"/>
	// <path class="grid" d="M0 162.1H1000M0 111.6H1000M0 61.1H1000M0 10.6H1000M0.0 0V198M333.3 0V198M666.7 0V198M1000.0 0V198"/>
	// <path class="expected" d="M0.0 162.1L333.3 162.1L666.7 162.1L1000.0 162.1"/>
	// <path class="line" d="M0.0 187.4h.1L333.3 162.1L666.7 10.6L1000.0 162.1"/>
	// </svg>
	// <text class="value" x="2" y="159.1">2</text>
	// <text class="value" x="2" y="108.6">4</text>
	// <text class="value" x="2" y="58.1">6</text>
	// <text class="value" x="2" y="7.6">8</text>
	// <line class="tick" x1="33.333%" x2="33.333%" y1="198" y2="202"/>
	// <text class="time more" x="33.333%" y="214">01:00</text>
	// <line class="tick" x1="66.667%" x2="66.667%" y1="198" y2="202"/>
	// <text class="time" x="66.667%" y="214">02:00</text>
	// </svg>
}

var number = regexp.MustCompile(`NaN|Inf|[eE][+-]?[0-9]`)

// Whatever is drawn, it is well-formed, has no number that SVG does not know, and is bounded in size.
func TestAnything(t *testing.T) {
	value := rapid.OneOf(rapid.Float64Range(0, 10), rapid.Float64(), rapid.Just(math.NaN()), rapid.Just(math.Inf(1)))
	reading := rapid.Custom(func(t *rapid.T) chart.Reading {
		return chart.Reading{Value: value.Draw(t, "value"), Expected: value.Draw(t, "expected"), Lower: value.Draw(t, "lower"), Upper: value.Draw(t, "upper")}
	})
	rapid.Check(t, func(t *rapid.T) {
		var trace chart.Trace
		at := start
		for _, r := range rapid.SliceOfN(reading, 0, 50).Draw(t, "readings") {
			at = at.Add(time.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "later")))
			r.At = at
			trace.Add(r)
		}
		text := rapid.String().Draw(t, "text")
		from, to := trace.Span()
		line := chart.Line{Class: text, Steps: rapid.Bool().Draw(t, "steps")}
		fan := &chart.Fan{}
		band := chart.Band{}
		for i := range rapid.IntRange(0, 5).Draw(t, "ahead") {
			when := at.Add(time.Duration(i) * time.Hour)
			line.Values = append(line.Values, chart.Value{At: when, X: value.Draw(t, "line")})
			fan.Times, fan.Middle = append(fan.Times, when), append(fan.Middle, value.Draw(t, "middle"))
			band.Lower, band.Upper = append(band.Lower, value.Draw(t, "from")), append(band.Upper, value.Draw(t, "to"))
		}
		fan.Bands = []chart.Band{band}
		c := chart.Chart{
			Lines: []chart.Line{line}, Fan: fan, Hover: []chart.Hover{{At: from, Text: text}}, Bare: rapid.Bool().Draw(t, "bare"),
			Title: text, From: from, To: to, Trace: &trace, Rules: []chart.Rule{{At: value.Draw(t, "rule"), Class: "limit"}},
			Spans: []chart.Span{{From: from, To: at, Class: text, Text: text, Link: text}}, Marks: []chart.Mark{{At: at, Class: text, Sign: "▲", Text: text}},
		}
		var b strings.Builder
		if err := c.SVG(&b); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, b.String())
		b.Reset()
		if err := (&chart.Spark{Title: text, Class: text, Readings: readingsOf(line)}).SVG(&b); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, b.String())
	})
}

func readingsOf(l chart.Line) (list []chart.Reading) {
	for _, v := range l.Values {
		list = append(list, chart.Reading{At: v.At, Value: v.X, Expected: v.X, Lower: -v.X, Upper: 2 * v.X})
	}
	return list
}

// A line in steps goes along and then up; a fan begins where it is told; what is pointed at has its place and its text.
func TestLinesAndFan(t *testing.T) {
	at := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	c := chart.Chart{
		From: start, To: at(10), Height: 120, Trace: new(chart.Trace), Include: []float64{0},
		Lines: []chart.Line{{Class: "allocated", Steps: true, Values: []chart.Value{{At: at(0), X: 50}, {At: at(5), X: 100}}}},
		Fan:   &chart.Fan{Times: []time.Time{at(6), at(8)}, Middle: []float64{60, 70}, Bands: []chart.Band{{Lower: []float64{60, 70}, Upper: []float64{80, 90}}}},
		Hover: []chart.Hover{{At: at(2), Text: "a < b"}, {At: at(20), Text: "not shown"}},
	}
	var b strings.Builder
	if err := c.SVG(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`class="allocated" d="M0.0 `, `H500.0V`, `class="fan" d="M600.0 `, `class="forecast" d="M600.0 `, `data-at="2000" data-text="a &lt; b"`, `data-from="1772409600000"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is not in %s", want, b.String())
		}
	}
}

type reporter interface{ Fatalf(string, ...any) }

func wellFormed(t reporter, svg string) {
	in := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range element.Attr {
			switch a.Name.Local {
			case "class", "href", "preserveAspectRatio", "role", "data-text":
			default:
				if number.MatchString(a.Value) {
					t.Fatalf("%s=%q in %s", a.Name.Local, a.Value, svg)
				}
			}
		}
	}
}

// A trace of a million readings stays small and shows its peak, its only gap and its end.
func TestTraceIsBounded(t *testing.T) {
	var trace chart.Trace
	const n = 1_000_000
	at := start
	for i := range n {
		x := math.Sin(float64(i) / 1000)
		if i == 123_456 {
			x = 77
		}
		at = at.Add(time.Second)
		if i == n/2 {
			at = at.Add(100 * time.Hour)
		}
		trace.Add(chart.Reading{At: at, Value: x, Expected: math.NaN(), Lower: math.NaN(), Upper: math.NaN()})
	}
	from, to := trace.Span()
	if !from.Equal(start.Add(time.Second)) || !to.Equal(at) {
		t.Errorf("from %s to %s", from, to)
	}
	var b strings.Builder
	c := chart.Chart{From: from, To: to, Trace: &trace}
	if err := c.SVG(&b); err != nil {
		t.Fatal(err)
	}
	svg := b.String()
	if len(svg) > 150_000 {
		t.Errorf("%d bytes", len(svg))
	}
	if !strings.Contains(svg, ">60</text>") {
		t.Error("the axis does not reach the peak of 77")
	}
	line := svg[strings.Index(svg, `class="line" d="`):]
	line = line[:strings.Index(line, `"/>`)]
	if strokes := strings.Count(line, "M"); strokes != 2 {
		t.Errorf("%d strokes, want one before the gap and one after", strokes)
	}
}

func TestShort(t *testing.T) {
	f := func(x float64, want string) {
		t.Helper()
		if got := chart.Short(x); got != want {
			t.Errorf("%g is %q, want %q", x, got, want)
		}
	}
	f(0, "0")
	f(0.05, "0.05")
	f(999, "999")
	f(2500, "2.5k")
	f(-8e8, "-800M")
	f(1.5e12, "1.5T")
}

// However low a chart is and whatever it shows, its values stand apart and there is one at least.
func TestValuesStandApart(t *testing.T) {
	place := regexp.MustCompile(`class="value" x="2" y="([-0-9.]+)"`)
	f := func(height int, highest float64) {
		t.Helper()
		c := chart.Chart{Title: "x", From: start, To: start.Add(time.Hour), Height: height, Trace: new(chart.Trace)}
		for i, x := range []float64{0, highest} {
			c.Trace.Add(chart.Reading{At: start.Add(time.Duration(i) * time.Hour), Value: x, Expected: math.NaN(), Lower: math.NaN(), Upper: math.NaN()})
		}
		var b strings.Builder
		if err := c.SVG(&b); err != nil {
			t.Fatal(err)
		}
		last := math.Inf(1)
		for _, found := range place.FindAllStringSubmatch(b.String(), -1) {
			var y float64
			if _, err := fmt.Sscan(found[1], &y); err != nil {
				t.Fatal(err)
			}
			if last-y < 20 {
				t.Errorf("up to %g on %d pixels: values at %g and %g", highest, height, last, y)
			}
			last = y
		}
		if math.IsInf(last, 1) {
			t.Errorf("up to %g on %d pixels: no value", highest, height)
		}
	}
	for _, height := range []int{90, 120, 160, 220, 240} {
		for highest := 1.0; highest < 1000; highest *= 1.3 {
			f(height, highest)
		}
	}
}

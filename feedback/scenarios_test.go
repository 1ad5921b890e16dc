package feedback

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/foreshock-io/foreshock"
)

// TestScenarios takes what was seen, as text, to verdicts, to what they lead to, and to what is learned of them.
//
//	judge   each line changes the example: a volume of 500 IOPS of which 800 were wanted, and which got 1000
//	learn   each line is a verdict that is learned from, or undoes the last correction
//	latch   each line is something that happens some hours after the beginning, or asks what may be done
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, c *datadriven.TestData) string {
			s := scenario{t: t, in: example()}
			takes := map[string]func(string, values){"judge": s.see, "learn": s.learn, "latch": s.happens}[c.Cmd]
			if takes == nil {
				t.Fatalf("%s: nothing is called %q; there is: judge, learn, latch", c.Pos, c.Cmd)
			}
			for _, line := range strings.Split(c.Input, "\n") {
				if words := strings.Fields(line); len(words) > 0 {
					takes(words[0], valuesOf(t, words[1:]))
				}
			}
			if c.Cmd == "judge" {
				s.judge()
			}
			return s.out.String()
		})
	})
}

// scenario is what was seen, learned and remembered so far, and what is to be told of it.
type scenario struct {
	t   *testing.T
	in  Input
	now time.Duration // after the beginning; 0: once it can be judged

	superseded bool // another action takes effect

	learned foreshock.Learned
	last    []foreshock.Correction
	latch   Latch
	out     strings.Builder
}

func (s *scenario) say(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

// values are the words of a line: those of the form name=value by their names, the others as "".
type values map[string]string

func valuesOf(t *testing.T, words []string) values {
	t.Helper()
	v := values{}
	for _, word := range words {
		name, value, named := strings.Cut(word, "=")
		if !named {
			name, value = "", strings.TrimSpace(v[""]+" "+word)
		}
		v[name] = value
	}
	return v
}

// control is one more like workload that nobody touched, of which half is used.
func (s *scenario) control(v values) {
	c := Control{ID: foreshock.ID(fmt.Sprint("disk/c", len(s.in.Controls)))}
	for k := -8; k < 8; k++ {
		r := Reading{Time: start.Add(time.Duration(k+1) * s.in.Length), Latency: s.number(v, "before"), Rate: 500, Share: 0.5}
		if k >= 0 {
			r.Latency = s.number(v, "after")
		}
		c.Steps = append(c.Steps, r)
	}
	s.in.Controls = append(s.in.Controls, c)
}

// number is NaN where it is not stated; lengths of time are in seconds.
func (s *scenario) number(v values, name string) float64 {
	text, stated := v[name]
	if !stated {
		return math.NaN()
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		return x
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatalf("%s=%s is no number", name, text)
	}
	return d.Seconds()
}

// steps are as many as stated, else those of the example, from a time on.
func (s *scenario) steps(n int, from time.Duration, v values) []Step {
	if x := s.number(v, "steps"); !math.IsNaN(x) {
		n = int(x)
	}
	return steps(n, start.Add(from), s.number(v, "latency"), s.number(v, "served"), s.number(v, "demand"), v[""] == "abnormal")
}

func (s *scenario) see(what string, v values) {
	switch what {
	case "before":
		s.in.Before = s.steps(8, -80*time.Second, v)
	case "meanwhile":
		s.in.Meanwhile = s.steps(3, -30*time.Second, v)
	case "after":
		s.in.After = s.steps(8, 0, v)
	case "then": // more steps after
		n := len(s.in.After)
		s.in.After = append(s.in.After, s.steps(8, time.Duration(n)*s.in.Length, v)...)
	case "control":
		s.control(v)
	case "superseded":
		s.superseded = true
	case "action":
		s.in.Action.From.Set(foreshock.DimIOPS, s.number(v, "from"))
		s.in.Action.To.Set(foreshock.DimIOPS, s.number(v, "to"))
		s.in.Action.Undoes = v["undoes"]
		if v[""] == "for_good" {
			s.in.Reversible = nil
		}
	case "forecast":
		var demand []float64
		for _, text := range strings.Fields(v[""]) {
			demand = append(demand, s.number(values{"demand": text}, "demand"))
		}
		s.in.Forecasts = map[foreshock.Dimension]*foreshock.Forecast{foreshock.DimIOPS: coming(demand...)}
	case "normal":
		s.in.Normal = Normal{}
		if v[""] != "unknown" {
			s.in.Normal = Normal{s.number(v, "latency"), s.number(v, "upper")}
		}
	case "wanted":
		s.in.MaxLatency = time.Duration(s.number(v, "latency") * float64(time.Second))
	case "asked":
		s.now = time.Duration(s.number(v, "after") * float64(time.Second))
	default:
		s.t.Fatalf("nothing is called %q", what)
	}
}

func (s *scenario) judge() {
	if s.now > 0 {
		s.in.Now = start.Add(s.now)
	}
	if s.superseded {
		s.say("%s", Superseded(s.in).Text)
		return
	}
	e, ready := Judge(s.in)
	if !ready && s.now == 0 {
		s.say("not yet; at the latest")
		s.in.Now = latest(s.in.Completed, s.in.Length) // it may wait, but not for ever
		e, ready = Judge(s.in)
	}
	if !ready {
		s.say("not yet")
		return
	}
	s.say("%s", e.Text)
	if e.RollBack {
		s.say("it is taken back")
	}
	if e.Latch {
		s.say("the workload is left alone")
	}
}

func (s *scenario) learn(what string, v values) {
	if what == "undo" {
		var err error
		for _, c := range s.last {
			if s.learned, c, err = Undo(s.learned, c); err != nil {
				s.t.Fatal(err)
			}
			s.say("%s", told(c))
		}
		return
	}
	e := s.verdict(what)
	e.Reduced = v[""] == "less"
	if x := s.number(v, "lead"); x > 0 {
		e.LeadTime = time.Duration(x * float64(time.Second))
	}
	if x := s.number(v, "gain"); x != 0 && !math.IsNaN(x) {
		e.Gain = x
	}
	s.learned, s.last = Learn(s.learned, foreshock.DimIOPS, e)
	if len(s.last) == 0 {
		s.say("nothing is corrected")
	}
	for _, c := range s.last {
		s.say("%s", told(c))
	}
}

// verdict is one on action a1.
func (s *scenario) verdict(what string) foreshock.Evaluation {
	e := foreshock.Evaluation{Workload: "disk/a", Action: "a1", Text: strings.ReplaceAll(what, "_", " ")}
	if err := e.Verdict.UnmarshalText([]byte(e.Text)); err != nil {
		s.t.Fatal(err)
	}
	return e
}

func told(c foreshock.Correction) string {
	return fmt.Sprintf("%s from %.4g to %.4g: %s", c.What, c.From, c.To, c.Why)
}

func (s *scenario) happens(what string, v values) {
	now := start.Add(time.Duration(s.number(v, "at") * float64(time.Second)))
	var level foreshock.Values
	level.Set(foreshock.Latency, s.number(v, "latency"))
	var e foreshock.Event
	switch what {
	case "opened":
		c := Open("disk/a", v[""])
		e.Correction = &c
	case "changed":
		c, opens := s.latch.Opens("disk/a", now, level)
		if !opens {
			s.say("%s: it stays", v["at"])
			return
		}
		s.say("%s: %s", v["at"], c.Why)
		e.Correction = &c
	case "may":
		s.may(now, v["at"])
		return
	default:
		judged := s.verdict(what)
		judged.Reduced, judged.After.Mean = v[""] == "less", level
		judged.Latch, judged.RollBack = judged.Verdict == foreshock.DidNotHelp, judged.Verdict == foreshock.TooMuch
		e.Evaluation = &judged
	}
	e.Time = now
	s.latch = s.latch.Fold(e)
}

// may tells what may be done now.
func (s *scenario) may(now time.Time, at string) {
	closed, noReduce := s.latch.Closed(now), s.latch.NoReduce(now)
	switch {
	case closed != "":
		s.say("%s: nothing is done: %s", at, closed)
	case noReduce != "":
		s.say("%s: nothing is reduced: %s", at, noReduce)
	default:
		s.say("%s: anything may be done", at)
	}
}

package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/app"
	settings "github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/simulate"
	"github.com/foreshock-io/foreshock/simulate/simulatetest"
)

// demand is a day and a half of surges, half an hour of which was not measured; its steps do not end on the minute.
func demand() *simulate.Trace { return simulatetest.Surges(1_700_000_040-17, 36*60, 1000, 1030) }

// driven is a run of the program as a child of a simulator.
type driven struct {
	t      *testing.T
	plant  *simulate.Plant
	stdin  io.Writer
	stdout *bufio.Scanner
	log    strings.Builder // all that the program wrote
	other  map[string]int  // lines of other types
}

// number is a reading as JSON; what was not measured is null.
func number(x float64) any {
	if math.IsNaN(x) {
		return nil
	}
	return x
}

func (d *driven) say(message map[string]any) {
	line, err := json.Marshal(message)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.stdin.Write(append(line, '\n')); err != nil {
		d.t.Fatal(err)
	}
}

// hear reads the actions up to done.
func (d *driven) hear() (asked []float64) {
	for d.stdout.Scan() {
		d.log.WriteString(d.stdout.Text() + "\n")
		var answer struct {
			Type        string
			T           int64
			ID          string
			Provisioned float64
		}
		if err := json.Unmarshal(d.stdout.Bytes(), &answer); err != nil {
			d.t.Fatalf("%s: %v", d.stdout.Text(), err)
		}
		switch answer.Type {
		case "done", "action":
			if answer.T != d.plant.Time() || answer.Type == "action" && answer.ID != "vol/1" {
				d.t.Fatalf("at %d it said %s", d.plant.Time(), d.stdout.Text())
			}
			if answer.Type == "done" {
				return asked
			}
			asked = append(asked, answer.Provisioned)
		default:
			d.other[answer.Type]++
		}
	}
	d.t.Fatalf("no done at %d", d.plant.Time())
	return nil
}

// drive runs the program against a plant, and checks that it ends well after its last line.
func drive(t *testing.T, p simulate.Provider, last string) *driven {
	cmd := exec.Command(binary(t), "simulate", "--stdio")
	cmd.Dir = t.TempDir()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &driven{t: t, plant: simulate.NewPlant(demand(), p), stdin: stdin, stdout: bufio.NewScanner(stdout), other: map[string]int{}}
	d.stdout.Buffer(nil, 1<<20)
	d.say(map[string]any{
		"type": "hello", "protocol": 1, "id": "vol/1", "t": d.plant.Time(), "step_s": 60, "warmup_s": 3600, "provisioned": d.plant.Provisioned(), "unit": "iops",
		"provider": map[string]any{
			"name": p.Name, "quantum": p.Quantum, "min": p.Min, "max": p.Max, "apply_delay_s": p.ApplyDelay.Seconds(), "cooldown_s": p.Cooldown.Seconds(),
		},
		"slo":       map[string]any{"latency_ms": 10.0, "base_latency_ms": 1.0, "max_utilisation": 0.9},
		"objective": map[string]any{"late_weight": 20.0},
	})
	d.hear()
	for !d.plant.Done() {
		d.step()
	}
	if _, err := io.WriteString(stdin, last); err != nil {
		t.Fatal(err)
	}
	if last == "" {
		_ = stdin.Close()
	}
	for d.stdout.Scan() {
		d.log.WriteString(d.stdout.Text() + "\n")
	}
	if err := cmd.Wait(); err != nil || said.String() != "" {
		t.Errorf("it ended with %v: %s", err, said.String())
	}
	return d
}

func (d *driven) step() {
	s := d.plant.Next()
	d.say(map[string]any{
		"type": "sample", "id": "vol/1", "t": s.Time, "missing": s.Missing, "provisioned": s.Provisioned, "effective": s.Effective, "next_action_t": s.NextAction,
		"latency_ms": number(s.Latency), "throughput_bps": number(s.Throughput), "iops": number(s.IOPS), "queue_depth": number(s.QueueDepth),
	})
	var last *simulate.Result
	for _, amount := range d.hear() {
		r := d.plant.Act(amount)
		last = &r
	}
	if last != nil {
		d.say(map[string]any{
			"type": "action_result", "id": "vol/1", "t": last.Time, "requested": last.Requested, "provisioned": last.Provisioned, "status": last.Status, "effective_t": last.Effective,
		})
	}
	d.say(map[string]any{"type": "remark", "text": "what is not known is passed over"})
}

// inProcess runs the same loop without a child.
func inProcess(t *testing.T, p simulate.Provider) *simulate.Plant {
	plant := simulate.NewPlant(demand(), p)
	l, err := app.NewLoop(settings.Default(), app.LoopOptions{Volume: plant.Volume("vol/1")})
	if err != nil {
		t.Fatal(err)
	}
	if err := plant.Run(l); err != nil {
		t.Fatal(err)
	}
	return plant
}

// The program as a child does what it does in process, twice the same to the byte, and ends well both by bye and by the end of its input.
func TestSimulateOverStandardInput(t *testing.T) {
	t.Parallel()
	for _, p := range simulate.Benchmark() {
		t.Run(p.Name, func(t *testing.T) {
			got := drive(t, p, "{\"type\":\"bye\"}\n")
			if again := drive(t, p, ""); again.log.String() != got.log.String() {
				t.Error("a second run says something else")
			}
			want := fmt.Sprint(inProcess(t, p).Accepted)
			if fmt.Sprint(got.plant.Accepted) != want || len(got.plant.Accepted) == 0 {
				t.Errorf("as a child it changed\n%v\nin process\n%v", got.plant.Accepted, want)
			}
			if got.other["decision"] == 0 || got.other["anomaly"] == 0 {
				t.Errorf("it told of %v", got.other)
			}
		})
	}
}

const helloLine = `{"type":"hello","protocol":1,"id":"v","t":600,"step_s":60,"provisioned":500,"provider":{"quantum":1,"min":1,"max":9000}}`

func sampleAt(at int) string {
	return fmt.Sprintf(`{"type":"sample","id":"v","t":%d,"provisioned":500,"latency_ms":1,"iops":100,"queue_depth":null}`, at)
}

// toldOf runs the program on lines, and gives what it said and the times of done.
func toldOf(t *testing.T, lines ...string) (said, done string) {
	t.Helper()
	cmd := exec.Command(binary(t), "simulate", "--stdio")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("%q: %v: %s", lines, err, stderr.String())
	}
	for line := range strings.Lines(stdout.String()) {
		var at int
		if n, _ := fmt.Sscanf(line, `{"type":"done","t":%d}`, &at); n == 1 {
			done += fmt.Sprint(at, " ")
		}
	}
	return stderr.String(), done
}

// A sample that is not later than the one before it is answered by done, told once, and changes nothing.
func TestSimulatePassesOverSamplesOutOfOrder(t *testing.T) {
	t.Parallel()
	said, got := toldOf(t, helloLine, sampleAt(660), sampleAt(660), sampleAt(600), sampleAt(720))
	const want = "foreshock: standard input, line 3: a sample of 660 is not later than the one before it; send samples in order of time; it and all further ones like it are passed over\n"
	if said != want || got != "600 660 660 600 720 " {
		t.Errorf("said %s\nanswered %s", said, got)
	}
	if said, got := toldOf(t, helloLine, sampleAt(660), sampleAt(720)); said != "" || got != "600 660 720 " {
		t.Errorf("said %s\nanswered %s", said, got)
	}
}

// What a simulator may write otherwise costs no answer, and what is of no use is told once.
func TestSimulateBearsOtherLines(t *testing.T) {
	t.Parallel()
	f := func(want string, lines ...string) {
		t.Helper()
		said, done := toldOf(t, lines...)
		if said != want || done != "600 660 720 " {
			t.Errorf("%q: said %sanswered %s; want %s", lines, said, done, want)
		}
	}
	sample := func(at, more string) string {
		return fmt.Sprintf(`{"type":"sample","id":"v","t":%s,"provisioned":500,"effective":500,%s}`, at, more)
	}
	const pre = "foreshock: standard input"
	f("", strings.Replace(helloLine, `"protocol":1,"id":"v","t":600,"step_s":60,`, `"protocol":1.0,"id":"v","t":600.0,"step_s":6e1,`, 1), sample("660.0", `"next_action_t":660.0`), sampleAt(720))
	f("", "\ufeff"+helloLine+"\r", sampleAt(660)+"\r", sampleAt(720))
	f("", helloLine, sample("660", `"latency_ms":NaN,"iops":Infinity,"queue_depth":-Infinity,"note":"NaN \"Infinity\""`), sampleAt(720))
	f(pre+", line 2: it is no JSON object; it and all further ones like it are passed over\n", helloLine, "nonsense", sampleAt(660), "[1]", sampleAt(720))
	f(pre+": 2 readings of the samples were not taken (negative); correct them, or write null where nothing was measured\n", helloLine, sample("660", `"latency_ms":-1,"iops":-5`), sampleAt(720), `{"type":"bye"}`)
	f(pre+", line 2: the sample comes 60 s after what was before it, and hello told of steps of 5 s; see whether step_s is right\n", strings.Replace(helloLine, `"step_s":60`, `"step_s":5`, 1), sampleAt(660), sampleAt(720))
}

// What is wrong with a line is told with its place, and the exit code is not 0.
func TestSimulateTellsBadLines(t *testing.T) {
	t.Parallel()
	f := func(want string, lines ...string) {
		t.Helper()
		cmd := exec.Command(binary(t), "simulate", "--stdio")
		cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
		var said strings.Builder
		cmd.Stderr = &said
		err := cmd.Run()
		if (want == "") != (err == nil) || !strings.Contains(said.String(), want) {
			t.Errorf("%q: %v: %s; want %q", lines, err, said.String(), want)
		}
	}
	f("", helloLine, sampleAt(660), "", sampleAt(720))
	f("line 1: a sample before hello; send hello first", sampleAt(660))
	f("line 2: unexpected end of JSON input; one JSON object per line", helloLine, `{"type":`)
	f("line 2: latency_ms: string stands where a number", helloLine, `{"type":"sample","id":"v","t":660,"provisioned":500,"latency_ms":"NaN"}`)
	f("line 2: latency_ms: number 1e999 stands where a number below", helloLine, `{"type":"sample","id":"v","t":660,"provisioned":500,"latency_ms":1e999}`)
	f("line 3: it is longer than 1048576 bytes", helloLine, sampleAt(660), strings.Repeat("x", 2<<20))
	f("line 2: the object has no type", helloLine, "{}")
	f(`line 2: a sample of "w"`, helloLine, `{"type":"sample","id":"w","t":660,"provisioned":1}`)
	f("line 2: sample: t, in whole Unix seconds from 1970 to the year 9999, and provisioned, at least 0, are needed", helloLine, `{"type":"sample","id":"v","t":660}`)
	f("line 2: sample: t, in whole Unix seconds", helloLine, `{"type":"sample","id":"v","t":660.5,"provisioned":500}`)
	f("line 2: a second hello", helloLine, helloLine)
	f("line 1: hello: protocol 2 is not known; there is: 1", strings.Replace(helloLine, `"protocol":1`, `"protocol":2`, 1))
	f("line 1: hello: a provider with", strings.Replace(helloLine, `"max":9000`, `"max":0`, 1))
	hello := func(want, more string) {
		t.Helper()
		f("line 1: hello: "+want, strings.TrimSuffix(helloLine, "}")+","+more+"}")
	}
	hello("t, in whole Unix seconds from 1970 to the year 9999", `"t":1700000000000`)
	hello("t, in whole Unix seconds from 1970 to the year 9999", `"t":-600`)
	hello("provider: apply_delay_s 1e+300 and cooldown_s 0 must be between 0 and 31622400, a year", `"provider":{"max":9000,"apply_delay_s":1e300}`)
	hello("slo.latency_ms is 1; it must be above base_latency_ms, 1, which an idle volume takes", `"slo":{"latency_ms":1,"base_latency_ms":1}`)
	hello("slo.max_utilisation is 1.5; between 0 and 1", `"slo":{"max_utilisation":1.5}`)
	hello("objective.late_weight is -1; above 1 is needed", `"objective":{"late_weight":-1}`)
	hello("objective.late_weight is 1; above 1 is needed, else the least capacity is always the cheapest", `"objective":{"late_weight":1}`)
	hello("id: workload id is empty; name the volume", `"id":""`)
	f(`line 1: hello: capacity in "replicas"`, strings.Replace(helloLine, `"id":"v"`, `"id":"v","unit":"replicas"`, 1))
}

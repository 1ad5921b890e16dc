package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

func TestFaults(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		_, err := Parse("f.yaml", []byte(text))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != strings.Join(want, "\n") {
			t.Errorf("%q:\n got %s\nwant %s", text, got, strings.Join(want, "\n"))
		}
	}
	f("")
	f("mode: auto\n")
	f("mode: atuo\n", `f.yaml:1:7: mode: no mode is called "atuo"; there is: observe, approve, auto`)
	f("stp: 10s\nlisten: 0.0.0.0:9750\n",
		"f.yaml:1:1: stp: unknown setting; did you mean step?",
		"f.yaml: listen: 0.0.0.0:9750 can be reached from other machines; set token_file or access, or listen on 127.0.0.1")
	f("step: 5 minutes\nsnapshot: [1]\n",
		`f.yaml:1:7: step: "5 minutes" is not a duration; write for example 500ms, 10s, 5m, 2h, 7d`,
		"f.yaml:2:11: snapshot: expected one value, not a list")
	f("limits: {workloads: many, forecasts: 1.5}\n",
		`f.yaml:1:21: limits.workloads: "many" is not a number; write for example 0.25, 25%, 4000, 4k, 180MiB/s`,
		"f.yaml:1:38: limits.forecasts: expected a whole number, not 1.5")
	f("sources:\n  - host: {}\n    ebpf: {}\n  - {}\n",
		"f.yaml:3:5: sources[0]: has two components, host and ebpf; make two items of it, or indent what is a setting",
		"f.yaml:4:5: sources[1]: names no component; write for example - host: {}")
	f("mode: observe\nmode: auto\n", `f.yaml:2:1: is not valid YAML: mapping key "mode" already defined at [1:1]`)
	f("data: ${env:FORESHOCK_NO_SUCH}\n",
		"f.yaml:1:7: data: the environment has no FORESHOCK_NO_SUCH; set it, or give a default with ${env:FORESHOCK_NO_SUCH:-value}")
}

func TestParse(t *testing.T) {
	t.Setenv("FORESHOCK_TEST_DIR", "/var/lib/x: [")
	c, err := Parse("/etc/foreshock/f.yaml", []byte(`
mode: approve
step: 1m
data: ${env:FORESHOCK_TEST_DIR}
token_file: tokens
limits: {workloads: 4k}
sources:
  - host: {interval: 2s}
  - name: second
    host:
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Mode != foreshock.Approve || c.Step != time.Minute || c.Data != "/var/lib/x: [" || c.TokenFile != "/etc/foreshock/tokens" || c.Limits.Workloads != 4000 {
		t.Errorf("%+v", c)
	}
	if len(c.Sources) != 2 || c.Sources[0].Kind != "host" || c.Sources[1].Name != "second" || c.Sources[1].Block.Given() {
		t.Errorf("%+v", c.Sources)
	}
	var block struct {
		Interval time.Duration `yaml:"interval"`
		Share    float64       `yaml:"share"`
	}
	block.Share = 0.5
	if err := c.Sources[0].Block.Decode(&block); err != nil || block.Interval != 2*time.Second || block.Share != 0.5 {
		t.Errorf("%+v, %v", block, err)
	}
	var other struct {
		Device string `yaml:"device"`
	}
	err = c.Sources[0].Block.Decode(&other)
	var faults Faults
	if !errors.As(err, &faults) || faults[0].Line != 8 || !strings.Contains(err.Error(), "sources[0].host.interval: unknown setting; there is: device") {
		t.Errorf("%v", err)
	}
}

// What a component finds wrong with a setting is told on the setting's line, as far as it is in the file.
func TestFaultOfSetting(t *testing.T) {
	c, err := Parse("f.yaml", []byte(`
policies:
  - name: a
    bounds:
      iops: {min: 5, max: 3}
    windows:
      - {name: w}
      - days: [mon]
        zone: UTC
    calendar:
      - {name: c}
`))
	if err != nil {
		t.Fatal(err)
	}
	f := func(text string, line int) {
		t.Helper()
		faults := c.Policies[0].Fault(errors.Join(errors.New(text), errors.New("another is called a")))
		if len(faults) != 2 || faults[0].Line != line || faults[0].Text != text || faults[1].Line != 3 {
			t.Errorf("%q is told on line %d: %v", text, line, faults)
		}
	}
	f("bounds.iops.max 3 is below min 5", 5)
	f("bounds.throughput.max 3 is below min 5", 5)
	f("windows[0].name is wrong", 7)
	f("windows[1].name is missing", 8)
	f("windows[1].zone: nowhere", 9)
	f("windows[7].name is missing", 7)
	f("calendar[0] wants nothing", 11)
	f("limits.share is 2", 3)
	f("name is missing; give it one", 3)
	f("", 3)
	f("[0] is strange", 3)
	f("[99999999999999999999]", 3)
}

func FuzzParse(f *testing.F) {
	f.Add("mode: auto\nsources:\n  - host: {}\n")
	f.Add("a: &x [*x]\n<<: {}\n")
	f.Fuzz(func(_ *testing.T, text string) {
		c, err := Parse("f.yaml", []byte(text))
		if err == nil {
			for _, s := range c.Sources {
				var v struct {
					A string `yaml:"a"`
				}
				_ = s.Block.Decode(&v)
				_ = s.Block.Fault(errors.New(text))
			}
		}
	})
}

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
		"f.yaml:3:5: sources[0]: has two components, host and ebpf; make two items of it",
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
			}
		}
	})
}

package config

import (
	"errors"
	"fmt"
	"path/filepath"
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
		"f.yaml:2:9: listen: 0.0.0.0:9750 can be reached from other machines; set token_file or access, or listen on 127.0.0.1")
	f("step: 5 minutes\nsnapshot: [1]\n",
		`f.yaml:1:7: step: "5 minutes" is not a duration; write for example 500ms, 10s, 5m, 2h, 7d`,
		"f.yaml:2:11: snapshot: expected one value, not a list")
	f("limits: {workloads: many, forecasts: 1.5}\n",
		`f.yaml:1:21: limits.workloads: "many" is not a number; write for example 0.25, 25%, 4000, 4k`,
		"f.yaml:1:38: limits.forecasts: expected a whole number, not 1.5")
	f("sources:\n  - host: {}\n    ebpf: {}\n  - {}\n",
		"f.yaml:3:5: sources[0]: has two components, host and ebpf; make two items of it, or indent what is a setting",
		"f.yaml:4:5: sources[1]: names no component; write for example {host: {}}")
	f("sources: [host]\nstore: redis\npolicies_from: [a]\ntargets: [5]\n",
		`f.yaml:1:11: sources[0]: expected a component with its settings, not "host"; write for example {host: {}}`,
		`f.yaml:2:8: store: expected a component with its settings, not "redis"; write for example {redis: {}}`,
		"f.yaml:3:16: policies_from: expected a component with its settings, not a list; write for example {kubernetes: {}}",
		`f.yaml:4:11: targets[0]: expected a component with its settings, not "5"; write for example {dryrun: {}}`)
	f("log: debug\n", `f.yaml:1:6: log: expected settings (key: value), not "debug"; there is: format, level`)
	f("step: 1ms\nlog: {level: loud}\nlimits:\n  workloads: -5\n",
		"f.yaml:1:7: step: 1ms is out of range; between 100ms and 24h are allowed",
		"f.yaml:4:14: limits.workloads: -5 is out of range; between 1 and 10000000 are allowed",
		`f.yaml:2:14: log.level: "loud" is no level; there is: debug, info, warn, error`)
	f("listen: localhost\n", `f.yaml:1:9: listen: "localhost" is no address: missing port in address; write for example 127.0.0.1:9750`)
	f("listen: 127.0.0.1:0\n")
	f("listen: localhost:http\n")
	f("listen: 127.0.0.1:99999\n", `f.yaml:1:9: listen: "127.0.0.1:99999" has no port that there is; write one from 1 to 65535, for example 127.0.0.1:9750`)
	f("listen: '127.0.0.1:'\n", `f.yaml:1:9: listen: "127.0.0.1:" has no port that there is; write one from 1 to 65535, for example 127.0.0.1:9750`)
	f("mode: observe\nmode: auto\n", `f.yaml:2:1: is not valid YAML: mapping key "mode" already defined at [1:1]; keep one of them`)
	f("mode: auto\ndata: b\xe4r\n", "f.yaml:2:1: is not text in UTF-8; save it as such, or name another file")
	f("mode: auto\nsources: [host\n", "f.yaml:2:10: is not valid YAML: sequence end token ']' not found; close the bracket")
	f("log: {level: \"warn}\n", "f.yaml:1:14: is not valid YAML: could not find end character of double-quoted text; close the quotation mark")
	f("step: &s 5s\nsnapshot: *s\n", "f.yaml:2:11: snapshot: expected one value, not an alias (not supported: write out what it stands for)")
	f("limits: {journal: 10 potatoes}\n", `f.yaml:1:19: limits.journal: "10 potatoes" is not bytes; write for example 100GiB, 200GB`)
	f("\tmode: auto\n", "f.yaml:1:5: is not valid YAML: tab character cannot use as a map key directly; indent with spaces, not with tabs")
	f("mode: auto\n step: 5s\n",
		"f.yaml:1:7: is not valid YAML: mapping value is not allowed in this context; look at the indentation of this line and of the one before, and quote text that has a colon")
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
	f("windows[1]: zone: nowhere", 9)
	f("windows[1]: nowhere is no zone", 8)
	f("bounds: iops: max 3 is below min 5", 5)
	f("calendar[0] wants nothing", 11)
	f("limits.share is 2", 3)
	f("name is missing; give it one", 3)
	f("", 3)
	f("[0] is strange", 3)
	f("[99999999999999999999]", 3)
}

// Several faults in one error have a place each, and a list of single values is shown as it is written.
func TestFaultsInSeveralLines(t *testing.T) {
	c, err := Parse("f.yaml", []byte("access:\n  oidc: {}\n  url: x\n"))
	if err != nil {
		t.Fatal(err)
	}
	inner := fmt.Errorf("oidc: %w", errors.Join(errors.New("issuer is missing"), errors.New("url is wrong"), errors.Join(errors.New("oidc.a"), errors.New("b"))))
	const want = "f.yaml:2:9: access: oidc: issuer is missing\nf.yaml:3:8: access: url is wrong\nf.yaml:2:9: access: oidc.a\nf.yaml:2:3: access: b"
	if got := c.Access.Fault(errors.Join(inner)).Error(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if faults := c.Access.Fault(nil); faults != nil {
		t.Error(faults)
	}
	var policy struct {
		Match []string `yaml:"match"`
	}
	err = c.whole.Decode(&policy)
	if err == nil || !strings.Contains(err.Error(), "f.yaml:1:1: access: unknown setting; there is: match") {
		t.Error(err)
	}
	n, err := Object("spec", []byte("match: disk/*"))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Decode(&policy); err == nil || err.Error() != `:1:8: spec.match: expected a list (- item), not "disk/*"; write ["disk/*"]` {
		t.Error(err)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none.yaml")); err == nil || !strings.HasSuffix(err.Error(), "no such file or directory; name one that is there, or let foreshock init write it") {
		t.Error(err)
	}
	if _, err := Load(dir); err == nil || !strings.HasPrefix(err.Error(), "read configuration: ") {
		t.Error(err)
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
				_ = s.Block.Fault(errors.New(text))
			}
		}
	})
}

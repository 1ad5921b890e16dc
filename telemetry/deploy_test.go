package telemetry

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/prometheus/promql/parser"
)

const (
	rulesFile     = "../deploy/prometheus/rules.yml"
	rulesTestFile = "../deploy/prometheus/rules_test.yml"
	dashboardFile = "../deploy/grafana/foreshock.json"
)

type ruleFile struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []struct {
			Record      string            `yaml:"record"`
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			For         string            `yaml:"for"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

func rules(t *testing.T) ruleFile {
	t.Helper()
	text, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	var file ruleFile
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return file
}

// selected lists what an expression asks for, and fails where it does not parse.
func selected(t *testing.T, where, expr string) []*parser.VectorSelector {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %q: %s", where, expr, err)
		return nil
	}
	var list []*parser.VectorSelector
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok {
			list = append(list, s)
		}
		return nil
	})
	return list
}

// known holds each metric that may be asked for, with its labels.
func known(recorded ruleFile) map[string][]string {
	of := map[string][]string{"up": nil, "process_resident_memory_bytes": nil, "process_cpu_seconds_total": nil, "go_memstats_heap_inuse_bytes": nil}
	for _, m := range Metrics() {
		of[m.Name] = m.Labels
	}
	for _, g := range recorded.Groups {
		for _, r := range g.Rules {
			if r.Record != "" {
				of[r.Record] = []string{"workload", "dimension"}
			}
		}
	}
	return of
}

// checkExpr fails where an expression asks for a metric, or a label, that nobody serves.
func checkExpr(t *testing.T, where, expr string, known map[string][]string) {
	t.Helper()
	for _, s := range selected(t, where, expr) {
		labels, ok := known[s.Name]
		if !ok {
			t.Errorf("%s asks for %s, which is not in the table", where, s.Name)
		}
		for _, m := range s.LabelMatchers {
			switch m.Name {
			case "__name__", "job", "instance":
			default:
				if !strings.Contains(" "+strings.Join(labels, " ")+" ", " "+m.Name+" ") {
					t.Errorf("%s asks for label %s of %s, which has %q", where, m.Name, s.Name, labels)
				}
			}
		}
	}
}

func TestRulesAskForWhatIsServed(t *testing.T) {
	file := rules(t)
	known := known(file)
	alerts := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			checkExpr(t, rulesFile+" "+r.Alert+r.Record, r.Expr, known)
			if r.Alert == "" {
				continue
			}
			if alerts[r.Alert] {
				t.Errorf("there are two alerts called %s", r.Alert)
			}
			alerts[r.Alert] = true
			if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s lacks a severity, a summary or a description", r.Alert)
			}
		}
	}
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range alerts {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/metrics.md does not say what to do about %s", name)
		}
	}
}

// A real Prometheus takes the rules, and they fire when they should and not before.
func TestRulesInPrometheus(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed; apt-get install prometheus")
	}
	for _, args := range [][]string{{"check", "rules", rulesFile}, {"test", "rules", rulesTestFile}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %s\n%s", strings.Join(args, " "), err, out)
		}
	}
}

var variable = regexp.MustCompile(`\$__rate_interval`)

// expressions walks a dashboard for what it asks Prometheus.
func expressions(v any, found *[]string) {
	switch x := v.(type) {
	case map[string]any:
		for key, inner := range x {
			if text, ok := inner.(string); ok && key == "expr" {
				*found = append(*found, text)
			}
			expressions(inner, found)
		}
	case []any:
		for _, inner := range x {
			expressions(inner, found)
		}
	}
}

func TestDashboardAsksForWhatIsServed(t *testing.T) {
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var dashboard map[string]any
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	var found []string
	expressions(dashboard, &found)
	if len(found) < 20 {
		t.Fatalf("%d expressions found in %s", len(found), dashboardFile)
	}
	known := known(rules(t))
	for _, expr := range found {
		checkExpr(t, dashboardFile, variable.ReplaceAllString(expr, "1m"), known)
	}
	ids := map[any]bool{}
	for _, p := range dashboard["panels"].([]any) {
		id := p.(map[string]any)["id"]
		if ids[id] {
			t.Errorf("two panels have the id %v", id)
		}
		ids[id] = true
	}
}

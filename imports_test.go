package foreshock_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/foreshock-io/foreshock"

// mayImport is the architecture: from a folder to the folders of this module that it may import. A folder is looked up by its
// name, and else by a pattern in which "*" stands for one path element. Tests may import more. To change the architecture, change this map in the same commit and say why.
var mayImport = map[string][]string{
	"":             {"timeseries/quantile", "timeseries/surprise"},
	"timeseries/*": {"timeseries/*"},

	// Stages speak the root's words, and do not import one another.
	"ingest":      {""},
	"store":       {""},
	"profile":     {"", "timeseries/*"},
	"detect":      {"", "timeseries/*"},
	"forecast":    {"", "timeseries/*"},
	"capacity":    {""},
	"decide":      {""},
	"act":         {""},
	"kube":        {}, // a connection to an API server, for components of several stages
	"kube/*":      {"kube"},
	"feedback":    {"", "timeseries/*"},
	"promote":     {""},                              // judges what a policy that observes would have done
	"rehearse":    {"", "timeseries/*"},              // tries rules on the demand that came
	"tables":      {},                                // what readers of tables have in common, whatever the columns mean
	"certs":       {},                                // what listeners and clients of its own show, and ask of each other
	"providers":   {"config"},                        // figures, for the targets and for the simulation; durations are written as in configurations
	"simulate":    {"", "providers", "timeseries/*"}, // the plant; app drives the stages with it
	"providers/*": {""},                              // what components of several stages share that call the same provider
	// The plant as a target: only what is simulated can be changed through it, so that it is no component that a configuration could name.
	"simulate/*": {"", "act", "simulate"}, // and a trace for tests

	// Connections to hypervisors, for components of several stages; below them what tests start.
	"hypervisor/*":   {},
	"hypervisor/*/*": {"hypervisor/*"},

	// Components import their stage, never each other.
	"ingest/*":       {"", "ingest", "tables", "timeseries/*", "providers/*", "hypervisor/*", "certs"},
	"store/*":        {"", "store", "certs"},
	"detect/*":       {"", "detect", "timeseries/*"},
	"forecast/*":     {"", "forecast", "timeseries/*"},
	"capacity/*":     {"", "capacity", "kube", "providers/*", "hypervisor/*", "webhooks", "certs"},
	"capacity/quota": {"", "capacity", "capacity/limits", "providers/*"}, // limits whose totals are asked for
	"act/*":          {"", "act", "kube", "providers", "providers/*", "hypervisor/*", "webhooks"},
	"act/acttest/*":  {"", "act/acttest", "providers", "providers/*"}, // stand-ins of providers

	"notify":    {""},
	"notify/*":  {"", "notify", "webhooks"},
	"webhooks":  {"certs"},               // what components of several stages share that call services of the user's own
	"telemetry": {"", "api", "pipeline"}, // what the program measures of itself

	// The stages meet in pipeline, the components in app.
	"pipeline":   {"", "ingest", "store", "profile", "detect", "forecast", "capacity", "decide", "act", "feedback", "promote", "rehearse", "timeseries/*"},
	"config":     {""},
	"discover":   {"", "ingest"},                                                                                  // looks at what there is, and writes a configuration
	"api":        {"", "act", "api/*", "capacity", "config", "notify", "pipeline", "ingest", "promote", "tables"}, // durations are written as in configurations, times as in files
	"api/*":      {"", "api/problem"},                                                                             // what a problem looks like, how types are described
	"api/*/*":    {"api/access"},                                                                                  // what tests of access need
	"api/access": {"", "api/problem", "certs"},                                                                    // who may
	"api/keda":   {"", "certs", "decide"},                                                                         // asks the pipeline what is needed, as KEDA would have it
	"client":     {"", "api", "pipeline"},                                                                         // asks the program that runs
	"ui":         {"", "act", "api", "api/access", "api/problem", "capacity", "pipeline", "promote", "ui/chart"},
	"ui/*":       {"", "ui/chart"}, // drawings and pages of them, for reports as well
	"app": {
		"", "config", "api", "api/access", "api/keda", "ui", "pipeline", "ingest", "ingest/*", "store", "store/*", "profile", "detect", "detect/*", "forecast", "forecast/*",
		"capacity", "capacity/*", "decide", "act", "act/*", "feedback", "kube/policies", "notify", "notify/*", "promote", "simulate", "simulate/*", "telemetry", "timeseries/*",
	},
	"app/*":          {},                                                                                                                                                                  // tests of the whole program, which know it from outside
	"cmd/*":          {"", "app", "api", "api/access", "client", "config", "discover", "pipeline", "promote", "providers", "simulate", "tables", "timeseries/*", "ui/chart", "ui/report"}, // charts are a part of a report
	"bench":          {"", "app", "config", "ingest", "ingest/*", "pipeline"},
	"bench/*":        {"", "app", "bench/events", "bench/nab", "config", "detect", "detect/*", "forecast", "forecast/*", "pipeline", "profile", "providers", "simulate", "timeseries/*"}, // accuracy, beside the peers
	"deploy/release": {},                                                                                                                                                                 // a module of its own: what packs the program is no part of it

	"examples/*": {"", "capacity", "capacity/http", "capacity/limits"},
	// As a component of a stage.
	"examples/target": {"", "act"},
}

// packages calls f for each file of Go in the module that is not a test.
func packages(t *testing.T, f func(dir, file string, parsed *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != "." || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(file))
		if dir == "." {
			dir = ""
		}
		f(dir, file, parsed)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func matches(patterns []string, dir string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { ok, _ := path.Match(p, dir); return ok })
}

func TestImports(t *testing.T) {
	packages(t, func(dir, file string, parsed *ast.File) {
		allowed, found := mayImport[dir]
		for pattern, list := range mayImport {
			if found {
				break
			}
			if found, _ = path.Match(pattern, dir); found {
				allowed = list
			}
		}
		if !found {
			t.Errorf("%s: the folder is not in mayImport", file)
			return
		}
		for _, spec := range parsed.Imports {
			name := strings.Trim(spec.Path.Value, `"`)
			if name != module && !strings.HasPrefix(name, module+"/") {
				if dir == "" && strings.Contains(strings.Split(name, "/")[0], ".") {
					t.Errorf("%s imports %s; the root package uses the standard library only", file, name)
				}
				continue
			}
			if inner := strings.TrimPrefix(strings.TrimPrefix(name, module), "/"); !matches(allowed, inner) {
				t.Errorf("%s imports %q; it may import %q", file, inner, allowed)
			}
		}
	})
}

func TestOnePackageComment(t *testing.T) {
	comments := map[string]int{}
	packages(t, func(dir, _ string, parsed *ast.File) {
		comments[dir] += 0
		if parsed.Doc != nil && !strings.HasPrefix(parsed.Doc.Text(), "Code generated") {
			comments[dir]++
		}
	})
	for dir, n := range comments {
		if n != 1 {
			t.Errorf("%q has %d package comments, not one", dir, n)
		}
	}
}

// Each component's folder stands in its list in app.
func TestComponentsAreListed(t *testing.T) {
	kits := []string{"act/acttest", "capacity/capacitytest", "store/storetest"}
	f := func(stage, list string) {
		t.Helper()
		source, err := os.ReadFile(filepath.Join("app", list))
		if err != nil {
			t.Fatal(err)
		}
		dirs, err := os.ReadDir(stage)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range dirs {
			folder := stage + "/" + d.Name()
			if !d.IsDir() || d.Name() == "testdata" || slices.Contains(kits, folder) {
				continue
			}
			if !strings.Contains(string(source), `"`+module+"/"+folder+`"`) {
				t.Errorf("%s is not in app/%s", folder, list)
			}
			for _, name := range []string{"README.md", "sample.yaml"} {
				if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
					t.Errorf("%s has no %s", folder, name)
				}
			}
		}
	}
	f("ingest", "sources.go")
	f("store", "stores.go")
	f("detect", "methods.go")
	f("forecast", "models.go")
	f("capacity", "planners.go")
	f("act", "targets.go")
	f("notify", "notifiers.go")
}

// The logger that a source is lent names the source already: what it says names it once.
func TestSourcesAreLoggedOnce(t *testing.T) {
	packages(t, func(dir, file string, parsed *ast.File) {
		if dir != "ingest" && !strings.HasPrefix(dir, "ingest/") {
			return
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is {
				return true
			}
			method, is := call.Fun.(*ast.SelectorExpr)
			if !is || !slices.Contains([]string{"With", "Debug", "Info", "Warn", "Error", "Log"}, method.Sel.Name) {
				return true
			}
			for _, arg := range call.Args {
				if key, is := arg.(*ast.BasicLit); is && key.Value == `"source"` {
					t.Errorf("%s: %s names the source again", file, method.Sel.Name)
				}
			}
			return true
		})
	})
}

var pathInGuide = regexp.MustCompile("`([a-z][a-zA-Z0-9_.-]*(?:/[a-zA-Z0-9_.*-]+)+)`|\\]\\(([^)#:]+)(?:#[^)]*)?\\)")

// Each path that a guide names exists.
func TestGuidesNamePathsThatExist(t *testing.T) {
	guides, err := filepath.Glob("docs/decisions/*.md")
	if err != nil {
		t.Fatal(err)
	}
	more, _ := filepath.Glob("docs/*.md")
	guides = append(append(guides, more...), "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
	for _, guide := range guides {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, m := range pathInGuide.FindAllStringSubmatch(string(text), -1) {
			name, base := m[1], "."
			if m[2] != "" {
				name, base = m[2], filepath.Dir(guide)
			} else if first := strings.Split(name, "/")[0]; !isFolder(first) {
				continue // a workload's id, a package of somebody else, a route
			}
			found, _ := filepath.Glob(filepath.Join(base, name))
			if len(found) == 0 {
				t.Errorf("%s names %s, which does not exist", guide, name)
			}
		}
	}
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

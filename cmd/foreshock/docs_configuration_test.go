package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
)

const configurationHead = `# Configuration

Written by ` + "`make generate-docs`" + ` from the code; change it there. [examples/foreshock.yaml](../../examples/foreshock.yaml) is a commented configuration to begin with,
` + "`foreshock init`" + ` writes one from what it finds, ` + "`foreshock check FILE`" + ` says everything that is wrong, and ` + "`foreshock schema`" + ` prints a JSON Schema for editors.

A file is YAML. Every setting may be left out. What is not listed here is refused, with its line. Relative names of files (settings that end in ` + "`_file`" + `) are taken
from the folder of the configuration.

| Kind | How it is written |
| --- | --- |
| duration | ` + "`500ms`, `10s`, `5m`, `2h`, `7d`" + ` |
| number | ` + "`0.25`, `25%`, `4000`, `4k`, `180MiB/s`" + `; k, M, G, T are thousands, KiB, MiB, GiB, TiB powers of 1024. Units of bytes are for bytes only, % for shares |
| whole number | the same without a fraction, and no % |
| words | one of those listed |
| settings | ` + "`name: value`" + `, a line each, indented |
| list of … | a line with ` + "`- `" + ` each |
| names: … | names of your own, each with what follows |

Wherever one value is expected, ` + "`${env:NAME}`" + ` stands for the environment's, and ` + "`${env:NAME:-default}`" + ` for that or a default. Secrets are better in files of their own:
` + "`password_file`" + ` instead of ` + "`password`" + `.
`

// places are the blocks with components: the folder of their stage, what they are, and what is above the list.
var places = []struct{ path, folder, title, about string }{
	{"sources", "ingest", "Sources", "Where readings come from. Each item of `sources` names one; `name:` beside it gives it a name of its own."},
	{"store", "store", "Stores", "Where profiles are kept. The journal is always in the data folder."},
	{"detect.methods", "detect", "Methods", "How deviations are scored. Each item of `detect.methods` names one, with `weight:` beside it (default 1)."},
	{"forecast.models", "forecast", "Models", "What forecasts. Each item of `forecast.models` names one."},
	{"capacity", "capacity", "Planners", "Who is asked before anything grows. Each item of `capacity` names one; all of them must grant."},
	{"notify", "notify", "Notifiers", "Who is told of what happens. Each item of `notify` names one."},
	{"policies_from", "", "Policies from elsewhere", "Where policies come from besides those of the file."},
	{"targets", "act", "Targets", "What can be changed. Each item of `targets` names one; `name:` beside it is what policies call it."},
}

func configurationReference(t *testing.T) string {
	all := app.Settings()
	var b strings.Builder
	b.WriteString(configurationHead + "\n## The top level\n\n")
	writeSettings(&b, "", all.Parts)
	for _, p := range places {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", p.title, p.about)
		at := all
		for name := range strings.SplitSeq(p.path, ".") {
			at = partNamed(t, at, name)
		}
		if at.Of != nil {
			at = at.Of
		}
		for _, component := range at.Parts {
			fmt.Fprintf(&b, "\n### %s\n\n", component.Name)
			if readme := path.Join(p.folder, component.Name, "README.md"); exists("../../" + readme) {
				fmt.Fprintf(&b, "How it works: [%s](../../%s).\n\n", readme, readme)
			}
			if len(component.Parts) == 0 {
				b.WriteString("It has no settings.\n")
				continue
			}
			writeSettings(&b, "", component.Parts)
		}
	}
	return b.String()
}

func partNamed(t *testing.T, s *config.Setting, name string) *config.Setting {
	t.Helper()
	for _, p := range s.Parts {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no setting %s", name)
	return nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// writeSettings writes a table with a row for each setting, those inside others among them.
func writeSettings(b *strings.Builder, prefix string, list []*config.Setting) {
	b.WriteString("| Setting | Kind | Default | What it is |\n| --- | --- | --- | --- |\n")
	eachSetting(prefix, list, func(name string, s *config.Setting) {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, kindText(s), defaultText(s), cell(s.About))
	})
}

// eachSetting calls f for each setting. Components have tables of their own.
func eachSetting(prefix string, list []*config.Setting, f func(name string, s *config.Setting)) {
	for _, s := range list {
		name := prefix + s.Name
		f(name, s)
		for s.Of != nil {
			if s.Kind == config.List {
				name += "[]"
			} else {
				name += ".NAME"
			}
			s = s.Of
		}
		if s.Kind == config.Block {
			eachSetting(name+".", s.Parts, f)
		}
	}
}

func kindText(s *config.Setting) string {
	switch s.Kind {
	case config.List:
		return "list of " + kindText(s.Of)
	case config.Map:
		if s.Values != nil {
			return strings.Join(s.Values, ", ") + ": " + kindText(s.Of)
		}
		return "names: " + kindText(s.Of)
	case config.Word:
		if s.Values != nil {
			return strings.Join(s.Values, ", ")
		}
		return "text"
	}
	return string(s.Kind)
}

func defaultText(s *config.Setting) string {
	if s.Default == nil {
		return ""
	}
	if text, ok := s.Default.(string); ok {
		return "`" + strings.ReplaceAll(text, "|", "\\|") + "`"
	}
	text, err := json.Marshal(s.Default)
	if err != nil {
		return err.Error()
	}
	return "`" + strings.ReplaceAll(string(text), "|", "\\|") + "`"
}

// cell makes text that of one cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "<", "\\<", "*", "\\*").Replace(strings.Join(strings.Fields(text), " "))
}

package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schema is the schema as other programs read it.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(Settings().Schema())
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("foreshock.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("foreshock.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// document reads YAML as a schema's program does.
func document(t *testing.T, text string) any {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The samples of all components and the commented configuration keep the schema.
func TestExamplesKeepTheSchema(t *testing.T) {
	s := schema(t)
	files, err := filepath.Glob("../*/*/sample.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	files = slices.DeleteFunc(files, func(file string) bool { return strings.HasPrefix(file, "../examples/") }) // of targets that are not built in
	for _, file := range append(files, "../examples/foreshock.yaml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(document(t, string(text))); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// What guides show of configurations keeps the schema, wherever it is a whole file.
func TestGuidesKeepTheSchema(t *testing.T) {
	s, all := schema(t), Settings()
	seen := 0
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../*/README.md", "../*/*/README.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, block := range strings.Split(string(text), "\n```yaml\n")[1:] {
				block, _, _ = strings.Cut(block, "\n```")
				if strings.HasPrefix(file, "../examples/") || !wholeFile(all, block) {
					continue
				}
				seen++
				if err := s.Validate(document(t, block)); err != nil {
					t.Errorf("%s: %v in:\n%s", file, err, block)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d were found", seen)
	}
}

// wholeFile says whether a block's settings are those of the top level.
func wholeFile(all *config.Setting, block string) bool {
	for line := range strings.Lines(block) {
		name, _, isKey := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(line, " ") || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "-") || strings.TrimSpace(line) == "":
		case !isKey || !slices.ContainsFunc(all.Parts, func(s *config.Setting) bool { return s.Name == name }):
			return false
		}
	}
	return !strings.HasPrefix(block, " ")
}

// written is a file in which a component has one setting.
func written(place, component, setting string) string {
	block := fmt.Sprintf("{%s: {%s}}", component, setting)
	stage, list, deep := strings.Cut(place, ".")
	switch {
	case deep:
		return fmt.Sprintf("%s:\n  %s:\n    - %s\n", stage, list, block)
	case place == "store" || place == "policies_from":
		return fmt.Sprintf("%s:\n  %s\n", place, block)
	}
	return fmt.Sprintf("%s:\n  - %s\n", place, block)
}

// A setting that no component knows is refused by the schema, and by the program with its line.
func TestUnknownSettingsAreRefused(t *testing.T) {
	s := schema(t)
	for place, parts := range components() {
		for _, part := range parts {
			text := written(place, part.Name, "no_such_setting: 1")
			if s.Validate(document(t, text)) == nil {
				t.Errorf("the schema takes:\n%s", text)
			}
			c, err := config.Parse("f.yaml", []byte(text))
			if err == nil {
				err = Check(c)
			}
			var faults config.Faults
			if !errors.As(err, &faults) {
				t.Errorf("%v for:\n%s", err, text)
				continue
			}
			found := false
			for _, f := range faults {
				found = found || f.Line > 0 && strings.HasSuffix(f.Path, part.Name+".no_such_setting")
			}
			if !found {
				t.Errorf("%v for:\n%s", err, text)
			}
		}
	}
}

// Every setting of every component is in the schema, and said in words.
func TestSchemaHasEverySetting(t *testing.T) {
	all := Settings()
	count := 0
	for place, parts := range components() {
		at := all
		for name := range strings.SplitSeq(place, ".") {
			at = part(t, at, name)
		}
		if at.Kind == config.List {
			at = at.Of
		}
		for _, p := range parts {
			of := part(t, at, p.Name)
			count += fields(t, place+"."+p.Name, reflect.TypeOf(p.Settings).Elem(), of)
		}
	}
	if count < 200 {
		t.Errorf("only %d settings were found", count)
	}
}

func part(t *testing.T, s *config.Setting, name string) *config.Setting {
	t.Helper()
	for _, p := range s.Parts {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("%s is not described", name)
	return nil
}

// fields goes through the fields of a struct, as one writes them.
func fields(t *testing.T, path string, of reflect.Type, s *config.Setting) (count int) {
	t.Helper()
	for i := range of.NumField() {
		f := of.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if option == "inline" {
			count += fields(t, path, f.Type, s)
			continue
		}
		if name == "" {
			continue
		}
		is := part(t, s, name)
		count++
		inner := f.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice || inner.Kind() == reflect.Map {
			inner = inner.Elem()
		}
		for is.Of != nil {
			is = is.Of
		}
		if inner.Kind() == reflect.Struct && is.Kind == config.Block {
			count += fields(t, path+"."+name, inner, is)
		}
	}
	return count
}

// What may be written in several ways keeps the schema in each, and what means nothing does not.
func TestValuesInTheSchema(t *testing.T) {
	s := schema(t)
	f := func(text string, want bool) {
		t.Helper()
		if err := s.Validate(document(t, text)); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
		_, err := config.Parse("f.yaml", []byte(text))
		if (err == nil) != want {
			t.Errorf("%s: the program says %v", text, err)
		}
	}
	t.Setenv("STEP", "20s")
	f("step: 10s", true)
	f("step: ${env:STEP}", true)
	f("step: soon", false)
	f("limits: {workloads: 100k, journal: 10GiB}", true)
	f("limits: {workloads: many}", false)
	f("mode: auto", true)
	f("mode: atuo", false)
	f("log:", true)
	f("stp: 10s", false)
	f("sources: [{host: {}, name: here}]", true)
	f("sources: [{host: {}, ebpf: {}}]", false)
	f("sources: [{name: here}]", false)
}

// Sources know how far back profiles keep what they learn.
func TestSourcesKnowTheHistory(t *testing.T) {
	known := sources
	defer func() { sources = known }()
	var told ingest.Env
	sources = []ingest.Factory{{Name: "mine", New: func(_ func(any) error, env ingest.Env) (ingest.Source, error) {
		told = env
		return nil, nil
	}}}
	c, err := config.Parse("f.yaml", []byte("profile: {history: 21d}\nsources:\n- mine: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(c); err != nil || told.History != 21*24*time.Hour {
		t.Errorf("the source is told of %s: %v", told.History, err)
	}
}

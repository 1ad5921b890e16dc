package main

import (
	"encoding"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

const eventsHead = `# Events of the journal

Written by ` + "`make generate-docs`" + ` from the code; change it there. ` + "`foreshock events -o json`" + ` lists events, ` + "`GET /api/v1/events`" + ` answers with them, and
` + "`foreshock replay -o json`" + ` prints those of recorded data. Each has a number, a time and a type, and one part of the type's name.

Times are RFC 3339 in UTC, lengths of time nanoseconds, and what can be absent is left out where it is. Readings by metric and amounts by dimension are objects with the names of the
metrics and dimensions that there are.

| Type | When |
| --- | --- |
`

// eventWhen says when an event of a type is written.
var eventWhen = map[string]string{
	foreshock.EventAnomaly: "an anomaly began, changed its severity, or ended", foreshock.EventDecision: "a decision said something new, also that nothing is done",
	foreshock.EventReservation: "a planner granted or refused capacity, or took it back", foreshock.EventAction: "an action came to another state",
	foreshock.EventEvaluation: "an action that took effect was judged", foreshock.EventCorrection: "something was learned, by itself or from a person, or undone",
	foreshock.EventPolicy:  "a policy is new, or other than before",
	foreshock.EventOpinion: "a person said what they think of an anomaly", foreshock.EventFollowUp: "what came of an action that a policy in mode observe would have taken",
	foreshock.EventPause: "actions were paused or may go on", foreshock.EventNote: "the program started, stopped or was reloaded, or a workload was forgotten that was not heard of for long",
}

func eventReference(t *testing.T) string {
	said := rootComments(t)
	var b strings.Builder
	b.WriteString(eventsHead)
	var types []string
	for name := range eventWhen {
		types = append(types, name)
	}
	sort.Strings(types)
	if !slices.Equal(types, slices.Sorted(slices.Values(foreshock.EventTypes()))) {
		t.Errorf("%q are described, and there is: %q", types, foreshock.EventTypes())
	}
	for _, name := range types {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, eventWhen[name])
	}
	b.WriteString("\n## Every event\n\n| Field | Kind | What it is |\n| --- | --- | --- |\n")
	event := reflect.TypeFor[foreshock.Event]()
	for i := range event.NumField() {
		if f := event.Field(i); f.Type.Kind() != reflect.Pointer {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", jsonName(f), jsonKind(f.Type), cell(said["Event."+f.Name]))
		}
	}
	for i := range event.NumField() {
		f := event.Field(i)
		if f.Type.Kind() != reflect.Pointer {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| Field | Kind | What it is |\n| --- | --- | --- |\n", jsonName(f), said[f.Type.Elem().Name()])
		eventFields(&b, jsonName(f), f.Type.Elem(), said)
	}
	return b.String()
}

// eventFields writes a row for each field, those of what is inside among them.
func eventFields(b *strings.Builder, path string, t reflect.Type, said map[string]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := jsonName(f)
		if !f.IsExported() || name == "" {
			continue
		}
		at, inner := path+"."+name, f.Type
		for again := true; again; {
			switch inner.Kind() {
			case reflect.Pointer:
				inner = inner.Elem()
			case reflect.Slice:
				at, inner = at+"[]", inner.Elem()
			case reflect.Map:
				at, inner = at+".NAME", inner.Elem()
			default:
				again = false
			}
		}
		about := said[t.Name()+"."+f.Name]
		if about == "" {
			about = said[inner.Name()]
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", at, jsonKind(inner), cell(about))
		if jsonKind(inner) == "object" {
			eventFields(b, at, inner, said)
		}
	}
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// jsonKind says how a type is written in JSON.
func jsonKind(t reflect.Type) string {
	p := reflect.PointerTo(t)
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time"
	case t == reflect.TypeFor[time.Duration]():
		return "nanoseconds"
	case t == reflect.TypeFor[foreshock.Values]():
		return "readings by metric"
	case t == reflect.TypeFor[foreshock.Allocation]():
		return "amounts by dimension"
	case p.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return "word"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct:
		return "object"
	}
	return "number"
}

// rootComments has what the source says of the root's types and their fields.
func rootComments(t *testing.T) map[string]string {
	files, err := filepath.Glob("../../*.go")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			d, ok := n.(*ast.GenDecl)
			if !ok || d.Tok != token.TYPE {
				return true
			}
			for _, spec := range d.Specs {
				spec, _ := spec.(*ast.TypeSpec)
				said[spec.Name.Name] = strings.TrimSpace(d.Doc.Text())
				body, ok := spec.Type.(*ast.StructType)
				if !ok {
					continue
				}
				for _, f := range body.Fields.List {
					for _, name := range f.Names {
						said[spec.Name.Name+"."+name.Name] = strings.TrimSpace(f.Doc.Text() + " " + f.Comment.Text())
					}
				}
			}
			return false
		})
	}
	return said
}

// Package schematest holds what is written as JSON against what a description says of it.
package schematest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Description is an OpenAPI document whose schemas are taken strictly: what an object has, it must be said to have.
type Description struct {
	Paths    map[string]map[string]any
	compiler *jsonschema.Compiler
}

const name = "openapi.json"

// Read reads a description.
func Read(t testing.TB, text []byte) *Description {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	d := &Description{compiler: jsonschema.NewCompiler()}
	var parts struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal(text, &parts); err != nil {
		t.Fatal(err)
	}
	d.Paths = parts.Paths
	strict(doc.(map[string]any)["components"])
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	return d
}

func strict(v any) {
	switch x := v.(type) {
	case map[string]any:
		for _, inner := range x {
			strict(inner)
		}
		if _, object := x["properties"].(map[string]any); object && x["type"] == "object" {
			x["additionalProperties"] = false
		}
	case []any:
		for _, inner := range x {
			strict(inner)
		}
	}
}

// Answer says in what a text is not an answer of a status to a method on a path, in its description's words; nil: it is one.
func (d *Description) Answer(t testing.TB, method, path, status, kind string, text []byte) error {
	t.Helper()
	parts := []string{"paths", path, strings.ToLower(method), "responses", status, "content", kind, "schema"}
	for i := range parts {
		parts[i] = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(parts[i])
	}
	s, err := d.compiler.Compile(name + "#/" + strings.Join(parts, "/"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// fromEnvironment is how a value of any kind may be written instead.
const fromEnvironment = `\$\{env:`

// definition names the definition of a kind.
func definition(k Kind) string { return strings.ReplaceAll(string(k), " ", "_") }

// Schema is the JSON Schema (2020-12) of a file, for editors and for whoever writes files by program.
func (s *Setting) Schema() map[string]any {
	defs := definitions{}
	schema := defs.schema(s)
	schema["$schema"], schema["title"], schema["$defs"] = "https://json-schema.org/draft/2020-12/schema", "Configuration of Foreshock", defs
	return schema
}

// definitions say what may be written for single values.
type definitions map[string]any

// refer gives a reference to the definition of a setting's values, which is there then.
func (d definitions) refer(s *Setting) map[string]any {
	name := s.form
	if name == "" {
		name = definition(s.Kind)
	}
	form := map[string]any{}
	if s.Pattern != "" {
		form["pattern"] = s.Pattern + "|" + fromEnvironment
	}
	switch s.Kind {
	case Duration:
		form["type"], form["minimum"], form["maximum"] = []string{"string", "integer", "null"}, 0, 0
	case Number:
		form["type"] = []string{"number", "string", "null"}
	case Whole:
		form["type"] = []string{"integer", "string", "null"}
	case Truth:
		form["type"], form["pattern"] = []string{"boolean", "string", "null"}, "^(true|false)$|"+fromEnvironment
	default:
		form["type"] = []string{"string", "number", "boolean", "null"}
	}
	d[name] = form
	return map[string]any{"$ref": "#/$defs/" + name}
}

func (d definitions) schema(s *Setting) map[string]any {
	schema := map[string]any{}
	switch s.Kind {
	case Word:
		schema["anyOf"] = d.word(s)
	case Block:
		schema["type"], schema["additionalProperties"], schema["properties"] = []string{"object", "null"}, false, d.properties(s.Parts)
		if s.per != nil {
			schema["allOf"] = d.dependent(s)
		}
	case List:
		schema["type"], schema["items"] = []string{"array", "null"}, d.schema(s.Of)
	case Map:
		schema["type"], schema["additionalProperties"] = []string{"object", "null"}, d.schema(s.Of)
		if s.Values != nil {
			schema["propertyNames"] = map[string]any{"enum": s.Values}
		}
		if s.Parts != nil {
			schema["properties"] = d.properties(s.Parts)
		}
	case Component:
		d.component(s, schema)
	default:
		schema = d.refer(s)
	}
	if s.About != "" {
		schema["description"] = s.About
	}
	if s.Default != nil {
		schema["default"] = s.Default
	}
	return schema
}

func (d definitions) word(s *Setting) []any {
	if s.Values == nil {
		return []any{d.refer(&Setting{Kind: Text})}
	}
	return []any{map[string]any{"enum": s.Values}, map[string]any{"type": "null"}, map[string]any{"type": "string", "pattern": fromEnvironment}}
}

func (d definitions) properties(parts []*Setting) map[string]any {
	list := map[string]any{}
	for _, part := range parts {
		list[part.Name] = d.schema(part)
	}
	return list
}

// dependent says what amounts are, for each dimension that a block may state beside them.
func (d definitions) dependent(s *Setting) []any {
	all := d.properties(s.Parts)
	var list []any
	for _, dim := range slices.Sorted(maps.Keys(s.per)) {
		of := d.properties(s.per[dim])
		maps.DeleteFunc(of, func(name string, schema any) bool { return reflect.DeepEqual(schema, all[name]) })
		list = append(list, map[string]any{
			"if":   map[string]any{"required": []string{"dimension"}, "properties": map[string]any{"dimension": map[string]any{"const": dim}}},
			"then": map[string]any{"properties": of},
		})
	}
	return list
}

// component is an item that names one of the components, and nothing but that.
func (d definitions) component(s *Setting, schema map[string]any) {
	properties := d.properties(s.Parts)
	var one []any
	for _, part := range s.Parts {
		one = append(one, map[string]any{"required": []string{part.Name}})
	}
	if s.Individual {
		properties["name"] = d.schema(&Setting{Kind: Text, About: fmt.Sprintf("its own name; default the component's (%s)", names(s.Parts))})
	}
	if !s.Weighted {
		schema["type"], schema["additionalProperties"], schema["properties"], schema["oneOf"] = "object", false, properties, one
		return
	}
	properties["weight"] = d.schema(&Setting{Kind: Number, Pattern: pure.pattern(false), About: "how much it counts; default 1", Default: 1})
	schema["anyOf"] = []any{
		map[string]any{"enum": strings.Split(names(s.Parts), ", ")},
		map[string]any{"type": "object", "additionalProperties": false, "properties": properties, "oneOf": one},
	}
}

func names(list []*Setting) string {
	var text []string
	for _, s := range list {
		text = append(text, s.Name)
	}
	return strings.Join(text, ", ")
}

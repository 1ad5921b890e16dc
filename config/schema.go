package config

import (
	"fmt"
	"strings"
)

// fromEnvironment is how a value of any kind may be written instead.
const fromEnvironment = `\$\{env:`

// forms are the definitions of the schema: what may be written for each kind of value.
var forms = map[Kind]any{
	Duration: map[string]any{"type": []string{"string", "integer", "null"}, "pattern": `^-?([0-9.]+(ns|us|µs|ms|s|m|h|d|w|y))+$|^0$|` + fromEnvironment, "minimum": 0, "maximum": 0},
	Number:   map[string]any{"type": []string{"number", "string", "null"}, "pattern": `^[-+0-9.eE_]+\s*(%|[kMGT]|[KMGT]?B|[KMGT]iB)?(/s)?$|` + fromEnvironment},
	Whole:    map[string]any{"type": []string{"integer", "string", "null"}, "pattern": `^[-+0-9.eE_]+\s*(%|[kMGT]|[KMGT]?B|[KMGT]iB)?(/s)?$|` + fromEnvironment},
	Truth:    map[string]any{"type": []string{"boolean", "string", "null"}, "pattern": `^(true|false)$|` + fromEnvironment},
	Text:     map[string]any{"type": []string{"string", "number", "boolean", "null"}},
}

// definition names the definition of a kind.
func definition(k Kind) string { return strings.ReplaceAll(string(k), " ", "_") }

// Schema is the JSON Schema (2020-12) of a file, for editors and for whoever writes files by program.
func (s *Setting) Schema() map[string]any {
	defs := map[string]any{}
	for kind, form := range forms {
		defs[definition(kind)] = form
	}
	schema := s.schema()
	schema["$schema"], schema["title"], schema["$defs"] = "https://json-schema.org/draft/2020-12/schema", "Configuration of Foreshock", defs
	return schema
}

func (s *Setting) schema() map[string]any {
	schema := map[string]any{}
	switch s.Kind {
	case Word:
		schema["anyOf"] = s.word()
	case Block:
		schema["type"], schema["additionalProperties"], schema["properties"] = []string{"object", "null"}, false, s.properties()
	case List:
		schema["type"], schema["items"] = []string{"array", "null"}, s.Of.schema()
	case Map:
		schema["type"], schema["additionalProperties"] = []string{"object", "null"}, s.Of.schema()
		if s.Values != nil {
			schema["propertyNames"] = map[string]any{"enum": s.Values}
		}
	case Component:
		s.component(schema)
	default:
		schema["$ref"] = "#/$defs/" + definition(s.Kind)
	}
	if s.About != "" {
		schema["description"] = s.About
	}
	if s.Default != nil {
		schema["default"] = s.Default
	}
	return schema
}

func (s *Setting) word() []any {
	if s.Values == nil {
		return []any{map[string]any{"$ref": "#/$defs/" + definition(Text)}}
	}
	return []any{map[string]any{"enum": s.Values}, map[string]any{"type": "null"}, map[string]any{"type": "string", "pattern": fromEnvironment}}
}

func (s *Setting) properties() map[string]any {
	list := map[string]any{}
	for _, part := range s.Parts {
		list[part.Name] = part.schema()
	}
	return list
}

// component is an item that names one of the components, and nothing but that.
func (s *Setting) component(schema map[string]any) {
	properties := s.properties()
	var one []any
	for _, part := range s.Parts {
		one = append(one, map[string]any{"required": []string{part.Name}})
	}
	if s.Individual {
		properties["name"] = map[string]any{"$ref": "#/$defs/" + definition(Text), "description": fmt.Sprintf("its own name; default the component's (%s)", names(s.Parts))}
	}
	if !s.Weighted {
		schema["type"], schema["additionalProperties"], schema["properties"], schema["oneOf"] = "object", false, properties, one
		return
	}
	properties["weight"] = map[string]any{"$ref": "#/$defs/" + definition(Number), "description": "how much it counts; default 1", "default": 1}
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

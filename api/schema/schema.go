// Package schema describes Go types as JSON Schema (2020-12, as OpenAPI 3.1 has it), by the same tags by which encoding/json writes them.
package schema

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Schema is a JSON Schema. The zero value allows everything.
type Schema struct {
	Ref         string             `json:"$ref,omitempty"`
	Type        any                `json:"type,omitempty"` // a name, or a list of names
	Format      string             `json:"format,omitempty"`
	Description string             `json:"description,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Minimum     *float64           `json:"minimum,omitempty"`
	Properties  map[string]*Schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Items       *Schema            `json:"items,omitempty"`
	Values      *Schema            `json:"additionalProperties,omitempty"` // of a map
	AnyOf       []*Schema          `json:"anyOf,omitempty"`
}

// Set is schemas of types that refer to one another by the prefix and their names. Types that write themselves, and are no text, have theirs told with Tell.
type Set struct {
	prefix string // "#/components/schemas/"
	told   map[reflect.Type]*Schema
	names  map[string]reflect.Type
	byName map[string]*Schema
}

// NewSet makes a set. References begin with prefix.
func NewSet(prefix string) *Set {
	return &Set{prefix: prefix, told: map[reflect.Type]*Schema{}, names: map[string]reflect.Type{}, byName: map[string]*Schema{}}
}

// Tell says what the schema of a type is.
func (s *Set) Tell(t reflect.Type, schema *Schema) { s.told[t] = schema }

// Named are the schemas that are referred to.
func (s *Set) Named() map[string]*Schema { return s.byName }

var (
	timeType  = reflect.TypeFor[time.Time]()
	textType  = reflect.TypeFor[encoding.TextMarshaler]()
	ownType   = reflect.TypeFor[json.Marshaler]()
	unsigned  = 0.0
	ofNumbers = map[reflect.Kind]*Schema{
		reflect.Bool: {Type: "boolean"}, reflect.String: {Type: "string"}, reflect.Float64: {Type: "number"}, reflect.Float32: {Type: "number"},
		reflect.Int: {Type: "integer"}, reflect.Int8: {Type: "integer"}, reflect.Int16: {Type: "integer"}, reflect.Int32: {Type: "integer"}, reflect.Int64: {Type: "integer"},
		reflect.Uint: {Type: "integer", Minimum: &unsigned}, reflect.Uint8: {Type: "integer", Minimum: &unsigned}, reflect.Uint16: {Type: "integer", Minimum: &unsigned},
		reflect.Uint32: {Type: "integer", Minimum: &unsigned}, reflect.Uint64: {Type: "integer", Minimum: &unsigned},
	}
)

// Of gives the schema of a type. It panics on a type that encoding/json cannot write, and on one that writes itself and was not told of.
func (s *Set) Of(t reflect.Type) *Schema {
	if told := s.told[t]; told != nil {
		return s.named(t, func() *Schema { return told })
	}
	switch {
	case t == timeType:
		return &Schema{Type: "string", Format: "date-time"}
	case t.Kind() == reflect.Pointer:
		return s.Of(t.Elem())
	case t.Implements(textType):
		return s.named(t, func() *Schema { return &Schema{Type: "string", Enum: words(t)} })
	case t.Implements(ownType):
		panic(fmt.Sprintf("schema: %s writes itself; tell how", t))
	}
	switch t.Kind() {
	case reflect.Struct:
		if t.Name() == "" {
			return s.object(t)
		}
		return s.named(t, func() *Schema { return s.object(t) })
	case reflect.Slice, reflect.Array:
		return &Schema{Type: "array", Items: s.Of(t.Elem())}
	case reflect.Map:
		return &Schema{Type: "object", Values: s.Of(t.Elem())}
	case reflect.Interface:
		return &Schema{}
	}
	known := ofNumbers[t.Kind()]
	if known == nil {
		panic(fmt.Sprintf("schema: %s cannot be written as JSON", t))
	}
	plain := *known
	return &plain
}

// named keeps the schema of a type under its name, and gives a reference to it. Of two types with one name, the second has its package before it.
func (s *Set) named(t reflect.Type, make func() *Schema) *Schema {
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	if other, taken := s.names[name]; taken && other != t {
		dir := t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:]
		name = strings.ToUpper(dir[:1]) + dir[1:] + name
	}
	if _, known := s.names[name]; !known {
		s.names[name] = t
		s.byName[name] = make()
	}
	return &Schema{Ref: s.prefix + name}
}

// words are the texts of a type of few values, which are numbered from 0 and read back as they are written.
func words(t reflect.Type) []string {
	if _, reads := reflect.New(t).Interface().(encoding.TextUnmarshaler); !reads || t.Kind() != reflect.Uint8 {
		return nil
	}
	var list []string
	for i := range uint64(256) {
		v := reflect.New(t)
		v.Elem().SetUint(i)
		text, ok := wordOf(v.Elem().Interface().(encoding.TextMarshaler))
		if !ok || v.Interface().(encoding.TextUnmarshaler).UnmarshalText(text) != nil || v.Elem().Uint() != i {
			break
		}
		list = append(list, string(text))
	}
	return list
}

// wordOf writes a value; ok is false where there is none, which some types answer with a panic.
func wordOf(m encoding.TextMarshaler) (text []byte, ok bool) {
	defer func() { _ = recover() }()
	text, err := m.MarshalText()
	return text, err == nil
}

func (s *Set) object(t reflect.Type) *Schema {
	o := &Schema{Type: "object", Properties: map[string]*Schema{}}
	s.fields(t, o)
	slices.Sort(o.Required)
	return o
}

// fields puts the fields of a struct into o, those of embedded structs among them.
func (s *Set) fields(t reflect.Type, o *Schema) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			s.fields(f.Type, o)
			continue
		case !f.IsExported() || name == "-":
			continue
		case name == "":
			name = f.Name
		}
		v := s.Of(f.Type)
		if strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero") {
			o.Properties[name] = v
			continue
		}
		o.Required = append(o.Required, name)
		switch f.Type.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
			v = orNull(v)
		}
		o.Properties[name] = v
	}
}

// orNull allows null as well, as encoding/json writes what is not there.
func orNull(v *Schema) *Schema {
	switch {
	case v.Ref != "":
		return &Schema{AnyOf: []*Schema{v, {Type: "null"}}}
	case v.Type != nil:
		v.Type = []any{v.Type, "null"}
	}
	return v
}

package config

import (
	_ "embed"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/prometheus/common/model"
)

// Setting describes what may stand at one place of a file, as the types say into which it is decoded.
type Setting struct {
	Name       string
	Kind       Kind
	About      string     // what it is, with its unit and default, as the code has it; "" where that says nothing
	Default    any        // as JSON has it; nil: none, or one that the code works out
	Values     []string   // of a Word: all that there are; of a Map: all keys. nil: any
	Pattern    string     // of a Duration, Number or Whole number: a regular expression of what may be written as text
	Parts      []*Setting // of a Block: its settings; of a Component: those of each component, by its name; of a Map: its items by their key, where they differ
	Of         *Setting   // of a List or Map: its items
	Individual bool       // of a Component: an instance may have a name of its own
	Weighted   bool       // of a Component: it may have a weight, and its name alone stands for it without settings

	form string                // the definition in the schema, where it is not that of the kind
	per  map[string][]*Setting // of a Block: its settings by what stands for dimension in it
}

// Kind is what is written for a setting.
type Kind string

// The kinds of settings.
const (
	Duration  Kind = "duration"      // 500ms, 10s, 5m, 2h, 7d
	Number    Kind = "number"        // 0.25, 25%, 4k, 180MiB/s, as what is counted allows
	Whole     Kind = "whole number"  // 4000, 4k
	Truth     Kind = "true or false" //
	Text      Kind = "text"          //
	Word      Kind = "word"          // text of a form of its own, most often one of a few words
	Block     Kind = "settings"      // name: value
	List      Kind = "list"          // - item
	Map       Kind = "names"         // a name of one's own: value
	Component Kind = "component"     // {name of the component: its settings}
)

// Part is a component that may stand at a place, with its settings as they are when nothing is stated: a pointer to a struct.
type Part struct {
	Name     string
	Settings any
}

// Places say what stands where this package leaves it to others: by path ("detect.methods"), the settings of a block, or the components.
type Places struct {
	Blocks     map[string]any
	Components map[string][]Part

	unit unit // what a number counts
}

// Describe describes all that a file may have.
func Describe(p Places) *Setting {
	d := Default()
	p.unit = pure
	return p.describe("", reflect.ValueOf(&d).Elem())
}

//go:embed comments.json
var commentsJSON []byte

// comments has what the code says of each field of a struct with settings, by package, type and field; of a type itself under its name.
// It is made from the source by the tests of this package.
var comments = func() map[string]string {
	var list map[string]string
	if err := json.Unmarshal(commentsJSON, &list); err != nil {
		panic("config: comments.json: " + err.Error()) // it is a part of the program
	}
	return list
}()

// describe describes the value v at a path.
func (p Places) describe(path string, v reflect.Value) *Setting {
	switch {
	case v.Type() == nodeType, v.Type() == reflect.TypeFor[Named](), v.Type() == reflect.TypeFor[[]Node](), v.Type() == reflect.TypeFor[[]Named]():
		return p.place(path, v.Kind() == reflect.Slice)
	case v.Type() == durationType:
		return &Setting{Kind: Duration, Pattern: durationPattern, Default: durationText(time.Duration(v.Int()))}
	case reflect.PointerTo(v.Type()).Implements(textType):
		s := &Setting{Kind: Word, Values: words(v.Type())}
		if t, ok := v.Interface().(fmt.Stringer); ok && !v.IsZero() || ok && s.Values != nil {
			s.Default = t.String()
		}
		return s
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v = reflect.New(v.Type().Elem())
		}
		return p.describe(path, v.Elem())
	case reflect.Struct:
		return p.block(path, v)
	case reflect.Map:
		s := &Setting{Kind: Map, Values: words(v.Type().Key()), Of: p.item(path, v.Type().Elem()), Default: whole(v)}
		if v.Type().Key() == reflect.TypeFor[foreshock.Dimension]() {
			for dim, u := range counted {
				of := p.counting(u).item(path, v.Type().Elem())
				of.Name = foreshock.Dimension(dim).String()
				s.Parts = append(s.Parts, of)
			}
		}
		return s
	case reflect.Slice:
		return &Setting{Kind: List, Of: p.item(path, v.Type().Elem()), Default: whole(v)}
	}
	return p.scalar(v)
}

// counting are the places where a number counts something else.
func (p Places) counting(u unit) Places {
	p.unit = u
	return p
}

// block describes a struct.
func (p Places) block(path string, v reflect.Value) *Setting {
	s := &Setting{Kind: Block}
	p.fields(path, v, s)
	if slices.ContainsFunc(s.Parts, func(part *Setting) bool { return part.Name == "dimension" }) {
		of := Setting{}
		p.counting(amount).fields(path, v, &of)
		s.Parts, s.per = of.Parts, map[string][]*Setting{}
		for dim, u := range counted {
			of := Setting{}
			p.counting(u).fields(path, v, &of)
			s.per[foreshock.Dimension(dim).String()] = of.Parts
		}
	}
	return s
}

// item describes an item of a list or map, which is there only when it is written.
func (p Places) item(path string, t reflect.Type) *Setting {
	s := p.describe(path+"[]", reflect.New(t).Elem())
	s.Default = nil
	return s
}

func (p Places) scalar(v reflect.Value) *Setting {
	s := &Setting{Kind: Text}
	switch v.Kind() {
	case reflect.Bool:
		s.Kind = Truth
	case reflect.Float64, reflect.Float32:
		s.Kind = Number
	case reflect.String:
	default:
		s.Kind = Whole
	}
	if !v.IsZero() || s.Kind == Truth {
		s.Default = v.Interface()
	}
	if s.Kind == Number || s.Kind == Whole {
		s.Pattern = p.unit.pattern(s.Kind == Whole)
		if p.unit.name != "" {
			s.form = definition(s.Kind) + "_of_" + p.unit.name
		}
	}
	return s
}

// place describes what others know.
func (p Places) place(path string, list bool) *Setting {
	var s *Setting
	if parts, ok := p.Components[path]; ok {
		s = &Setting{Kind: Component, Weighted: strings.Contains(path, ".")}
		s.Individual = !s.Weighted
		for _, part := range parts {
			of := p.describe(path+"."+part.Name, reflect.ValueOf(part.Settings).Elem())
			of.Name = part.Name
			s.Parts = append(s.Parts, of)
		}
	} else {
		block, ok := p.Blocks[path]
		if !ok {
			panic("config: nothing says what stands at " + path) // a caller's mistake: it knows what it decodes there
		}
		s = p.describe(path, reflect.ValueOf(block).Elem())
	}
	if list {
		return &Setting{Kind: List, Of: s}
	}
	return s
}

// fields adds the settings of a struct, those of inline structs among them. What a struct says itself of a place goes over what it has inline.
func (p Places) fields(path string, v reflect.Value, to *Setting) {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() || name == "-":
		case option == "inline" || f.Anonymous:
			p.fields(path, v.Field(i), to)
		default:
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			s := p.counting(unitOf(f, name, p.unit)).describe(join(path, name), v.Field(i))
			s.Name, s.About = name, comments[typeName(t)+"."+f.Name]
			if s.About == "" {
				s.About = comments[typeName(underlying(f.Type))]
			}
			to.Parts = append(to.Parts, s)
		}
	}
}

// underlying is the type of what a pointer, list or map holds.
func underlying(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t
}

// typeName is the package's path and the type's name.
func typeName(t reflect.Type) string { return t.PkgPath() + "." + t.Name() }

// words are the words that a type knows, if it names them when it is given another.
func words(t reflect.Type) []string {
	text, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler)
	if !ok {
		return nil
	}
	err := text.UnmarshalText([]byte("\x00"))
	if err == nil {
		return nil
	}
	_, list, found := strings.Cut(err.Error(), "there is: ")
	if !found {
		return nil
	}
	return strings.Split(list, ", ")
}

func durationText(d time.Duration) any {
	if d == 0 {
		return nil
	}
	if d%time.Millisecond == 0 {
		return model.Duration(d).String()
	}
	return d.String()
}

// whole is a list or map as JSON has it, or nil of an empty one.
func whole(v reflect.Value) any {
	if v.Len() == 0 {
		return nil
	}
	if v.Kind() == reflect.Slice {
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plainValue(v.Index(i))
		}
		return list
	}
	list := map[string]any{}
	for _, key := range v.MapKeys() {
		list[fmt.Sprint(key.Interface())] = plainValue(v.MapIndex(key))
	}
	return list
}

func plainValue(v reflect.Value) any {
	switch {
	case v.Type() == durationType:
		return durationText(time.Duration(v.Int()))
	case v.Kind() == reflect.Struct:
		list := map[string]any{}
		fields := map[string]setting{}
		collect(v, fields, new([]string))
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if !fields[name].IsZero() {
				list[name] = plainValue(fields[name].Value)
			}
		}
		return list
	}
	if t, ok := v.Interface().(fmt.Stringer); ok {
		return t.String()
	}
	return v.Interface()
}

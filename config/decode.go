package config

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/goccy/go-yaml/ast"
	"github.com/prometheus/common/model"
)

// Fault is one thing that is wrong in a file, with where and what to do about it.
type Fault struct {
	File      string
	Line, Col int
	Path      string // "sources[0].host.interval"
	Text      string
}

func (f Fault) Error() string {
	where := f.File
	if f.Line > 0 {
		where += fmt.Sprintf(":%d:%d", f.Line, f.Col)
	}
	if f.Path != "" {
		where += ": " + f.Path
	}
	return where + ": " + f.Text
}

// Faults are all the things wrong in a file.
type Faults []Fault

func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Sort puts them in the order of the lines; those of no line come first.
func (fs Faults) Sort() {
	slices.SortStableFunc(fs, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
}

// Touch says whether one of them is at a path, around it or within it, so that what was read there is not all that is written.
func (fs Faults) Touch(path string) bool {
	return slices.ContainsFunc(fs, func(f Fault) bool { return within(f.Path, path) || within(path, f.Path) })
}

// within says whether a path is another, or that of a part of it.
func within(path, of string) bool {
	rest, begins := strings.CutPrefix(path, of)
	return begins && (rest == "" || of == "" || rest[0] == '.' || rest[0] == '[')
}

// decoder puts YAML nodes into Go values strictly, and goes on after a fault so that all are found at once.
type decoder struct {
	file    string
	literal bool // ${env:NAME} is text like any other
	unit    unit // what a number counts
	faults  *Faults
}

func (d decoder) fault(n ast.Node, path, format string, args ...any) {
	f := Fault{File: d.file, Path: path, Text: fmt.Sprintf(format, args...)}
	if n = begin(n); n != nil && n.GetToken() != nil {
		f.Line, f.Col = n.GetToken().Position.Line, n.GetToken().Position.Column
	}
	*d.faults = append(*d.faults, f)
}

// begin is where a node begins: a mapping in lines of its own has its first colon for a token.
func begin(n ast.Node) ast.Node {
	switch x := n.(type) {
	case *ast.MappingNode:
		if !x.IsFlowStyle && len(x.Values) > 0 {
			return x.Values[0].Key
		}
	case *ast.MappingValueNode:
		return x.Key
	}
	return n
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	nodeType     = reflect.TypeFor[Node]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// into decodes n into v. Keys that v's type does not have are faults.
func (d decoder) into(n ast.Node, path string, v reflect.Value) {
	n = plain(n)
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(Node{decoder: d, node: n, path: path}))
		return
	}
	if _, null := n.(*ast.NullNode); null || n == nil {
		return // an empty value leaves the default
	}
	switch {
	case v.Type() == durationType:
		d.duration(n, path, v)
		return
	case v.CanAddr() && v.Addr().Type().Implements(textType):
		if text, ok := d.text(n, path); ok {
			if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
				d.fault(n, path, "%s", err)
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.into(n, path, v.Elem())
	case reflect.Struct:
		d.structure(n, path, v)
	case reflect.Map:
		d.mapping(n, path, v)
	case reflect.Slice:
		d.sequence(n, path, v)
	default:
		d.scalar(n, path, v)
	}
}

// plain follows anchors, aliases and tags to the value.
func plain(n ast.Node) ast.Node {
	switch x := n.(type) {
	case *ast.AnchorNode:
		return plain(x.Value)
	case *ast.TagNode:
		return plain(x.Value)
	}
	return n
}

// pairs gives the keys and values of a mapping.
func (d decoder) pairs(n ast.Node, path string) []*ast.MappingValueNode {
	switch x := n.(type) {
	case *ast.MappingNode:
		return x.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{x}
	}
	d.fault(n, path, "expected settings (key: value), not %s", kindOf(n))
	return nil
}

func (d decoder) structure(n ast.Node, path string, v reflect.Value) {
	fields := map[string]setting{}
	var names []string
	collect(v, fields, &names)
	if kind := kindOf(n); kind != "settings" {
		d.fault(n, path, "expected settings (key: value), not %s; %s", kind, thereIs(names))
		return
	}
	pairs := d.pairs(n, path)
	d.unit = d.dimension(pairs)
	seen := map[string]bool{}
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		at := join(path, key)
		field, ok := fields[key]
		switch {
		case !ok:
			d.fault(pair.Key, at, "unknown setting; %s", suggest(key, names))
		case seen[key]:
			d.fault(pair.Key, at, "set twice")
		default:
			inner := d
			inner.unit = unitOf(field.field, key, d.unit)
			inner.into(pair.Value, at, field.Value)
		}
		seen[key] = true
	}
}

// dimension is what amounts count beside a setting that names their dimension.
func (d decoder) dimension(pairs []*ast.MappingValueNode) unit {
	for _, pair := range pairs {
		var dim foreshock.Dimension
		if pair.Value != nil && pair.Key.GetToken().Value == "dimension" && dim.UnmarshalText([]byte(pair.Value.GetToken().Value)) == nil {
			return counted[dim]
		}
	}
	return d.unit
}

// setting is where one is put.
type setting struct {
	reflect.Value
	field reflect.StructField
}

// collect lists the settings of a struct, those of embedded (inline) structs among them.
func collect(v reflect.Value, fields map[string]setting, names *[]string) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() || name == "-":
		case option == "inline" || f.Anonymous:
			collect(v.Field(i), fields, names)
		default:
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			if _, outer := fields[name]; !outer { // which stands for that of an inline struct
				*names = append(*names, name)
			}
			fields[name] = setting{v.Field(i), f}
		}
	}
}

func (d decoder) mapping(n ast.Node, path string, v reflect.Value) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for _, pair := range d.pairs(n, path) {
		name := pair.Key.GetToken().Value
		at := join(path, name)
		key := reflect.New(v.Type().Key()).Elem()
		d.into(pair.Key, at, key)
		value := reflect.New(v.Type().Elem()).Elem()
		if old := v.MapIndex(key); old.IsValid() {
			value.Set(old)
		}
		inner := d
		if dim, ok := key.Interface().(foreshock.Dimension); ok {
			inner.unit = counted[dim]
		}
		inner.into(pair.Value, at, value)
		v.SetMapIndex(key, value)
	}
}

func (d decoder) sequence(n ast.Node, path string, v reflect.Value) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		kind, remedy := kindOf(n), ""
		if k := v.Type().Elem().Kind(); k != reflect.Struct && kind != "settings" {
			remedy = "; write [" + kind + "]"
		}
		d.fault(n, path, "expected a list (- item), not %s%s", kind, remedy)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values)))
	for i, item := range list.Values {
		d.into(item, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
	}
}

func (d decoder) duration(n ast.Node, path string, v reflect.Value) {
	text, ok := d.text(n, path)
	if !ok {
		return
	}
	x, err := ParseDuration(text)
	if err != nil {
		d.fault(n, path, "%q is not a duration; write for example 500ms, 10s, 5m, 2h, 7d", text)
		return
	}
	v.SetInt(int64(x))
}

// ParseDuration reads a duration as a configuration states it: as Go writes it (1h30m), or as Prometheus does (7d).
func ParseDuration(text string) (time.Duration, error) {
	if x, err := time.ParseDuration(text); err == nil {
		return x, nil
	}
	x, err := model.ParseDuration(text)
	return time.Duration(x), err
}

func (d decoder) scalar(n ast.Node, path string, v reflect.Value) {
	text, ok := d.text(n, path)
	if !ok {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		switch text {
		case "true", "false":
			v.SetBool(text == "true")
		default:
			d.fault(n, path, "expected true or false, not %q", text)
		}
	case reflect.Float64, reflect.Float32:
		x, err := d.unit.number(text)
		if err != nil {
			d.fault(n, path, "%s", err)
			return
		}
		v.SetFloat(x)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x, err := d.unit.number(text)
		switch {
		case err != nil:
			d.fault(n, path, "%s", err)
		case x != math.Trunc(x) || strings.HasSuffix(text, "%") || math.Abs(x) > 1<<53 || v.OverflowInt(int64(x)):
			d.fault(n, path, "expected a whole number, not %s", text)
		default:
			v.SetInt(int64(x))
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		x, err := d.unit.number(text)
		switch {
		case err != nil:
			d.fault(n, path, "%s", err)
		case x < 0 || x != math.Trunc(x) || strings.HasSuffix(text, "%") || x > 1<<53 || v.OverflowUint(uint64(x)):
			d.fault(n, path, "expected a whole number of at least 0, not %s", text)
		default:
			v.SetUint(uint64(x))
		}
	default:
		panic("config: a setting of kind " + v.Kind().String()) // a caller's mistake: the type of a Config
	}
}

var environment = regexp.MustCompile(`\$\{env:([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}`)

// text gives a scalar as text, with ${env:NAME} and ${env:NAME:-default} replaced. It works on single values, never on the
// file's text, so that a value cannot add settings.
func (d decoder) text(n ast.Node, path string) (string, bool) {
	var text string
	switch x := n.(type) {
	case *ast.StringNode:
		text = x.Value
	case *ast.LiteralNode:
		text = x.Value.Value
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode, *ast.AliasNode, *ast.MergeKeyNode:
		d.fault(n, path, "expected one value, not %s", kindOf(n))
		return "", false
	default:
		return n.GetToken().Value, true
	}
	if d.literal {
		return text, true
	}
	ok := true
	text = environment.ReplaceAllStringFunc(text, func(ref string) string {
		m := environment.FindStringSubmatch(ref)
		if value, set := os.LookupEnv(m[1]); set {
			return value
		}
		if m[2] == "" {
			d.fault(n, path, "the environment has no %s; set it, or give a default with ${env:%s:-value}", m[1], m[1])
			ok = false
		}
		return strings.TrimPrefix(m[2], ":-")
	})
	return text, ok
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "settings"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AliasNode:
		return "an alias (not supported: write out what it stands for)"
	}
	return strconv.Quote(n.GetToken().Value)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// suggest names what there is, the nearest first.
func suggest(key string, names []string) string {
	best, at := 3, ""
	for _, n := range names {
		if dist := distance(key, n); dist < best {
			best, at = dist, n
		}
	}
	if at != "" {
		return fmt.Sprintf("did you mean %s?", at)
	}
	return thereIs(names)
}

func thereIs(names []string) string {
	if len(names) == 0 {
		return "there are no settings here"
	}
	return "there is: " + strings.Join(slices.Sorted(slices.Values(names)), ", ")
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Node is a part of the file that is decoded later, by the component that it is for.
type Node struct {
	decoder decoder
	node    ast.Node
	path    string
	key     ast.Node // where faults are, when node is nil
}

// Given says whether the file has the part.
func (n Node) Given() bool { return n.node != nil }

// Path is where the part stands, for messages.
func (n Node) Path() string { return n.path }

// Decode puts the part over v, a pointer to a struct with the defaults. All faults are in the answer, with their places.
// Relative file names (settings that end in _file) are taken from the folder of the configuration file.
func (n Node) Decode(v any) error {
	var faults Faults
	if n.node != nil {
		d := n.decoder
		d.faults = &faults
		d.into(n.node, n.path, reflect.ValueOf(v).Elem())
		absolute(reflect.ValueOf(v).Elem(), filepath.Dir(n.decoder.file))
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// Fault makes a fault of err at the part's place, or at that of the setting that it says is to be mended (by a method Setting, which gives its path, or
// by beginning with that path); what has its places keeps them.
func (n Node) Fault(err error) Faults {
	var faults, placed Faults
	d := decoder{file: n.decoder.file, faults: &faults}
	at := n.node
	if at == nil {
		at = n.key
	}
	for _, e := range single(err) {
		if errors.As(e, &placed) {
			faults = append(faults, placed...)
			continue
		}
		setting := e.Error()
		var says interface{ Setting() string }
		if errors.As(e, &says) {
			setting = says.Setting()
		}
		d.fault(placeOf(at, setting), n.path, "%s", e)
	}
	return faults
}

// single are the errors that are joined in one, and what is told in several lines as one each.
func single(err error) (list []error) {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			list = append(list, single(e)...)
		}
		return list
	}
	var placed Faults
	if text := err.Error(); !errors.As(err, &placed) && strings.Contains(text, "\n") {
		for line := range strings.SplitSeq(text, "\n") {
			list = append(list, errors.New(line))
		}
		return list
	}
	return []error{err}
}

// segment is a name or an index of a path such as windows[1].from.
var segment = regexp.MustCompile(`^(?:\.?([a-z_0-9]+)|\[([0-9]+)\])`)

// placeOf is what stands at a path, as far as it is there; "pools[0]: draws[1]: workload" is one as well. What follows a path is left: "bounds.iops.max 300 is
// below min".
func placeOf(n ast.Node, text string) ast.Node {
	text = strings.TrimPrefix(text, ": ")
	m := segment.FindStringSubmatch(text)
	if m == nil {
		return n
	}
	rest := text[len(m[0]):]
	switch x := plain(n).(type) {
	case *ast.SequenceNode:
		if i, err := strconv.Atoi(m[2]); err == nil && i < len(x.Values) {
			return placeOf(x.Values[i], rest)
		}
	case *ast.MappingNode:
		for _, pair := range x.Values {
			if m[1] != "" && pair.Key.GetToken().Value == m[1] {
				return placeOf(pair.Value, rest)
			}
		}
	case *ast.MappingValueNode:
		if m[1] != "" && x.Key.GetToken().Value == m[1] {
			return placeOf(x.Value, rest)
		}
	}
	return n
}

// absolute makes the relative names of *_file settings absolute.
func absolute(v reflect.Value, dir string) {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported():
		case f.Type.Kind() == reflect.String && strings.HasSuffix(name, "_file"):
			if file := v.Field(i).String(); file != "" && !filepath.IsAbs(file) {
				v.Field(i).SetString(filepath.Join(dir, file))
			}
		default:
			absolute(v.Field(i), dir)
		}
	}
}

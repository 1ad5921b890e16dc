// Package config reads configuration files and reports every fault at once, with line and remedy.
//
// The top level is here; each component's block is handed to the component as a [Node], which knows its own settings.
package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/foreshock-io/foreshock"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Config is a configuration file's top level.
type Config struct {
	Mode      foreshock.Mode `yaml:"mode"`       // the most that any policy may do; default observe
	Listen    string         `yaml:"listen"`     // API, UI, metrics; default 127.0.0.1:9750
	TokenFile string         `yaml:"token_file"` // hashes of bearer tokens, one "ROLE HASH NAME" a line; beyond loopback this or access is needed
	Access    Node           `yaml:"access"`     // TLS, clients' certificates, an OpenID Connect issuer, sessions, rates
	Data      string         `yaml:"data"`       // folder of journal and profiles, relative to the file; default foreshock-data where the program was started
	Step      time.Duration  `yaml:"step"`       // default 10s
	Snapshot  time.Duration  `yaml:"snapshot"`   // how often changed profiles are saved; default 60s
	Log       Log            `yaml:"log"`
	Limits    Limits         `yaml:"limits"`

	Sources  []Named `yaml:"sources"` // default: host
	Store    Named   `yaml:"store"`   // default: embedded
	Profile  Node    `yaml:"profile"`
	Detect   Node    `yaml:"detect"`
	Forecast Node    `yaml:"forecast"`
	Capacity []Named `yaml:"capacity"`
	Targets  []Named `yaml:"targets"`
	Policies []Node  `yaml:"policies"`
	// PoliciesFrom is where policies come from beside this file; default nowhere.
	PoliciesFrom Named   `yaml:"policies_from"`
	Executor     Node    `yaml:"executor"`
	KEDA         Node    `yaml:"keda"`   // a listener for KEDA; default none
	Notify       []Named `yaml:"notify"` // who is told of what happens

	whole Node // the file
}

// Log says what is logged, to standard error.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn, error; default info
	Format string `yaml:"format"` // text, json; default text
}

// Limits bound what the program uses.
type Limits struct {
	Workloads int `yaml:"workloads"` // default 100000
	// ForgetAfter is how long after the last of its data a workload leaves: it takes no room in workloads any more, is in no list, and does not count in its policy.
	// What it has learned stays in the store, and it goes on from there when it comes back. Default 168h, seven days; at least ten of its steps; 0: never.
	ForgetAfter time.Duration `yaml:"forget_after"`
	Forecasts   int           `yaml:"forecasts"`           // workloads that are forecast at the most; default 2000
	Slow        int           `yaml:"slow"`                // slowest operations kept per workload; default 10
	Recent      int           `yaml:"recent" unit:"bytes"` // bytes kept per workload of what was read lately, for charts; default 4KiB; 0: none
	// Journal is the size in bytes above which the journal's oldest events go, but none of the last seven days; default 0: all are kept.
	Journal int64 `yaml:"journal" unit:"bytes"`
}

// Named is a block that names a component: {host: {interval: 1s}}; a target also has a name of its own.
type Named struct {
	Name  string // of the instance; the component's name where none is given
	Kind  string // the component
	Block Node
}

// Default is the configuration of a program without a file.
func Default() Config {
	return Config{
		Mode: foreshock.Observe, Listen: "127.0.0.1:9750", Data: "foreshock-data", Step: 10 * time.Second, Snapshot: time.Minute,
		Log:     Log{Level: "info", Format: "text"},
		Limits:  Limits{Workloads: 100_000, ForgetAfter: 7 * 24 * time.Hour, Forecasts: 2_000, Slow: 10, Recent: 4096},
		Sources: []Named{{Name: "host", Kind: "host"}},
		Store:   Named{Name: "embedded", Kind: "embedded"},
	}
}

// Load reads a file over the defaults. Its error is Faults, unless the file cannot be read.
func Load(file string) (Config, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w%s", err, remedyOf(err))
	}
	return Parse(file, data)
}

// remedyOf says what helps where a file cannot be read.
func remedyOf(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "; name one that is there, or let foreshock init write it"
	case errors.Is(err, fs.ErrPermission):
		return "; let the user that runs this read it"
	}
	return ""
}

// top is the file as it is written.
type top struct {
	Config   `yaml:",inline"`
	Sources  []Node `yaml:"sources"`
	Store    Node   `yaml:"store"`
	Capacity []Node `yaml:"capacity"`
	Targets  []Node `yaml:"targets"`
	Notify   []Node `yaml:"notify"`

	PoliciesFrom Node `yaml:"policies_from"`
}

// Parse reads a file's content over the defaults. With faults it gives what could be read, and what could not as it is by default; of a file that is no YAML nothing.
func Parse(file string, data []byte) (Config, error) {
	var faults Faults
	d := decoder{file: file, unit: pure, faults: &faults}
	t := top{Config: Default()}
	t.whole, t.Data = Node{decoder: d}, ""
	if !utf8.Valid(data) {
		return Config{}, notText(file, data)
	}
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		return Config{}, syntaxFault(file, err)
	}
	for i, doc := range parsed.Docs {
		if i > 0 {
			d.fault(doc.Body, "", "only one document is read; remove what follows the ---")
			break
		}
		if doc.Body != nil {
			t.whole.node = plain(doc.Body)
			d.into(doc.Body, "", reflect.ValueOf(&t).Elem())
		}
	}
	c := t.Config
	switch {
	case c.Data == "":
		c.Data = Default().Data
	case !filepath.IsAbs(c.Data):
		c.Data = filepath.Join(dirOf(file), c.Data)
	}
	if len(t.Sources) > 0 {
		c.Sources = d.named(t.Sources, "host")
	}
	if item := d.name(t.Store, "embedded"); item.Kind != "" {
		c.Store = item
	}
	c.PoliciesFrom = d.name(t.PoliciesFrom, "kubernetes")
	c.Capacity = d.named(t.Capacity, "limits")
	c.Targets = d.named(t.Targets, "dryrun")
	c.Notify = d.named(t.Notify, "webhook")
	absolute(reflect.ValueOf(&c).Elem(), dirOf(file))
	c.check(d)
	if len(faults) > 0 {
		return c, faults
	}
	return c, nil
}

func (d decoder) named(nodes []Node, like string) []Named {
	var list []Named
	seen := map[string]int{}
	for i, n := range nodes {
		item := d.name(n, like)
		if item.Kind == "" {
			continue
		}
		if first, twice := seen[item.Name]; twice {
			d.fault(n.node, n.path, "the name %s is that of item %d already; give one of them a name: of its own", item.Name, first)
		}
		seen[item.Name] = i
		list = append(list, item)
	}
	return list
}

// name reads {kind: {settings}} or {name: n, kind: {settings}}; like is a kind that there is, for who gives none.
func (d decoder) name(n Node, like string) Named {
	item := Named{}
	if n.node == nil {
		return item
	}
	if text, scalar := plain(n.node).(*ast.StringNode); scalar {
		like = foreshock.OneLine(text.Value)
	}
	if kind := kindOf(plain(n.node)); kind != "settings" {
		d.fault(n.node, n.path, "expected a component with its settings, not %s; write for example {%s: {}}", kind, like)
		return item
	}
	for _, pair := range d.pairs(plain(n.node), n.path) {
		key := pair.Key.GetToken().Value
		switch {
		case key == "name":
			item.Name, _ = d.text(plain(pair.Value), join(n.path, key))
		case item.Kind != "":
			d.fault(pair.Key, n.path, "has two components, %s and %s; make two items of it, or indent what is a setting", item.Kind, key)
		default:
			item.Kind = key
			item.Block = Node{decoder: d, path: join(n.path, key), node: plain(pair.Value), key: pair.Key}
			if _, null := item.Block.node.(*ast.NullNode); null {
				item.Block.node = nil
			}
		}
	}
	if item.Kind == "" {
		d.fault(n.node, n.path, "names no component; write for example {%s: {}}", like)
	}
	if item.Name == "" {
		item.Name = item.Kind
	}
	return item
}

func (c *Config) check(d decoder) {
	fault := func(path, format string, args ...any) {
		*d.faults = append(*d.faults, c.Fault(path, format, args...))
	}
	if c.Step < 100*time.Millisecond || c.Step > 24*time.Hour {
		fault("step", "%s is out of range; between 100ms and 24h are allowed", c.Step)
	}
	if c.Snapshot < time.Second {
		fault("snapshot", "%s is too often; at least 1s", c.Snapshot)
	}
	if c.Limits.Journal < 0 {
		fault("limits.journal", "%d is below 0; give the bytes to keep, for example 10GiB, or 0 for everything", c.Limits.Journal)
	}
	if c.Limits.Recent < 0 || c.Limits.Recent > 1<<20 {
		fault("limits.recent", "%d is out of range; between 0 and 1MiB are allowed", c.Limits.Recent)
	}
	if c.Limits.Workloads < 1 || c.Limits.Workloads > 10_000_000 {
		fault("limits.workloads", "%d is out of range; between 1 and 10000000 are allowed", c.Limits.Workloads)
	}
	if c.Limits.ForgetAfter != 0 && c.Limits.ForgetAfter < time.Minute {
		fault("limits.forget_after", "%s is too soon; at least 1m, or 0 to forget none", c.Limits.ForgetAfter)
	}
	if loopback, err := Loopback(c.Listen); err != nil {
		fault("listen", "%s; write for example 127.0.0.1:9750", err)
	} else if _, port, _ := net.SplitHostPort(c.Listen); !isPort(port) {
		fault("listen", "%q has no port that there is; write one from 1 to 65535, for example 127.0.0.1:9750", c.Listen)
	} else if !loopback && c.TokenFile == "" && !c.Access.Given() {
		fault("listen", "%s can be reached from other machines; set token_file or access, or listen on 127.0.0.1", c.Listen)
	}
	switch c.Log.Level {
	case "debug", "info", "warn", "error":
	default:
		fault("log.level", "%q is no level; there is: debug, info, warn, error", c.Log.Level)
	}
	switch c.Log.Format {
	case "text", "json":
	default:
		fault("log.format", "%q is no format; there is: text, json", c.Log.Format)
	}
}

// Loopback says whether an address to listen on can be reached from this machine only.
func Loopback(address string) (bool, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		if why := (*net.AddrError)(nil); errors.As(err, &why) {
			err = errors.New(why.Err) // without the address, twice
		}
		return false, fmt.Errorf("%q is no address: %w", address, err)
	}
	if host == "localhost" {
		return true, nil
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback(), nil
}

// isPort says whether there may be a port to listen on: a number, 0 for any that is free, or the name of a service.
func isPort(port string) bool {
	_, err := net.DefaultResolver.LookupPort(context.Background(), "tcp", port) // from a table: nobody is asked
	return err == nil && port != ""
}

// File is the name of the file that was read, or "" for the defaults.
func (c *Config) File() string { return c.whole.decoder.file }

// Fault makes a fault of the setting at a path, at its place.
func (c *Config) Fault(path, format string, args ...any) Fault {
	var faults Faults
	d := decoder{file: c.File(), faults: &faults}
	d.fault(placeOf(c.whole.node, path), path, format, args...)
	return faults[0]
}

// HasTarget says whether a target has the name.
func (c *Config) HasTarget(name string) bool { return slices.Contains(c.TargetNames(), name) }

// TargetNames lists the names of the targets.
func (c *Config) TargetNames() []string {
	var names []string
	for _, t := range c.Targets {
		names = append(names, t.Name)
	}
	return names
}

// Component reads a list's item that names a component and may give it a weight: "zscore", or {zscore: {settings}, weight: 2}.
func (n Node) Component() (kind string, weight float64, block Node, err error) {
	weight = 1
	var faults Faults
	d := decoder{file: n.decoder.file, faults: &faults}
	if text, scalar := plain(n.node).(*ast.StringNode); scalar {
		return text.Value, weight, Node{decoder: d, path: n.path}, nil
	}
	for _, pair := range d.pairs(plain(n.node), n.path) {
		switch key := pair.Key.GetToken().Value; {
		case key == "weight":
			d.into(pair.Value, join(n.path, key), reflect.ValueOf(&weight).Elem())
		case kind != "":
			d.fault(pair.Key, n.path, "has two components, %s and %s; make two items of it, or indent what is a setting", kind, key)
		default:
			kind, block = key, Node{decoder: d, node: plain(pair.Value), path: join(n.path, key), key: pair.Key}
		}
	}
	if faults != nil {
		return "", 0, Node{}, faults
	}
	return kind, weight, block, nil
}

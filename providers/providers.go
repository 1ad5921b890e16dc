// Package providers holds what providers allow and how often: figures with their sources and dates, in one file, for the targets that keep
// those rules and for the simulation of them. Where a provider can be asked, ask it; these are for when it cannot.
package providers

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/config"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

//go:embed providers.yaml
var file []byte

// catalogue is the form of providers.yaml.
type catalogue struct {
	AsOf      string     `yaml:"as_of"`
	Volumes   []family   `yaml:"volumes"`
	Providers []Provider `yaml:"providers"`
}

var builtin = func() (c catalogue) {
	if err := yaml.UnmarshalWithOptions(file, &c, yaml.Strict()); err != nil {
		panic(err) // the file is part of the program
	}
	for i := range c.Providers {
		if p := &c.Providers[i]; p.Volume != "" {
			v, err := find(inherit(c.Volumes), p.Volume)
			if err != nil {
				panic(err)
			}
			p.Min, p.Max, p.Changes, p.Window = v.IOPS.Min, v.IOPS.Max, v.Changes, v.Window
		}
	}
	return c
}()

// Provider is what a provider allows and how it bills: what is asked for is billed at once; a rise works after the delay, a
// reduction at once.
type Provider struct {
	Name    string  `yaml:"name" json:"name"`
	About   string  `yaml:"about" json:"about,omitempty"`   // what it stands for
	Source  string  `yaml:"source" json:"source,omitempty"` // where its figures are from
	Unit    string  `yaml:"unit" json:"unit,omitempty"`     // of capacity; I/O per second unless stated
	Quantum float64 `yaml:"quantum" json:"quantum"`         // amounts are multiples of it
	Min     float64 `yaml:"min" json:"min"`
	Max     float64 `yaml:"max" json:"max"`
	// ApplyDelay is the time from the request of a rise until it works.
	ApplyDelay time.Duration `yaml:"apply_delay" json:"apply_delay_ns"`
	// Cooldown is the least time between two changes; 0: none.
	Cooldown time.Duration `yaml:"cooldown" json:"cooldown_ns"`
	// Changes is how many changes are allowed in any Window; 0: any number.
	Changes int           `yaml:"changes" json:"changes,omitempty"`
	Window  time.Duration `yaml:"window" json:"window_ns,omitempty"`
	// Volume is the built-in type of volume whose least and most IOPS, changes and window these are; then they are not stated here.
	Volume string `yaml:"volume" json:"volume,omitempty"`
}

// Fit is the amount that the provider gives for a wish: rounded up to the quantum and clipped.
func (p Provider) Fit(want float64) float64 {
	if p.Quantum > 0 {
		want = math.Ceil(want/p.Quantum-1e-9) * p.Quantum
	}
	return min(max(want, p.Min), p.Max)
}

// All are those that are built in.
func All() []Provider { return slices.Clone(builtin.Providers) }

// Named finds one that is built in.
func Named(name string) (Provider, error) {
	var names []string
	for _, p := range builtin.Providers {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Provider{}, fmt.Errorf("no provider is called %q; there is: %s, or the path of a file that describes one", name, strings.Join(names, ", "))
}

// Read reads a file that describes one provider.
func Read(name string) (Provider, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return Provider{}, err
	}
	return parse(name, text)
}

func parse(file string, text []byte) (p Provider, err error) {
	if err := decode(file, text, &p, "; there is: name, about, source, unit, quantum, min, max, apply_delay, cooldown, changes, window"); err != nil {
		return p, err
	}
	for _, err := range p.faults() {
		setting, _, _ := strings.Cut(err, ":")
		return p, fmt.Errorf("%s:%d: %s", file, lineOf(text, setting), err)
	}
	return p, nil
}

// decode reads a file of one document. Its errors say where it is wrong, and which settings there are.
func decode(file string, text []byte, into any, settings string) error {
	parsed, err := parser.ParseBytes(text, 0)
	if at := yaml.Error(nil); errors.As(err, &at) {
		return faultAt(file, at, settings)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", file, err)
	case len(parsed.Docs) > 1:
		at := parsed.Docs[1].Start
		if at == nil { // it follows an end of a document
			at = parsed.Docs[1].Body.GetToken()
		}
		return fmt.Errorf("%s:%d: only one document is read; remove what follows the first", file, at.Position.Line)
	case len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil:
		return fmt.Errorf("%s:1: nothing is stated; a mapping is expected%s", file, settings)
	}
	var d durations
	ast.Walk(&d, parsed.Docs[0].Body)
	if d.wrong != nil {
		at := d.wrong.Position
		return fmt.Errorf("%s:%d:%d: %s", file, at.Line, at.Column, durationWanted)
	}
	err = yaml.NodeToValue(parsed.Docs[0].Body, into, yaml.Strict())
	if at := yaml.Error(nil); errors.As(err, &at) {
		return faultAt(file, at, settings)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// durations makes those of a file as Go writes them of what a configuration may state, as 7d.
type durations struct{ wrong *token.Token }

func (d *durations) Visit(n ast.Node) ast.Visitor {
	setting, ok := n.(*ast.MappingValueNode)
	if !ok || !slices.Contains([]string{"apply_delay", "cooldown", "window", "tier_down_every", "works_after"}, setting.Key.String()) {
		return d
	}
	value := setting.Value
	if anchor, ok := value.(*ast.AnchorNode); ok {
		value = anchor.Value
	}
	text, ok := value.(*ast.StringNode)
	if !ok {
		return d
	}
	x, err := config.ParseDuration(text.Value)
	if err != nil && d.wrong == nil {
		d.wrong = text.GetToken()
	}
	text.Value = x.String()
	return d
}

// faultAt says where a file is wrong, and what is expected there.
func faultAt(file string, err yaml.Error, settings string) error {
	at := file
	if token := err.GetToken(); token != nil {
		at = fmt.Sprintf("%s:%d:%d", file, token.Position.Line, token.Position.Column)
	}
	var kind *yaml.TypeError
	switch {
	case !errors.As(err, &kind):
		return fmt.Errorf("%s: %s%s", at, err.GetMessage(), settings)
	case kind.DstType == reflect.TypeFor[time.Duration]():
		return fmt.Errorf("%s: %s", at, durationWanted)
	case kind.DstType.Kind() == reflect.String:
		return fmt.Errorf("%s: text is expected", at)
	}
	return fmt.Errorf("%s: a number is expected, for example 16000", at)
}

const durationWanted = "a duration is expected, for example 90s, 20m, 24h, 7d"

// faults are what is wrong with the settings, each after the setting's name.
func (p Provider) faults() (list []string) {
	fault := func(bad bool, format string, args ...any) {
		if bad {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	const most = 30 * 24 * time.Hour
	fault(p.Volume != "", "volume: only built-in providers have it; state min, max, changes and window")
	fault(p.Name == "", "name: none is stated; give it one")
	fault(p.Unit != "" && p.Unit != "iops", "unit: %q cannot be simulated; leave it out, capacity is in iops", p.Unit)
	fault(!(p.Max > 0) || p.Max > 1e12, "max: %g is out of range; state the most IOPS that it gives", p.Max)
	fault(!(p.Min > 0) || p.Min > p.Max, "min: %g is out of range; above 0 and at most max, %g", p.Min, p.Max)
	fault(!(p.Quantum > 0) || p.Quantum > p.Max, "quantum: %g is out of range; above 0 and at most max: amounts are multiples of it", p.Quantum)
	fault(p.Quantum > 0 && p.Max/p.Quantum > 10000, "quantum: %g makes more than 10000 amounts up to max; state a larger one", p.Quantum)
	fault(p.ApplyDelay < 0 || p.ApplyDelay > 24*time.Hour, "apply_delay: %s is out of range; between 0s and 24h", p.ApplyDelay)
	fault(p.Cooldown < 0 || p.Cooldown > most, "cooldown: %s is out of range; between 0s and 720h", p.Cooldown)
	fault(p.Changes < 0, "changes: %d is out of range; at least 1, or leave it out for any number", p.Changes)
	fault(p.Window < 0 || p.Window > most || (p.Changes > 0) != (p.Window > 0), "window: %s; state changes and window, up to 720h, together or neither", p.Window)
	return list
}

// lineOf is the line on which a setting stands; 1 where it does not.
func lineOf(text []byte, setting string) int {
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(strings.TrimLeft(line, " {"), setting+":") {
			return i + 1
		}
	}
	return 1
}

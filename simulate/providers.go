package simulate

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed providers.yaml
var providersFile []byte

// catalogue is the form of providers.yaml.
type catalogue struct {
	AsOf      string     `yaml:"as_of"`
	Providers []Provider `yaml:"providers"`
}

var builtin = func() (c catalogue) {
	if err := yaml.UnmarshalWithOptions(providersFile, &c, yaml.Strict()); err != nil {
		panic(err) // the file is part of the program
	}
	return c
}()

// Providers are those that are built in.
func Providers() []Provider { return append([]Provider(nil), builtin.Providers...) }

// ProviderNamed finds one that is built in.
func ProviderNamed(name string) (Provider, error) {
	var names []string
	for _, p := range builtin.Providers {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Provider{}, fmt.Errorf("no provider is called %q; there is: %s, or the path of a file that describes one", name, strings.Join(names, ", "))
}

// ReadProvider reads a file that describes one provider.
func ReadProvider(file string) (Provider, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Provider{}, err
	}
	return parseProvider(file, text)
}

func parseProvider(file string, text []byte) (p Provider, err error) {
	d := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := d.Decode(&p); err != nil {
		at := file
		var known yaml.Error
		if !errors.As(err, &known) {
			return p, fmt.Errorf("%s: %w; a mapping with name, quantum, min and max is expected", file, err)
		}
		if token := known.GetToken(); token != nil {
			at = fmt.Sprintf("%s:%d:%d", file, token.Position.Line, token.Position.Column)
		}
		return p, fmt.Errorf("%s: %s; there is: name, about, source, unit, quantum, min, max, apply_delay, cooldown, changes, window", at, known.GetMessage())
	}
	for _, err := range p.faults() {
		setting, _, _ := strings.Cut(err, ":")
		return p, fmt.Errorf("%s:%d: %s", file, lineOf(text, setting), err)
	}
	return p, nil
}

// faults are what is wrong with the settings, each after the setting's name.
func (p Provider) faults() (list []string) {
	fault := func(bad bool, format string, args ...any) {
		if bad {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	const most = 30 * 24 * time.Hour
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

package providers

import (
	"strings"
	"testing"
	"time"
)

func TestProviderFiles(t *testing.T) {
	good := "name: mine\nquantum: 10\nmin: 10\nmax: 1000\napply_delay: 5m\nchanges: 4\nwindow: 24h\n"
	p, err := parse("p.yaml", []byte(good))
	if want := (Provider{Name: "mine", Quantum: 10, Min: 10, Max: 1000, ApplyDelay: 5 * time.Minute, Changes: 4, Window: 24 * time.Hour}); err != nil || p != want {
		t.Errorf("%+v, %v", p, err)
	}
	f := func(old, now, want string) {
		t.Helper()
		_, err := parse("p.yaml", []byte(strings.Replace(good, old, now, 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; %q is expected", now, err, want)
		}
	}
	f("quantum", "quantun", `p.yaml:2:1: unknown field "quantun"; there is: name, about`)
	f("max: 1000", "max: 5", "p.yaml:3: min: 10 is out of range; above 0 and at most max, 5")
	f("quantum: 10", "quantum: 0", "p.yaml:2: quantum: 0 is out of range")
	f("5m", "5", "p.yaml:5:14: a duration is expected, for example 90s, 20m, 24h")
	f("5m", "5 minutes", "p.yaml:5:14: a duration is expected")
	f("24h", "'1 d'", "p.yaml:7:9: a duration is expected")
	f("window: 24h", "window: 24h\n---\nname: other", "p.yaml:8: only one document is read; remove what follows the first")
	f("window: 24h", "window: 24h\n...\nname: other", "p.yaml:9: only one document is read")
	f("10\n", "1,000\n", "p.yaml:2:10: a number is expected")
	f("mine", "[mine]", "p.yaml:1:7: text is expected")
	f("window: 24h", "", "p.yaml:1: window: 0s; state changes and window")
	f("name: mine", "name: [", "p.yaml:1")
	f(good, "", "p.yaml:1: nothing is stated; a mapping is expected; there is: name")
	f(good, "[1]", "p.yaml:1:1")
	f(good, "{name: mine, quantum: 10, min: 10, max: 1000, cooldown: soon}", "p.yaml:1:57: a duration is expected")
	if p, err := parse("p.yaml", []byte(strings.Replace(good, "24h", "&w 1d # as a configuration\ncooldown: *w", 1))); err != nil || p.Window != 24*time.Hour || p.Cooldown != p.Window {
		t.Errorf("%+v, %v", p, err)
	}
	for _, p := range All() {
		if p.About == "" || p.Source == "" || p.Volume == "" && len(p.faults()) > 0 {
			t.Errorf("%s: %v", p.Name, p.faults())
		}
	}
}

package app

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/capacity/limits"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/decide"
)

// What may be written for a number or a time is the same for the program, for the JSON Schema and for the custom resource.
func TestUnitsInTheSchemas(t *testing.T) {
	s := schema(t)
	spec := definition(t)
	for _, name := range []string{"spec", "versions"} {
		if list, is := spec[name].([]object); is {
			spec = list[0]
		} else {
			spec = spec[name].(object)
		}
	}
	spec = spec["schema"].(object)["openAPIV3Schema"].(object)["properties"].(object)["spec"].(object)

	values := strings.Fields("0 4000 4_000 4e3 .5 5. -1 +1 0.25 25% 4k 1.5k 4k/s 10M 2T 1B 1B/s 10MiB 10MB 10MiB/s 1.5GiB 3GB/s 25%/s " +
		"1.2.3 ten 4x 4Ki 4mib 4KiBs 4k/h inf NaN 0x10p0 -- 1e 10s 1h30m 1.5h 7d 1y2w3d 2w1d12h 1.5d 1d1y 500ms 3µs 5 soon -5m")
	values = append(values, "4 k", "180 MiB/s", "")
	f := func(before, path, after string, fits ...string) {
		t.Helper()
		var took []string
		for _, v := range values {
			text := fmt.Sprintf("%s%q%s", before, v, after)
			c, err := config.Parse("f.yaml", []byte(text))
			switch {
			case err != nil && strings.Contains(err.Error(), "is below 0"): // it was read
				err = nil
			case len(c.Policies) > 0:
				err = c.Policies[0].Decode(new(decide.Policy))
			case len(c.Capacity) > 0:
				err = c.Capacity[0].Block.Decode(new(limits.Config))
			}
			if err == nil {
				took = append(took, v)
			}
			if wrong := s.Validate(document(t, text)); (wrong == nil) != (err == nil) {
				t.Errorf("%s: the program says %v, the schema %v", text, err, wrong)
			}
			if path == "" {
				continue
			}
			at := spec
			for name := range strings.SplitSeq(path, ".") {
				at = at["properties"].(object)[name].(object)
			}
			if taken := regexp.MustCompile(at["pattern"].(string)).MatchString(v); taken != (err == nil) {
				t.Errorf("%s of %s: the program says %v, the custom resource takes it: %v", v, path, err, taken)
			}
		}
		if fits != nil && !reflect.DeepEqual(took, fits) {
			t.Errorf("%s: %q fits, want %q", before, took, fits)
		}
	}
	policy := func(path string, fits ...string) {
		t.Helper()
		names := strings.Split(path, ".")
		f("policies: [{"+strings.Join(names, ": {")+": ", path, strings.Repeat("}", len(names))+"]", fits...)
	}
	plain := strings.Fields("0 4000 4_000 4e3 .5 5. -1 +1 0.25")
	of := func(units ...string) []string { return append(plain[:len(plain):len(plain)], units...) }
	policy("bounds.iops.max", of("4k", "1.5k", "4k/s", "10M", "2T", "5", "4 k")...)
	policy("bounds.throughput.max", of("4k", "1.5k", "4k/s", "10M", "2T", "1B", "1B/s", "10MiB", "10MB", "10MiB/s", "1.5GiB", "3GB/s", "5", "4 k", "180 MiB/s")...)
	policy("bounds.size.min", of("4k", "1.5k", "10M", "2T", "1B", "10MiB", "10MB", "1.5GiB", "5", "4 k")...)
	policy("bounds.vcpu.max", of("4k", "1.5k", "10M", "2T", "5", "4 k")...)
	policy("bounds.memory.quantum")
	policy("bounds.replicas.max")
	policy("bounds.iops.step", of("25%", "4k", "1.5k", "10M", "2T", "5", "4 k")...)
	policy("bounds.size.price")
	policy("headroom")
	policy("limits.per_day", "0", "4000", "4_000", "4e3", "5.", "-1", "+1", "4k", "1.5k", "10M", "2T", "5", "4 k")
	policy("cooldown", "0", "10s", "1h30m", "1.5h", "7d", "1y2w3d", "2w1d12h", "500ms", "3µs", "-5m")
	f("policies: [{calendar: [{min: {throughput: ", "", "}}]}]")
	f("limits: {journal: ", "", "}")
	f("capacity: [{limits: {pools: [{dimension: iops, total: ", "", "}]}}]")
	f("capacity: [{limits: {pools: [{dimension: size, total: ", "", "}]}}]")
	f("capacity: [{limits: {pools: [{dimension: size, reserve: ", "", "}]}}]")
}

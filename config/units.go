package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/foreshock-io/foreshock"
)

// unit is what a number counts, and so which units may be written with it.
type unit struct {
	name               string // in the schema; "" is of a pure number
	share, bytes, rate bool   // 25%, 100GiB, …/s
	about              string // what is expected, with examples
}

// A number in a structure counts what the tag unit of its field says, else that of a field around it; bytes where its setting's name ends so; of an amount, what
// its dimension counts: that is the key of a map, or the setting beside it that is called dimension.
var (
	pure   = unit{share: true, about: "a number without a unit of bytes; write for example 0.25, 25%, 4000, 4k"}
	tagged = map[string]unit{
		"number":     pure,
		"any":        {name: "anything", share: true, bytes: true, about: "a number; write for example 0.001, 1KiB"},
		"requests/s": {name: "requests_per_second", rate: true, about: "requests per second; write for example 4000, 4k"},
		"bytes/s":    {name: "bytes_per_second", bytes: true, rate: true, about: "bytes per second; write for example 180MiB/s, 200MB/s"},
		"bytes":      {name: "bytes", bytes: true, about: "bytes; write for example 100GiB, 200GB"},
	}
	counted = [foreshock.NumDimensions]unit{
		foreshock.DimIOPS:       tagged["requests/s"],
		foreshock.DimThroughput: tagged["bytes/s"],
		foreshock.DimSize:       tagged["bytes"],
		foreshock.DimVCPU:       {name: "processors", about: "processors; write for example 4, 0.5"},
		foreshock.DimMemory:     tagged["bytes"],
		foreshock.DimReplicas:   {name: "units", about: "a count; write for example 12"},
	}
)

// amount is what is counted where that depends on what is written beside it.
var amount = unit{name: "any_dimension", share: true, bytes: true, rate: true}

// unitOf is what a field counts, where it or its name says so; else what is counted around it.
func unitOf(f reflect.StructField, name string, around unit) unit {
	tag, stated := f.Tag.Lookup("unit")
	switch u, known := tagged[tag]; {
	case stated && !known:
		panic("config: " + f.Name + " counts " + tag) // a caller's mistake: the type of a Config
	case stated:
		return u
	case strings.HasSuffix(name, "_bytes"):
		return tagged["bytes"]
	}
	return around
}

// quantities are the units that a number may carry.
var quantities = map[string]float64{
	"%": 0.01, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
	"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

var quantityForm = regexp.MustCompile(`^([-+0-9.eE_]+)\s*(%|[kMGT]|[KMGT]?B|[KMGT]iB)(/s)?$`)

// Parts of patterns: a number without a unit, one without a fraction, durations as Go writes them and as Prometheus does.
const (
	plainNumber  = `[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?`
	wholeNumber  = `[-+]?[0-9][0-9_]*(\.0*)?([eE]\+?[0-9]+)?`
	goDuration   = `[-+]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+`
	longDuration = `([0-9]+y([0-9]+w)?([0-9]+d)?|[0-9]+w([0-9]+d)?|[0-9]+d)([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?`

	durationPattern = `^(` + goDuration + `|` + longDuration + `|[-+]?0)$`
)

// pattern is a regular expression of what number reads, as a whole number where it has to be one.
func (u unit) pattern(whole bool) string {
	units, rate := `[kMGT]`, ""
	if u.share && !whole {
		units += `|%`
	}
	if u.bytes {
		units += `|[KMGT]?B|[KMGT]iB`
	}
	if u.rate {
		rate = `(/s)?`
	}
	if whole {
		return `^(` + wholeNumber + `|` + plainNumber + `\s*(` + units + `)` + rate + `)$`
	}
	return `^` + plainNumber + `(\s*(` + units + `)` + rate + `)?$`
}

var plainForm = regexp.MustCompile(`^` + plainNumber + `$`)

// number reads 25%, 4k, 180MiB/s and plain numbers, where they can be what is counted.
func (u unit) number(text string) (float64, error) {
	digits, scale, wrong := text, 1.0, false
	if m := quantityForm.FindStringSubmatch(text); m != nil {
		digits, scale = m[1], quantities[m[2]]
		wrong = m[2] == "%" && !u.share || strings.HasSuffix(m[2], "B") && !u.bytes || m[3] != "" && !u.rate
	}
	x, err := strconv.ParseFloat(strings.ReplaceAll(digits, "_", ""), 64)
	switch {
	case err != nil || !plainForm.MatchString(digits): // what only looks like one to a program: inf, 0x1p4
		if u == pure {
			return 0, fmt.Errorf("%q is not a number; write for example 0.25, 25%%, 4000, 4k", text)
		}
		return 0, fmt.Errorf("%q is not %s", text, u.about)
	case wrong:
		return 0, fmt.Errorf("%q is not %s", text, u.about)
	}
	return x * scale, nil
}

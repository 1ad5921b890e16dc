package providers

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// VolumeType is what a provider allows for volumes of one type. Sizes are in GiB, throughput in the provider's unit.
type VolumeType struct {
	Name       string `yaml:"name"` // as the provider calls it, for example gp3
	Size       Range  `yaml:"size"`
	IOPS       Range  `yaml:"iops"`       // that can be asked for; without a Max none can
	Throughput Range  `yaml:"throughput"` // the same
	// ThroughputGiven is the most that a type gives which is not asked for throughput; 0: not known.
	ThroughputGiven   float64 `yaml:"throughput_given"`
	IOPSPerGiB        float64 `yaml:"iops_per_gib"`        // at most; 0: no such rule
	ThroughputPerIOPS float64 `yaml:"throughput_per_iops"` // at most; 0: no such rule
	IOPSWithoutNitro  float64 `yaml:"iops_without_nitro"`  // the most on instances of older build; 0: the same
	ProvisionedFrom   float64 `yaml:"provisioned_from"`    // GiB below which neither IOPS nor throughput can be asked for
	GrowsBy           float64 `yaml:"grows_by"`            // the least growth of the size, as a share of it

	LeastIOPSPerGiB        float64 `yaml:"least_iops_per_gib"`        // 0: no such rule
	MinWithinRatio         bool    `yaml:"min_within_ratio"`          // a size whose ratio gives less than the least IOPS has just that
	ThroughputPerGiB       float64 `yaml:"throughput_per_gib"`        // at most; 0: no such rule
	LeastThroughputPerGiB  float64 `yaml:"least_throughput_per_gib"`  // 0: no such rule
	LeastThroughputPerIOPS float64 `yaml:"least_throughput_per_iops"` // 0: no such rule

	// Split is the size in GiB up to which a volume has tiers of sizes up to it, and beyond which it does not grow in use; 0: no such rule.
	Split          float64       `yaml:"split"`
	Tiers          []Tier        `yaml:"tiers"`           // whose performance it may have, ascending; none: no such rule
	TierDownEvery  time.Duration `yaml:"tier_down_every"` // the least time between two changes to a lower tier
	WorksAfter     time.Duration `yaml:"works_after"`     // how long performance takes to work at most, after it was changed
	CreationCounts bool          `yaml:"creation_counts"` // as one of the changes

	Changes        int              `yaml:"-"` // that may begin in any Window
	Each           bool             `yaml:"-"` // of IOPS and of throughput each, and any number of the size
	Window         time.Duration    `yaml:"-"`
	States         map[string]Phase `yaml:"-"` // of a change, as the provider calls them
	ThroughputUnit string           `yaml:"-"` // MiB/s or MB/s
}

// Tier is a performance that volumes up to a size have, and smaller ones may have.
type Tier struct {
	Name       string  `yaml:"name"`
	Size       float64 `yaml:"size"`
	IOPS       float64 `yaml:"iops"`
	Throughput float64 `yaml:"throughput"`
}

// family is the types of one provider, and what they have in common.
type family struct {
	Provider string           `yaml:"provider"` // for example ebs
	Source   string           `yaml:"source"`   // where the figures are from
	AsOf     string           `yaml:"as_of"`    // and as of when, as 2006-01-02
	Changes  int              `yaml:"changes"`
	Window   time.Duration    `yaml:"window"`
	Each     bool             `yaml:"each"`
	States   map[string]Phase `yaml:"states"`
	Unit     string           `yaml:"throughput_unit"` // MiB/s (default) or MB/s
	Types    []VolumeType     `yaml:"types"`
}

// mib is the unit of throughput where none is stated.
const mib = "MiB/s"

// units are those of throughput, in bytes a second.
var units = map[string]float64{mib: 1 << 20, "MB/s": 1e6}

// inherit lists the types with what they have in common.
func inherit(families []family) (list []VolumeType) {
	for _, f := range families {
		for _, v := range f.Types {
			v.Changes, v.Window, v.Each, v.States, v.ThroughputUnit = f.Changes, f.Window, f.Each, f.States, cmp.Or(f.Unit, mib)
			list = append(list, v)
		}
	}
	return list
}

// Range is what can be asked for.
type Range struct {
	Min float64 `yaml:"min"`
	Max float64 `yaml:"max"`
}

// Phase is what a state of a change means.
type Phase string

// The phases of a change.
const (
	UnderWay Phase = "under_way"
	Done     Phase = "done"
	Failed   Phase = "failed"
)

// Bytes is the unit of throughput in bytes a second.
func (v VolumeType) Bytes() float64 { return units[v.ThroughputUnit] }

// TiersAt are the tiers that a volume of a size in GiB may have, ascending: the first is its own, which it must not go below.
func (v VolumeType) TiersAt(size float64) []Tier {
	return slices.DeleteFunc(slices.Clone(v.Tiers), func(t Tier) bool { return t.Size < size || size <= v.Split && t.Size > v.Split })
}

// MostIOPS is the most that may be asked for at a size in GiB: the ratio's, but the least may be had at every size.
func (v VolumeType) MostIOPS(size float64) float64 {
	if v.IOPSPerGiB == 0 {
		return v.IOPS.Max
	}
	return min(max(math.Floor(v.IOPSPerGiB*size), v.IOPS.Min), v.IOPS.Max)
}

// MostThroughput is the most throughput that may be asked for with that many IOPS.
func (v VolumeType) MostThroughput(iops float64) float64 {
	if v.ThroughputPerIOPS == 0 {
		return v.Throughput.Max
	}
	return min(max(math.Floor(v.ThroughputPerIOPS*iops), v.Throughput.Min), v.Throughput.Max)
}

// LeastIOPS is the least that may be asked for with that throughput.
func (v VolumeType) LeastIOPS(throughput float64) float64 {
	if v.ThroughputPerIOPS == 0 || throughput <= v.Throughput.Min {
		return v.IOPS.Min
	}
	return max(v.IOPS.Min, math.Ceil(throughput/v.ThroughputPerIOPS))
}

// LeastSize is the least size in GiB with which that many IOPS may be asked for.
func (v VolumeType) LeastSize(iops float64) float64 {
	if v.IOPSPerGiB == 0 || iops <= v.IOPS.Min {
		return v.Size.Min
	}
	return max(v.Size.Min, math.Ceil(iops/v.IOPSPerGiB))
}

// LeastGrowth is the least size in GiB to which a volume may be grown.
func (v VolumeType) LeastGrowth(size float64) float64 {
	return max(v.Size.Min, math.Ceil(size*(1+v.GrowsBy)-1e-9))
}

// Check says which rules an amount of each breaks, or nothing. What the type does not let one ask for must be 0.
func (v VolumeType) Check(size, iops, throughput float64) error {
	var errs []error
	within := func(what, unit string, x float64, r Range) {
		switch {
		case r.Max == 0 && x != 0:
			errs = append(errs, fmt.Errorf("%s volumes have no %s that could be asked for", v.Name, what))
		case x < r.Min || x > r.Max:
			errs = append(errs, fmt.Errorf("%g %s is not between %g and %g, as %s allows", x, unit, r.Min, r.Max, v.Name))
		case x != math.Trunc(x):
			errs = append(errs, fmt.Errorf("%g %s is not a whole number", x, unit))
		}
	}
	within("size", "GiB", size, v.Size)
	within("IOPS", "IOPS", iops, v.IOPS)
	within("throughput", v.ThroughputUnit, throughput, v.Throughput)
	if most := v.MostIOPS(size); v.IOPS.Max > 0 && iops > most {
		errs = append(errs, fmt.Errorf("%g IOPS are above %g, the most for %g GiB of %s (%g a GiB); %g GiB would allow it",
			iops, most, size, v.Name, v.IOPSPerGiB, v.LeastSize(iops)))
	}
	if most := v.MostThroughput(iops); v.Throughput.Max > 0 && throughput > most {
		errs = append(errs, fmt.Errorf("%g %s are above %g, the most for %g IOPS of %s (%g each); %g IOPS would allow it",
			throughput, v.ThroughputUnit, most, iops, v.Name, v.ThroughputPerIOPS, v.LeastIOPS(throughput)))
	}
	if least := v.LeastThroughput(iops); v.Throughput.Max > 0 && throughput >= v.Throughput.Min && throughput < least {
		errs = append(errs, fmt.Errorf("%g %s are below %g, the least for %g IOPS of %s", throughput, v.ThroughputUnit, least, iops, v.Name))
	}
	return errors.Join(errs...)
}

// VolumeTypes are those that are known of a provider, by name: the built-in ones, and over them those of a file, each in whole; "" names none.
// The file has a list volumes in the form of providers.yaml.
func VolumeTypes(provider, name string) (map[string]VolumeType, error) {
	families := builtin.Volumes
	if name != "" {
		own, err := readVolumes(name)
		if err != nil {
			return nil, err
		}
		families = slices.Concat(families, own)
	}
	types := map[string]VolumeType{}
	for _, f := range families {
		if f.Provider != provider {
			continue
		}
		for _, v := range inherit([]family{f}) {
			types[v.Name] = v
		}
	}
	return types, nil
}

func readVolumes(name string) ([]family, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var own struct {
		Volumes []family `yaml:"volumes"`
	}
	if err := decode(name, text, &own, ""); err != nil {
		return nil, err
	}
	for i, f := range own.Volumes {
		if err := f.faults(); err != nil {
			return nil, fmt.Errorf("%s: volumes[%d]: %w", name, i, err)
		}
	}
	return own.Volumes, nil
}

// faults are what is wrong with a family.
func (f family) faults() error {
	var errs []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	_, err := time.Parse(time.DateOnly, f.AsOf)
	fault(f.Provider == "", "provider must be stated, for example ebs")
	fault(f.Source == "" || err != nil, "source and as_of, as 2026-08-07, must be stated: figures change")
	fault(f.Changes < 0 || f.Window < 0 || (f.Changes > 0) != (f.Window > 0), "changes and window must be stated together or neither")
	fault(f.Unit != "" && units[f.Unit] == 0, "throughput_unit is %q; there is: MiB/s, MB/s", f.Unit)
	for _, state := range slices.Sorted(maps.Keys(f.States)) {
		fault(!slices.Contains([]Phase{UnderWay, Done, Failed}, f.States[state]), "state %s is %q; there is: under_way, done, failed", state, f.States[state])
	}
	for i, v := range f.Types {
		fault(v.Name == "" || !(v.Size.Max > 0), "types[%d]: name and size must be stated", i)
		fault(!slices.IsSortedFunc(v.Tiers, func(a, b Tier) int { return cmp.Compare(a.Size, b.Size) }), "types[%d] (%s): tiers must be ascending by size", i, v.Name)
		for _, r := range []Range{v.Size, v.IOPS, v.Throughput, {0, v.IOPSPerGiB}, {0, v.ThroughputPerIOPS}, {0, v.ThroughputGiven}, {0, v.IOPSWithoutNitro}, {0, v.ProvisionedFrom}, {0, v.GrowsBy}, {0, v.Split}, {0, v.LeastIOPSPerGiB}, {0, v.ThroughputPerGiB}, {0, v.LeastThroughputPerGiB}, {0, v.LeastThroughputPerIOPS}} {
			fault(!(r.Min >= 0 && r.Max >= r.Min && r.Max < 1e12), "types[%d] (%s): %g to %g is no range", i, v.Name, r.Min, r.Max)
		}
	}
	return errors.Join(errs...)
}

func find(list []VolumeType, name string) (VolumeType, error) {
	var names []string
	for _, v := range list {
		if v.Name == name {
			return v, nil
		}
		names = append(names, v.Name)
	}
	return VolumeType{}, fmt.Errorf("no type of volume is called %q; there is: %s", name, strings.Join(names, ", "))
}

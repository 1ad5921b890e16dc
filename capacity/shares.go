package capacity

import (
	"fmt"
	"time"
)

// Shares are the settings of planners that ask a hypervisor what it has left: how much of what it has may be in use in all.
type Shares struct {
	Targets []string      `yaml:"targets"` // the names of the targets that change what the hypervisor runs
	Hold    time.Duration `yaml:"hold"`    // the longest time for which a grant waits to be committed; default 15m
	VCPUs   float64       `yaml:"vcpus"`   // virtual processors for each real one; default 4
	Memory  float64       `yaml:"memory"`  // share of the memory; default 0.9
	Storage float64       `yaml:"storage"` // share of the storage that may be given, above 1 where volumes are sparse; default 1
}

// DefaultShares are the settings where a file says nothing; target is the usual name of the target.
func DefaultShares(target string) Shares {
	return Shares{Targets: []string{target}, Hold: 15 * time.Minute, VCPUs: 4, Memory: 0.9, Storage: 1}
}

// Check lists what is wrong; of is what the targets are of, in words.
func (s *Shares) Check(of string) (faults []error) {
	for _, share := range []struct {
		name string
		x    float64
	}{{"vcpus", s.VCPUs}, {"memory", s.Memory}, {"storage", s.Storage}} {
		if !(share.x > 0 && share.x <= 1000) {
			faults = append(faults, fmt.Errorf("%s must be above 0 and at most 1000, not %g", share.name, share.x))
		}
	}
	if s.Hold <= 0 {
		faults = append(faults, fmt.Errorf("hold must be above 0, not %s", s.Hold))
	}
	if len(s.Targets) == 0 {
		faults = append(faults, fmt.Errorf("targets is empty: nothing would be asked for; name the targets of %s, or remove the planner", of))
	}
	return faults
}

package forecast

import (
	"errors"
	"fmt"
	"sort"
	"time"
)

// Config is the forecast block of a configuration file.
type Config struct {
	Horizon  time.Duration `yaml:"horizon"`  // how far ahead; default 24h
	Every    time.Duration `yaml:"every"`    // a workload's models are fitted anew, up to four times as seldom when the history is long; default 6h
	Levels   []float64     `yaml:"levels"`   // quantiles, ascending; default 0.5, 0.9, 0.95, 0.99
	Steps    int           `yaml:"steps"`    // coarse steps of history that are needed; default 24
	Origins  int           `yaml:"origins"`  // of the back-test; default 24
	Deadline time.Duration `yaml:"deadline"` // bound on the choice for one workload and dimension; default 5s
}

// Default is the forecast block that nobody wrote.
func Default() Config {
	return Config{
		Horizon: 24 * time.Hour, Every: 6 * time.Hour, Levels: []float64{0.5, 0.9, 0.95, 0.99},
		Steps: 24, Origins: 24, Deadline: 5 * time.Second,
	}
}

// Check says everything that is wrong with the settings.
func (c Config) Check() error {
	var errs []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(c.Horizon < time.Minute, "horizon: %s is too short; at least 1m", c.Horizon)
	fault(c.Every < time.Minute, "every: %s is too often; at least 1m", c.Every)
	fault(!validLevels(c.Levels), "levels: %v; quantiles between 0 and 1 in ascending order are expected, for example [0.5, 0.95]", c.Levels)
	fault(c.Steps < 4, "steps: %d is too few; at least 4", c.Steps)
	fault(c.Origins < 1 || c.Origins > 1000, "origins: %d is out of range; between 1 and 1000", c.Origins)
	fault(c.Deadline <= 0, "deadline: %s is no time", c.Deadline)
	return errors.Join(errs...)
}

func validLevels(levels []float64) bool {
	return len(levels) > 0 && sort.Float64sAreSorted(levels) && levels[0] > 0 && levels[len(levels)-1] < 1
}

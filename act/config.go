package act

import (
	"errors"
	"fmt"
	"time"
)

// Config is the executor block of a configuration file.
type Config struct {
	Parallel       int           `yaml:"parallel"`         // resources that are changed at the same time; default 8
	CallTimeout    time.Duration `yaml:"call_timeout"`     // of each call to a target; default 10s
	Settle         time.Duration `yaml:"settle"`           // how long a change whose outcome is unknown may take to be seen; default 30s
	Patience       time.Duration `yaml:"patience"`         // how long an accepted change may be under way before it is parked; default 24h
	FollowEvery    time.Duration `yaml:"follow_every"`     // how often progress is read at first, then ever less often; default 1s
	FollowAtMost   time.Duration `yaml:"follow_at_most"`   // the longest time between two readings; default 30s
	CallsPerSecond float64       `yaml:"calls_per_second"` // changes asked of one target; default 2
	Burst          int           `yaml:"burst"`            // changes asked of one target at once; default 4
	BreakAfter     int           `yaml:"break_after"`      // failed changes of one target in a row before it is left alone; default 5, 0 never
	BreakFor       time.Duration `yaml:"break_for"`        // how long it is left alone; default 1m
}

// DefaultConfig gives the settings of an executor without a block.
func DefaultConfig() Config {
	return Config{
		Parallel: 8, CallTimeout: 10 * time.Second, Settle: 30 * time.Second, Patience: 24 * time.Hour,
		FollowEvery: time.Second, FollowAtMost: 30 * time.Second, CallsPerSecond: 2, Burst: 4, BreakAfter: 5, BreakFor: time.Minute,
	}
}

// Check says everything that is wrong with the settings.
func (c Config) Check() error {
	var errs []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(c.Parallel < 1, "parallel must be at least 1, not %d", c.Parallel)
	fault(c.CallTimeout <= 0, "call_timeout must be above 0, not %s", c.CallTimeout)
	fault(c.Settle <= 0, "settle must be above 0, not %s: a call that timed out may still be on its way", c.Settle)
	fault(c.Patience < c.Settle, "patience must be at least settle (%s), not %s", c.Settle, c.Patience)
	fault(c.FollowEvery <= 0, "follow_every must be above 0, not %s", c.FollowEvery)
	fault(c.FollowAtMost < c.FollowEvery, "follow_at_most must be at least follow_every (%s), not %s", c.FollowEvery, c.FollowAtMost)
	fault(!(c.CallsPerSecond > 0), "calls_per_second must be above 0, not %g", c.CallsPerSecond)
	fault(c.Burst < 1, "burst must be at least 1, not %d", c.Burst)
	fault(c.BreakAfter < 0, "break_after must not be below 0, not %d", c.BreakAfter)
	fault(c.BreakAfter > 0 && c.BreakFor <= 0, "break_for must be above 0, not %s", c.BreakFor)
	return errors.Join(errs...)
}

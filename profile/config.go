package profile

import (
	"errors"
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// Config says how profiles are learned.
type Config struct {
	Window     time.Duration `yaml:"window"`      // sliding window of what is normal; default 1h
	LeastSteps int           `yaml:"least_steps"` // the window holds at least so many steps; default 120
	MostSteps  int           `yaml:"most_steps"`  // and at most so many, spread over it by chance where there are more; default 192, the most that can be
	Coarse     time.Duration `yaml:"coarse"`      // step of seasons and forecasts, rounded up to whole steps; default 15m
	History    time.Duration `yaml:"history"`     // how far back coarse steps are kept; default 672h (28 days: fewer than three weeks tell no week)

	ScoreSteps   int `yaml:"score_steps"`   // steps before anything is scored; default 20
	TrustedSteps int `yaml:"trusted_steps"` // steps before anything is acted upon; default 120
	// TrustedAge must also have passed since the first step; default 0, so that steps alone count.
	TrustedAge time.Duration `yaml:"trusted_age"`
	// Forgotten is how long nothing may be read before a trusted profile is only provisional; default 168h.
	Forgotten time.Duration `yaml:"forgotten"`

	Persist    time.Duration `yaml:"persist"`     // a shift that lasts so long is learned (and ScoreSteps steps at least); default 3h30m
	ShiftSteps int           `yaml:"shift_steps"` // an own action's effect is learned after so many steps; default 3

	Renew time.Duration `yaml:"renew"` // how often the season is looked for; default 24h (four times as often in the first week)
}

// Default is the configuration when nothing is stated.
func Default() Config {
	return Config{
		Window: time.Hour, LeastSteps: 120, MostSteps: quantile.MostReadings,
		Coarse: 15 * time.Minute, History: 28 * 24 * time.Hour,
		ScoreSteps: 20, TrustedSteps: 120, Forgotten: 7 * 24 * time.Hour,
		Persist: 210 * time.Minute, ShiftSteps: 3,
		Renew: 24 * time.Hour,
	}
}

// Check says everything that is wrong with the configuration.
func (c *Config) Check() error {
	var faults []error
	must := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"window", c.Window},
		{"coarse", c.Coarse},
		{"history", c.History},
		{"persist", c.Persist},
		{"forgotten", c.Forgotten},
		{"renew", c.Renew},
	} {
		must(d.value > 0, "%s must be above 0, not %s", d.name, d.value)
	}
	must(c.ScoreSteps >= 8, "score_steps must be at least 8, not %d", c.ScoreSteps)
	must(c.LeastSteps >= c.ScoreSteps, "least_steps must be at least score_steps (%d), not %d", c.ScoreSteps, c.LeastSteps)
	must(c.MostSteps >= c.LeastSteps && c.MostSteps <= quantile.MostReadings,
		"most_steps must be from least_steps (%d) to %d, not %d", c.LeastSteps, quantile.MostReadings, c.MostSteps)
	must(c.TrustedSteps >= c.ScoreSteps, "trusted_steps must be at least score_steps (%d), not %d", c.ScoreSteps, c.TrustedSteps)
	must(c.TrustedAge >= 0, "trusted_age must not be negative")
	must(c.ShiftSteps >= 1 && c.ShiftSteps <= mostShift, "shift_steps must be from 1 to %d, not %d", mostShift, c.ShiftSteps)
	must(c.History >= 2*c.Coarse && c.History/max(c.Coarse, 1) <= mostCodes, "history must be from 2 to %d times coarse", mostCodes)
	return errors.Join(faults...)
}

// mostCodes bounds the history of a profile, also of one that is read from outside.
const mostCodes = 1 << 16

// mostShift bounds after how many steps the effect of an own action is learned.
const mostShift = 64

// windowSteps is how many readings the window holds when steps have the given length.
func (c *Config) windowSteps(step time.Duration) int {
	return int(min(max(int64(c.Window/step), int64(c.LeastSteps)), int64(c.MostSteps)))
}

// historySteps is how many coarse steps of a length are kept.
func (c *Config) historySteps(length time.Duration) int {
	return int(min(max(int64(c.History/length), 2), mostCodes))
}

// PersistSteps is how many steps a shift must last to be learned. A workload that is not trusted yet has hardly a level to
// defend, and learns it anew soon.
func (c *Config) PersistSteps(step time.Duration, stage foreshock.Stage) int32 {
	if stage < foreshock.Trusted {
		return int32(c.ScoreSteps)
	}
	return int32(min(max(int64((c.Persist+step-1)/step), int64(c.ScoreSteps)), 1<<30))
}

// coarseLength is the smallest multiple of the step that is at least c.Coarse.
func (c *Config) coarseLength(step time.Duration) time.Duration {
	return (c.Coarse + step - 1) / step * step
}

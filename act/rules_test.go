package act

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

func TestCheckRules(t *testing.T) {
	rules := map[foreshock.Dimension]foreshock.Rule{
		foreshock.DimIOPS: {Min: 3000, Max: 16000, Quantum: 100, Down: true},
		foreshock.DimSize: {Quantum: 1 << 30},
		foreshock.DimVCPU: {Quantum: 0.1, Down: true},
	}
	var has foreshock.Allocation
	has.Set(foreshock.DimIOPS, 4000)
	has.Set(foreshock.DimSize, 10<<30)
	has.Set(foreshock.DimMemory, 1<<30)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f := func(d foreshock.Dimension, to float64, want string) {
		t.Helper()
		a := foreshock.Action{}
		a.To.Set(d, to)
		err := CheckRules(foreshock.Resource{Name: "v", At: at, Allocated: has, Rules: rules}, a)
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrRule) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s to %g: %v, want %q", d, to, err, want)
		}
	}
	f(foreshock.DimIOPS, 3000, "")
	f(foreshock.DimIOPS, 16000, "")
	f(foreshock.DimIOPS, 2900, "below the least that is allowed, 3000 IOPS")
	f(foreshock.DimIOPS, 16100, "above the most that is allowed, 16,000 IOPS")
	f(foreshock.DimIOPS, 5050, "not a multiple of 100 IOPS")
	f(foreshock.DimIOPS, 4000, "has iops=4000 already")
	f(foreshock.DimIOPS, -100, "is no amount")
	f(foreshock.DimIOPS, math.Inf(1), "is no amount")
	f(foreshock.DimIOPS, math.NaN(), "no amount is stated")
	f(foreshock.DimSize, 11<<30, "")
	f(foreshock.DimSize, 1e15, "not a multiple")
	f(foreshock.DimSize, 9<<30, "size cannot be reduced (from 10 GiB to 9 GiB)")
	f(foreshock.DimMemory, 2<<30, "memory of v cannot be changed")
	f(foreshock.DimVCPU, 2, "how much vcpu there is now is not known")
	rules[foreshock.DimIOPS] = foreshock.Rule{Down: true, NotBefore: at.Add(time.Second)}
	f(foreshock.DimIOPS, 5000, "iops of v cannot be changed before 2026-03-01T12:00:01Z")
	f(foreshock.DimSize, 11<<30, "") // the other amounts can
	rules[foreshock.DimIOPS] = foreshock.Rule{Down: true, NotBefore: at}
	f(foreshock.DimIOPS, 5000, "")
}

// Quanta that are no binary fractions are met all the same.
func TestMultiple(t *testing.T) {
	for i := range 1000 {
		if x := float64(i) * 0.1; !multiple(x, 0.1) || multiple(x+0.05, 0.1) {
			t.Errorf("%g", x)
		}
	}
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Check(); err != nil {
		t.Error(err)
	}
	f := func(change func(*Config), want string) {
		t.Helper()
		c := DefaultConfig()
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f(func(c *Config) { c.Parallel = 0 }, "parallel must be at least 1")
	f(func(c *Config) { c.CallTimeout = 0 }, "call_timeout must be above 0")
	f(func(c *Config) { c.Settle = 0 }, "settle must be above 0")
	f(func(c *Config) { c.Patience = time.Second }, "patience must be at least settle (30s)")
	f(func(c *Config) { c.FollowAtMost = 0 }, "follow_at_most must be at least follow_every (1s)")
	f(func(c *Config) { c.CallsPerSecond = math.NaN() }, "calls_per_second must be above 0")
	f(func(c *Config) { c.Burst = 0 }, "burst must be at least 1")
	f(func(c *Config) { c.BreakAfter, c.BreakFor = 1, 0 }, "break_for must be above 0")
	f(func(c *Config) { c.Parallel, c.Burst = 0, 0 }, "\nburst")
}

// A bucket that was not used for long, or whose clock was set back, holds no more than the burst.
func TestTake(t *testing.T) {
	c := Config{CallsPerSecond: 2, Burst: 2}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var p pace
	f := func(later time.Duration, want time.Duration) {
		t.Helper()
		if got := p.take(at.Add(later), c); got != want {
			t.Errorf("after %s: %s, want %s", later, got, want)
		}
	}
	f(0, 0)
	f(0, 0)
	f(0, 500*time.Millisecond)
	f(100*time.Millisecond, 400*time.Millisecond)
	f(500*time.Millisecond, 0)
	f(time.Hour, 0)
	f(time.Hour, 0)
	f(time.Hour, 500*time.Millisecond)
	f(-time.Hour, 500*time.Millisecond)
	f(500*time.Millisecond-time.Hour, 0)
}

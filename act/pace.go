package act

import (
	"math"
	"time"
)

// pace is a token bucket of one target, with a circuit breaker: after a number of failures in a row the target is left alone
// for a while. The executor's lock guards it.
type pace struct {
	tokens   float64
	filled   time.Time
	failures int
	until    time.Time // left alone until then
}

// take takes a token, or says how long to wait for one.
func (p *pace) take(now time.Time, c Config) time.Duration {
	if p.filled.IsZero() {
		p.tokens, p.filled = float64(c.Burst), now
	}
	if passed := now.Sub(p.filled); passed > 0 {
		p.tokens = math.Min(float64(c.Burst), p.tokens+passed.Seconds()*c.CallsPerSecond)
	}
	p.filled = now
	if p.tokens >= 1 {
		p.tokens--
		return 0
	}
	return max(time.Duration((1-p.tokens)/c.CallsPerSecond*float64(time.Second)), time.Millisecond)
}

// answered notes how a call ended.
func (p *pace) answered(now time.Time, failed bool, c Config) {
	if !failed {
		p.failures = 0
		return
	}
	p.failures++
	if c.BreakAfter > 0 && p.failures >= c.BreakAfter {
		p.failures, p.until = 0, now.Add(c.BreakFor)
	}
}

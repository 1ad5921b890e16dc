package profile

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// StageOf tells how far the profile may be trusted at a time:
//
//	no data      nothing was ever read
//	learning     fewer than Config.ScoreSteps steps were: nothing is scored
//	provisional  fewer than Config.TrustedSteps, or for less than Config.TrustedAge, or nothing for Config.Forgotten:
//	             scored, but no severity above low
//	trusted      else
//
// Steps count, not hours: with steps of 10 s a workload is trusted after 20 minutes, with steps of 1 s after 2.
func StageOf(p *foreshock.Profile, now time.Time, cfg *Config) foreshock.Stage {
	switch {
	case p == nil || p.Steps == 0:
		return foreshock.NoData
	case p.Steps < int64(cfg.ScoreSteps):
		return foreshock.Learning
	case p.Steps < int64(cfg.TrustedSteps), time.Duration(p.UpdatedAt-p.CreatedAt) < cfg.TrustedAge, time.Duration(now.UnixNano()-p.UpdatedAt) > cfg.Forgotten:
		return foreshock.Provisional
	}
	return foreshock.Trusted
}

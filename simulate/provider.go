package simulate

import (
	"time"

	"github.com/foreshock-io/foreshock/providers"
)

// Provider is what a provider allows and how it bills.
type Provider = providers.Provider

func delaySteps(p Provider) int { return int(p.ApplyDelay / Step) }

// spacing is how far changes are apart that are spread evenly.
func spacing(p Provider) time.Duration {
	if p.Changes > 0 {
		return max(p.Cooldown, p.Window/time.Duration(p.Changes))
	}
	return p.Cooldown
}

// budget is what is left of a provider's changes.
type budget struct {
	provider Provider
	spent    []int64 // times of changes, Unix seconds, ascending; as many as the window can hold
}

// next is the earliest time, not before now, at which a change is accepted.
func (b *budget) next(now int64) int64 {
	if n := len(b.spent); n > 0 {
		now = max(now, b.spent[n-1]+int64(b.provider.Cooldown/time.Second))
	}
	if k := b.provider.Changes; k > 0 && len(b.spent) >= k {
		now = max(now, b.spent[len(b.spent)-k]+int64(b.provider.Window/time.Second))
	}
	return now
}

func (b *budget) spend(now int64) {
	b.spent = append(b.spent, now)
	if keep := max(b.provider.Changes, 1); len(b.spent) > keep {
		b.spent = b.spent[len(b.spent)-keep:]
	}
}

// Benchmark are the providers of the closed-loop benchmark: k8s, asg, ebs.
func Benchmark() []Provider { return providers.All()[:3] }

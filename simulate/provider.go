package simulate

import (
	"math"
	"time"
)

// Provider is what a provider allows and how it bills: what is asked for is billed at once; a rise works after the delay, a
// reduction at once.
type Provider struct {
	Name    string  `yaml:"name" json:"name"`
	About   string  `yaml:"about" json:"about,omitempty"`   // what it stands for
	Source  string  `yaml:"source" json:"source,omitempty"` // where its figures are from
	Unit    string  `yaml:"unit" json:"unit,omitempty"`     // of capacity; I/O per second unless stated
	Quantum float64 `yaml:"quantum" json:"quantum"`         // amounts are multiples of it
	Min     float64 `yaml:"min" json:"min"`
	Max     float64 `yaml:"max" json:"max"`
	// ApplyDelay is the time from the request of a rise until it works.
	ApplyDelay time.Duration `yaml:"apply_delay" json:"apply_delay_ns"`
	// Cooldown is the least time between two changes; 0: none.
	Cooldown time.Duration `yaml:"cooldown" json:"cooldown_ns"`
	// Changes is how many changes are allowed in any Window; 0: any number.
	Changes int           `yaml:"changes" json:"changes,omitempty"`
	Window  time.Duration `yaml:"window" json:"window_ns,omitempty"`
}

// Fit is the amount that the provider gives for a wish: rounded up to the quantum and clipped.
func (p Provider) Fit(want float64) float64 {
	if p.Quantum > 0 {
		want = math.Ceil(want/p.Quantum-1e-9) * p.Quantum
	}
	return min(max(want, p.Min), p.Max)
}

func (p Provider) delaySteps() int { return int(p.ApplyDelay / Step) }

// spacing is how far changes are apart that are spread evenly.
func (p Provider) spacing() time.Duration {
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
func Benchmark() []Provider { return Providers()[:3] }

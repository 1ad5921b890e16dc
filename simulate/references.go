package simulate

import "github.com/foreshock-io/foreshock"

// Reference is a policy that people run, or could run, with its usual settings.
type Reference struct {
	Name  string
	About string
	// New makes a policy for a run; only those that need not be possible look at the demand to come.
	New func(t *Trace, p Provider) Policy
}

var references = []Reference{
	{"oracle", "knows the future: near to the least; where changes have a budget it spreads them evenly", planOf},
	{"seasonal-naive", "HPA, and yesterday's same window with a margin of 20 %", newSeasonal},
	{"holt-winters", "HPA on the larger of load and Holt-Winters forecast (as PHPA)", newWinters},
	{"predictive", "highest load of each hour of 14 days, under target tracking (as AWS predictive scaling)", newPredictive},
	{"periodic", "HPA on the larger of load and the coming hour of the last 7 days, their mean (as Crane's DSP)", newPeriodic},
	{"target-tracking", "AWS target tracking at 55 %", newTracking},
	{"hpa", "Kubernetes HPA at 65 %", newHPA},
	{"step", "AWS step scaling above 80 % and below 50 %", newStepping},
	{"static-peak", "fixed at the exact peak, which nobody knows beforehand", staticPeak},
	{"static-history", "fixed at the peak of the warm-up", staticHistory},
	{"static-mean", "fixed at the mean", staticMean},
}

// References are the policies to compare with.
func References() []Reference { return append([]Reference(nil), references...) }

// ReferenceNamed finds one.
func ReferenceNamed(name string) (Reference, error) {
	var names []string
	for _, r := range references {
		if r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return Reference{}, foreshock.NoSuch("policy", name, names)
}

// Run runs a trace under a provider and the policy.
func (r Reference) Run(t *Trace, p Provider) (*Plant, error) {
	v := NewPlant(t, p)
	return v, v.Run(r.New(t, p))
}

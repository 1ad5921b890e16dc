package profile

import "github.com/foreshock-io/foreshock"

// Restore joins the profile of a workload that came from the store with the one that was learned meanwhile, and answers nil where the latter stays as
// it is. What is normal is that of the profile that has seen more. What acting and people have taught cannot be read again from the data: it is the live
// profile's where it was taught anything, else the stored one's. A profile of another step is of another clock, and of no use. Both may be changed.
func Restore(stored, live *foreshock.Profile) *foreshock.Profile {
	if stored.Length != live.Length {
		return nil
	}
	if stored.Steps > live.Steps {
		teach(stored, live, true)
		return stored
	}
	if teach(live, stored, false) {
		return live
	}
	return nil
}

// teach makes p know what another profile was taught: where p was not, or everywhere. It says whether there was anything.
func teach(p, other *foreshock.Profile, over bool) (any bool) {
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		mine, theirs := p.LearnedOf(d), other.LearnedOf(d)
		if theirs.Taught() && (over || !mine.Taught()) {
			p.Learn(d, theirs)
			any = true
		}
		if trial := other.TrialOf(d); trial != nil && p.TrialOf(d) == nil {
			p.Try(d, trial)
			any = true
		}
	}
	if theirs := other.Weights(); len(theirs) > 0 && (over || len(p.Weights()) == 0) {
		p.Weigh(theirs)
		any = true
	}
	if opined(&other.Threshold) && (over || !opined(&p.Threshold)) {
		p.Threshold, any = other.Threshold, true
	}
	return any
}

// opined says whether the threshold was moved by opinions.
func opined(t *foreshock.Threshold) bool { return t.Bias > 0 && t.Bias != 1 }

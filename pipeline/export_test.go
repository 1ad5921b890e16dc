package pipeline

import "github.com/foreshock-io/foreshock"

// ThresholdOf is a workload's own, of a pipeline in virtual time.
func ThresholdOf(p *Pipeline, id foreshock.ID) *foreshock.Threshold {
	h, _ := p.find(id)
	return &p.owners[0].held(h).profile.Threshold
}

// Sizes are how much of each kind a pipeline has in memory that does not run, or is asked from its owner's goroutine.
type Sizes struct{ Workloads, Slots, Resources, Users, Groups, Members, News, Inherited int }

// SizesOf looks into a pipeline in virtual time.
func SizesOf(p *Pipeline) (s Sizes) {
	for _, o := range p.owners {
		s.Slots += len(o.workloads)
		for _, w := range o.workloads {
			if w != nil {
				s.Workloads++
			}
		}
	}
	s.Resources, s.Groups, s.Inherited = len(p.resources.known), len(p.incidents.groups), len(p.inherited)
	for _, w := range p.resources.known {
		s.Users += len(w.users)
	}
	for _, g := range p.incidents.groups {
		s.Members += g.members
	}
	s.News = len(p.resources.news.items) + len(p.incidents.news.items)
	return s
}

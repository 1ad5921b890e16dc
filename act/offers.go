package act

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/foreshock-io/foreshock"
)

// Offer is a set of amounts that can only be had together: a type of machine, the performance tier of a disk.
type Offer struct {
	Name string
	Has  foreshock.Allocation
}

// Fitting is the smallest offer that has at least the amounts; none is an error that wraps ErrRule.
func Fitting(offers []Offer, to foreshock.Allocation) (Offer, error) {
	var best Offer
	for _, o := range offers {
		enough := !slices.ContainsFunc(to.Dimensions(), func(d foreshock.Dimension) bool {
			want, _ := to.Get(d)
			have, _ := o.Has.Get(d)
			return have < want
		})
		if enough && (best.Name == "" || smaller(o.Has, best.Has) < 0) {
			best = o
		}
	}
	if best.Name == "" {
		var names []string
		for _, o := range offers {
			names = append(names, o.Name)
		}
		return best, fmt.Errorf("%w: none of %s has %s", ErrRule, strings.Join(names, ", "), to)
	}
	return best, nil
}

// Another is the smallest offer that has at least the amounts and is not the one that is there, of which kind ("type", "size") it is said.
func Another(offers []Offer, kind, there string, to foreshock.Allocation) (Offer, error) {
	o, err := Fitting(offers, to)
	if err == nil && strings.EqualFold(o.Name, there) {
		err = fmt.Errorf("%w: %s is the smallest %s for that already", ErrRule, o.Name, kind)
	}
	return o, err
}

// smaller compares by the dimensions in their order.
func smaller(a, b foreshock.Allocation) int {
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		x, _ := a.Get(d)
		y, _ := b.Get(d)
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// OfferRules are the rules of what has one offer and may have any of several: in each dimension, from the least to the most of them.
func OfferRules(has foreshock.Allocation, offers []Offer) map[foreshock.Dimension]foreshock.Rule {
	rules := map[foreshock.Dimension]foreshock.Rule{}
	for _, d := range has.Dimensions() {
		have, _ := has.Get(d)
		rule := foreshock.Rule{Min: have, Max: have, Down: true}
		for _, o := range offers {
			amount, _ := o.Has.Get(d)
			rule.Min, rule.Max = min(rule.Min, amount), max(rule.Max, amount)
		}
		rules[d] = rule
	}
	return rules
}

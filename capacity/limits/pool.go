package limits

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
)

// pool is an amount of capacity and what is drawn from it.
type pool struct {
	Pool
	dimension foreshock.Dimension
	draws     []match
	drawn     float64 // by the grants that are held
	grants    int     // that draw on it
}

// slack is how far a float64 sum may stray, as a share of the total. Whole amounts below 2^53 do not stray.
const slack = 1e-9

// free is what can still be granted; below zero where more is in use than the total and the reserve leave.
func (p *pool) free() float64 { return p.Total*(1-p.Reserve) - p.InUse - p.drawn }

// part is how much of an increase the pool can give.
func (p *pool) part(increase float64) float64 {
	free := p.free()
	switch {
	case increase <= free+slack*p.Total:
		return increase
	case free <= 0:
		return 0
	case p.Quantum > 0:
		return p.Quantum * math.Floor(free/p.Quantum+slack)
	}
	return free
}

// draw takes an amount for a grant, or with a sign of -1 puts it back.
func (p *pool) draw(amount, sign float64) {
	p.drawn += sign * amount
	p.grants += int(sign)
	if p.grants == 0 {
		p.drawn = 0 // what rounding has left
	}
}

func (p *pool) feeds(r *capacity.Request) bool {
	return slices.ContainsFunc(p.draws, func(m match) bool {
		return m.target.MatchString(r.Target) && m.resource.MatchString(r.Resource) && m.workload.MatchString(string(r.Workload))
	})
}

// why says what a pool has left, for the reason of a part grant.
func (p *pool) why() string {
	return fmt.Sprintf("pool %s can grant %s more: of %s, %s is in use, %s is granted, and %s is kept in reserve", p.Name, p.text(max(0, p.free())), p.text(p.Total),
		p.text(p.InUse), p.text(p.drawn), p.text(p.Total*p.Reserve))
}

func (p *pool) text(x float64) string { return foreshock.FormatAmount(p.dimension, x) }

// match is a Draw, compiled.
type match struct{ target, resource, workload *regexp.Regexp }

func newMatch(d Draw) (m match, err error) {
	if d == (Draw{}) {
		return m, errors.New(`it has no glob; for all write {workload: "**"}`)
	}
	var faults []error
	compile := func(name, glob string) *regexp.Regexp {
		re, err := compile(glob)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s is %q: %w", name, glob, err))
		}
		return re
	}
	m = match{compile("target", d.Target), compile("resource", d.Resource), compile("workload", d.Workload)}
	return m, errors.Join(faults...)
}

var globs = strings.NewReplacer(`\*\*`, `.*`, `\*`, `[^/]*`, `\?`, `[^/]`)

// compile turns a glob into a regular expression. None is as good as **.
func compile(glob string) (*regexp.Regexp, error) {
	if glob == "" {
		glob = "**"
	}
	if strings.ContainsAny(glob, `[]\`) {
		return nil, errors.New(`[, ] and \ mean nothing here; use *, ** and ?`)
	}
	return regexp.Compile(`(?s)^` + globs.Replace(regexp.QuoteMeta(glob)) + `$`)
}

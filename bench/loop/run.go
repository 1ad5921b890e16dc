package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/simulate"
)

// contestant is a policy that is measured.
type contestant struct {
	name string
	seed uint64 // of Foreshock's draws; peers draw nothing
	make func(t *simulate.Trace, p simulate.Provider, v *simulate.Plant) (simulate.Policy, error)
	// asWhole says under which providers it is the whole program, so that its runs need not be run again; nil: under none.
	asWhole func(simulate.Provider) bool
}

// variant is Foreshock with something changed.
type variant struct {
	name     string
	settings string // of a configuration file
	without  pipeline.Parts
}

var whole = variant{name: "foreshock"}

func (v variant) contestant(seed uint64) contestant {
	c := contestant{name: v.name, seed: seed, make: func(_ *simulate.Trace, _ simulate.Provider, plant *simulate.Plant) (simulate.Policy, error) {
		c, err := config.Parse(v.name, []byte(v.settings))
		if err != nil {
			return nil, err
		}
		return app.NewLoop(c, app.LoopOptions{Volume: plant.Volume("vol/1"), Without: v.without, Draws: seed})
	}}
	if v.without.Planning {
		c.asWhole = func(p simulate.Provider) bool { return p.Changes == 0 && p.Cooldown == 0 } // nothing is scarce
	}
	return c
}

// contestants are the policies of these names, or all; Foreshock is there once for each seed.
func contestants(names []string, ablation bool, seeds int) ([]contestant, error) {
	variants := []variant{whole}
	if ablation {
		variants = append(variants, ablations...)
	}
	var all []contestant
	for seed := range uint64(max(1, seeds)) { //nolint:gosec // positive
		for _, v := range variants {
			all = append(all, v.contestant(seed))
		}
	}
	for _, r := range simulate.References() {
		all = append(all, contestant{name: r.Name, make: func(t *simulate.Trace, p simulate.Provider, _ *simulate.Plant) (simulate.Policy, error) {
			return r.New(t, p), nil
		}})
	}
	if len(names) == 0 {
		return all, nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(c contestant) bool { return c.name == name }) {
			return nil, fmt.Errorf("no policy is called %q", name)
		}
	}
	return slices.DeleteFunc(all, func(c contestant) bool { return !slices.Contains(names, c.name) }), nil
}

// job is a trace under a provider.
type job struct {
	trace    *simulate.Trace
	provider simulate.Provider
}

func jobs(traces []*simulate.Trace, providers []simulate.Provider) (list []job) {
	for _, t := range traces {
		for _, p := range providers {
			list = append(list, job{t, p})
		}
	}
	// The longest first, so that the processors end together.
	slices.SortStableFunc(list, func(a, b job) int { return len(b.trace.Demand) - len(a.trace.Demand) })
	return list
}

// result is one run.
type result struct {
	Trace, Provider, Policy string
	Seed                    uint64
	simulate.Score
}

// MarshalJSON writes the run's score under its own name: that of the embedded one would be the whole's.
func (r result) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Trace    string         `json:"trace"`
		Provider string         `json:"provider"`
		Policy   string         `json:"policy"`
		Seed     uint64         `json:"seed"`
		Score    simulate.Score `json:"score"`
	}{r.Trace, r.Provider, r.Policy, r.Seed, r.Score})
}

// run runs every policy on every job, cpu of them at once; the results are in order of jobs and policies.
func run(list []job, policies []contestant, cpu int) []result {
	results := make([]result, len(list)*len(policies))
	bounds := make([]struct{ bound, oracle float64 }, len(list)) // oracle, the first reference, in cost
	var mu sync.Mutex                                            // guards done
	done := 0
	each(len(list), cpu, func(i int) {
		bounds[i].bound = simulate.LowerBound(list[i].trace, list[i].provider)
		if v, err := simulate.References()[0].Run(list[i].trace, list[i].provider); err == nil {
			bounds[i].oracle = v.Score(bounds[i].bound).Cost
		}
	})
	var own []int              // the results that are run for
	twins := make(map[int]int) // of others, which is the same
	for k := range results {
		if twin, ok := twinOf(policies, k%len(policies), list[k/len(policies)].provider); ok {
			twins[k] = k - k%len(policies) + twin
		} else {
			own = append(own, k)
		}
	}
	each(len(own), cpu, func(i int) {
		k := own[i]
		j, c := list[k/len(policies)], policies[k%len(policies)]
		r := result{Trace: j.trace.Name, Provider: j.provider.Name, Policy: c.name, Seed: c.seed}
		v := simulate.NewPlant(j.trace, j.provider)
		p, err := c.make(j.trace, j.provider, v)
		if err == nil {
			err = v.Run(p)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "\rloop: %s on %s under %s: %s\n", c.name, j.trace.Name, j.provider.Name, err)
			r.FoM, r.Ready = math.NaN(), math.NaN()
		} else {
			r.Score = v.Score(bounds[k/len(policies)].bound)
			r.CostRatio = r.Cost / bounds[k/len(policies)].oracle
		}
		results[k] = r
		mu.Lock()
		done++
		if done%len(policies) == 0 {
			fmt.Fprintf(os.Stderr, "\r%d of %d runs ", done, len(own))
		}
		mu.Unlock()
	})
	fmt.Fprint(os.Stderr, "\r")
	for k, twin := range twins {
		results[k] = results[twin]
		results[k].Policy = policies[k%len(policies)].name
	}
	return results
}

// twinOf is the policy whose run is that of policy k as well.
func twinOf(policies []contestant, k int, p simulate.Provider) (twin int, ok bool) {
	if same := policies[k].asWhole; same == nil || !same(p) {
		return 0, false
	}
	twin = slices.IndexFunc(policies, func(c contestant) bool { return c.name == whole.name && c.seed == policies[k].seed })
	return twin, twin >= 0
}

// each calls f for 0 … n-1, cpu at once.
func each(n, cpu int, f func(int)) {
	var group errgroup.Group
	group.SetLimit(max(1, cpu))
	for i := range n {
		group.Go(func() error { f(i); return nil })
	}
	_ = group.Wait() // f tells of its own errors
}

package main

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/providers"
	"github.com/foreshock-io/foreshock/simulate"
	"github.com/foreshock-io/foreshock/tables"
	"github.com/spf13/cobra"
)

// whatIfFlags say what is simulated.
type whatIfFlags struct {
	trace, prometheus, query, provider, from, to, output, page string
	policies                                                   []string
	warmup                                                     time.Duration
	price                                                      float64
}

const whatIfHelp = `With --trace or --prometheus it tells what recorded demand would have come to under a provider's rules, for the program's own policy and for those
that people run. FILE is what replay reads, of one workload: a CSV (also gzipped, or - for standard input) with a column time, timestamp or unix_seconds, iops and
optionally bytes_per_sec; a block trace; a recorded Prometheus range. Merit is the cost, and 20 times what would have served the I/O that was
late, over the least that anyone could have had who knew the future; lower is better.

The model is one volume: an I/O takes 1 ms when it is idle, more as it is busy, and what cannot be served waits, at most 30 s. More than 10 ms is too high.`

func (f *whatIfFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.trace, "trace", "", "file of demand")
	flags.StringVar(&f.prometheus, "prometheus", "", "URL of a Prometheus to take demand from, with --query, --from and --to")
	flags.StringVar(&f.query, "query", "", "PromQL for I/O per second; one series")
	flags.StringVar(&f.provider, "provider", "ebs-gp3", "built in, or a YAML file: "+strings.Join(providerNames(), ", "))
	flags.StringSliceVar(&f.policies, "policy", defaultPolicies, "policies to compare")
	flags.StringVar(&f.from, "from", "", "take demand from this time on, as 2026-03-01 or 2026-03-01T12:00:00Z")
	flags.StringVar(&f.to, "to", "", "take demand up to this time")
	f.warmup = -1
	flags.Var((*length)(&f.warmup), "warmup", "what is run before scoring begins (default: a quarter of the demand, at most 14 days)")
	flags.Lookup("warmup").DefValue = "0s" // which help leaves out; the text says what it is
	flags.Float64Var(&f.price, "price", 0, "of one IOPS for an hour, in your currency; tells costs in money")
	flags.StringVar(&f.page, "html", "", "write a page that draws it to this file")
	outputFlag(cmd, &f.output)
	_ = cmd.MarkFlagFilename("trace", "csv", "gz", "json")
	cmd.MarkFlagsMutuallyExclusive("trace", "prometheus")
}

// length is a duration as configurations state it: 90m, 36h, 14d.
type length time.Duration

// Set implements [pflag.Value].
func (l *length) Set(text string) error {
	d, err := config.ParseDuration(text)
	if err != nil {
		return errors.New("a duration is expected, for example 90m, 36h, 14d")
	}
	*l = length(d)
	return nil
}

// Type implements [pflag.Value].
func (l *length) Type() string { return "duration" }

func (l *length) String() string { return time.Duration(*l).String() }

func providerNames() (names []string) {
	for _, p := range providers.All() {
		names = append(names, p.Name)
	}
	return names
}

// run compares the policies and writes what came of it.
func (f *whatIfFlags) run(cmd *cobra.Command, own runFlags) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	c, err := own.load()
	if err != nil {
		return err
	}
	w := &whatIf{price: f.price}
	if w.provider, err = f.providerOf(); err != nil {
		return err
	}
	if w.trace, err = f.demand(cmd); err != nil {
		return err
	}
	if f.page != "" { // that it cannot be written is not worth a long simulation
		if err := mayCreate(f.page); err != nil {
			return err
		}
	}
	if err := w.compare(c, f.policies); err != nil {
		return err
	}
	if f.page != "" {
		if err := writeWhole(f.page, w.page().Write); err != nil {
			return err
		}
	}
	if f.output == "table" {
		fmt.Fprintln(cmd.OutOrStdout(), w.about())
	}
	return write(cmd.OutOrStdout(), f.output, w, w.table)
}

// check finds what is wrong with the flags before anything is read.
func (f *whatIfFlags) check(cmd *cobra.Command) error {
	for i, name := range f.policies {
		if slices.Contains(f.policies[:i], name) {
			return usageError{fmt.Errorf("--policy names %s twice", name)}
		}
		if _, err := simulate.ReferenceNamed(name); err != nil && name != ownPolicy {
			return usageError{fmt.Errorf("--policy: %w, %s", err, ownPolicy)}
		}
	}
	switch {
	case len(f.policies) == 0:
		return usageError{fmt.Errorf("--policy names none; state one or more, as %s", strings.Join(defaultPolicies, ","))}
	case !(f.price >= 0) || math.IsInf(f.price, 0):
		return usageError{fmt.Errorf("--price %g is no price; a number of at least 0 is expected", f.price)}
	case cmd.Flags().Changed("warmup") && f.warmup < 0:
		return usageError{fmt.Errorf("--warmup %s is below 0; state 0s to score all of the demand", f.warmup)}
	case f.prometheus == "" && f.query != "":
		return usageError{errors.New("--query is asked of --prometheus, which is not stated; name its URL")}
	}
	return nil
}

func (f *whatIfFlags) providerOf() (simulate.Provider, error) {
	if strings.ContainsAny(f.provider, "./"+string(filepath.Separator)) {
		return providers.Read(f.provider)
	}
	p, err := providers.Named(f.provider)
	if err != nil {
		return p, usageError{fmt.Errorf("--provider: %w", err)}
	}
	return p, nil
}

// demand reads the demand asked for.
func (f *whatIfFlags) demand(cmd *cobra.Command) (t *simulate.Trace, err error) {
	from, err := seconds("--from", f.from)
	if err != nil {
		return nil, err
	}
	to, err := seconds("--to", f.to)
	if err != nil {
		return nil, err
	}
	if from != 0 && to != 0 && to <= from {
		return nil, usageError{fmt.Errorf("--to %s is not later than --from %s", f.to, f.from)}
	}
	if f.prometheus != "" {
		t, err = promDemand(cmd.Context(), f.prometheus, f.query, from, to)
	} else if t, err = app.Demand(f.trace); err == nil {
		t, err = t.Between(from, to)
	}
	if err != nil {
		return nil, err
	}
	t.Warmup = int(f.warmup / simulate.Step)
	if f.warmup < 0 {
		t.Warmup = min(len(t.Demand)/4, int(14*24*time.Hour/simulate.Step))
	}
	if t.Warmup >= len(t.Demand) {
		return nil, usageError{fmt.Errorf("--warmup %s is all of the demand, which covers %s; leave something to score", f.warmup, time.Duration(len(t.Demand))*simulate.Step)}
	}
	return t, nil
}

// seconds is a time in Unix seconds; 0 of none.
func seconds(flag, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if _, at, ok := tables.Written(text); ok {
		return at.Unix(), nil
	}
	return 0, usageError{fmt.Errorf("%s %s is no time; one as 2026-03-01 or 2026-03-01T12:00:00Z is expected", flag, text)}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/foreshock-io/foreshock/timeseries/stl"
	"github.com/spf13/cobra"
)

const decomposeHelp = `Split series into trend, seasons and remainder: value = trend + seasonal (+ seasonal2 …) + remainder.

One period is decomposed as by stl of R, several as by mstl of its forecast package, with their parameters and defaults, but s.window: it is periodic for one
period, and 11, 15, … for several. A missing value counts for nothing: trend and seasons are there nevertheless, the remainder is missing. Robust weights
use the median throughout, where R's stl sometimes uses a neighbour of it.

` + seriesHelp + `

Out come the columns t,value,trend,seasonal[,seasonal2 …],remainder, after a series_id when a row is a series; t is the time as the file has it, or counts
from 1. With -o json, a line for each series.`

const decomposeExamples = `  foreshock decompose reads.csv --period 24
  foreshock decompose reads.csv --period 24,168 --robust | cut -d, -f1,3        the trend
  awk -F, '{print $2}' iostat.csv | foreshock decompose - --period auto
  foreshock decompose train.csv --period 24 --s-window 7 -o json | jq -c '[.series_id, .trend[-1]]'`

// windows is the flag --s-window.
type windows []int

func (w *windows) Type() string { return "periodic|N[,M]" }

func (w *windows) String() string {
	if len(*w) == 1 && (*w)[0] == stl.Periodic {
		return "periodic"
	}
	return joined(*w)
}

// Set reads the flag.
func (w *windows) Set(text string) error {
	*w = nil
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		switch {
		case part == "periodic":
			n = stl.Periodic
		case err != nil || n < 1:
			return errors.New("periodic, or the cycles over which the season may change, for example 7")
		}
		*w = append(*w, n)
	}
	return nil
}

// decomposing is what the flags of decompose say.
type decomposing struct {
	periods periods
	windows windows
	rounds  int
	form    string
	base    stl.Config
	degrees struct{ seasonal, trend, lowPass int }
}

func decomposeCommand() *cobra.Command {
	d := decomposing{periods: periods{auto: true}}
	cmd := &cobra.Command{
		Use: "decompose FILE", Short: "Split series into trend, seasons and remainder, as stl and mstl of R", Long: decomposeHelp, Example: decomposeExamples,
		GroupID: "numbers", Args: oneArg("file"),
		RunE: func(cmd *cobra.Command, args []string) error { return d.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.Var(&d.periods, "period", "steps in a season; several as 24,168; auto finds them")
	flags.Var(&d.windows, "s-window", "cycles over which a season may change, odd, at least 7; one for each period (default periodic; several periods: 11,15,…)")
	flags.IntVar(&d.degrees.seasonal, "s-degree", 0, "degree of the loess of the season, 0 or 1 (default 0)")
	flags.IntVar(&d.base.TrendWindow, "t-window", 0, "steps in the loess of the trend (default nextodd(1.5·period/(1-1.5/s-window)))")
	flags.IntVar(&d.degrees.trend, "t-degree", 1, "degree of the loess of the trend, 0 or 1")
	flags.IntVar(&d.base.LowPassWindow, "l-window", 0, "steps in the loess of the low-pass filter (default nextodd(period))")
	flags.IntVar(&d.degrees.lowPass, "l-degree", 0, "degree of the loess of the low-pass filter (default t-degree)")
	flags.IntVar(&d.base.SeasonalJump, "s-jump", 0, "the season is fitted at every so many cycles (default s-window/10)")
	flags.IntVar(&d.base.TrendJump, "t-jump", 0, "the trend is fitted at every so many steps (default t-window/10)")
	flags.IntVar(&d.base.LowPassJump, "l-jump", 0, "the low-pass filter is fitted at every so many steps (default l-window/10)")
	flags.BoolVar(&d.base.Robust, "robust", false, "outliers bend neither trend nor season")
	flags.IntVar(&d.base.Inner, "inner", 0, "inner passes (default 2, robust 1)")
	flags.IntVar(&d.base.Outer, "outer", 0, "outer passes, with robustness weights (default 0, robust 15)")
	flags.IntVar(&d.rounds, "iterate", 2, "rounds over several periods")
	seriesOutputFlag(cmd, &d.form)
	complete := func(flag string, values ...string) {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	complete("period", "auto", "24", "24,168", "288")
	complete("s-window", "periodic", "7", "11", "13")
	for _, flag := range []string{"s-degree", "t-degree", "l-degree"} {
		complete(flag, "0", "1")
	}
	return cmd
}

// config is what the flags say in the words of the package.
func (d *decomposing) config(cmd *cobra.Command) (stl.Config, error) {
	c := d.base
	for _, degree := range []struct {
		flag string
		from int
		to   *stl.Degree
	}{
		{"s-degree", d.degrees.seasonal, &c.SeasonalDegree},
		{"t-degree", d.degrees.trend, &c.TrendDegree},
		{"l-degree", d.degrees.lowPass, &c.LowPassDegree},
	} {
		switch {
		case degree.from != 0 && degree.from != 1:
			return c, usageError{fmt.Errorf("--%s %d: 0 or 1 is expected", degree.flag, degree.from)}
		case cmd.Flags().Changed(degree.flag):
			*degree.to = stl.Constant + stl.Degree(degree.from)
		}
	}
	for _, n := range []struct {
		flag string
		to   *int
		none int // what the package calls 0
	}{
		{"t-window", &c.TrendWindow, 0},
		{"l-window", &c.LowPassWindow, 0},
		{"s-jump", &c.SeasonalJump, 0},
		{"t-jump", &c.TrendJump, 0},
		{"l-jump", &c.LowPassJump, 0},
		{"inner", &c.Inner, stl.None},
		{"outer", &c.Outer, stl.None},
	} {
		switch {
		case !cmd.Flags().Changed(n.flag):
			*n.to = 0
		case *n.to < 0 || *n.to == 0 && n.none == 0:
			return c, usageError{fmt.Errorf("--%s %d is too few; leave it out for the default", n.flag, *n.to)}
		case *n.to == 0:
			*n.to = n.none
		}
	}
	if d.rounds < 1 {
		return c, usageError{fmt.Errorf("--iterate %d: at least 1", d.rounds)}
	}
	return c, nil
}

func (d *decomposing) run(cmd *cobra.Command, name string) error {
	base, err := d.config(cmd)
	if err != nil {
		return err
	}
	file, err := openSeries(name, cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := d.periods.find(file, cmd.ErrOrStderr()); err != nil {
		return err
	}
	if len(d.periods.list) == 0 {
		return fmt.Errorf("%s: without a season there is nothing to split", file.Name)
	}
	if len(d.windows) > 1 && len(d.windows) != len(d.periods.list) {
		return usageError{fmt.Errorf("--s-window %s: one for all, or one for each of --period %s", &d.windows, joined(d.periods.list))}
	}
	out := newRows(cmd.OutOrStdout(), d.form, d.columns(file.wide))
	b := batch[stl.MultiResult]{
		file: file, say: cmd.ErrOrStderr(),
		work:  func(_ context.Context, s *series) (stl.MultiResult, error) { return d.split(s.values, base) },
		write: func(s *series, r stl.MultiResult) error { return d.write(out, s, r) },
	}
	return errors.Join(b.run(cmd.Context()), out.end())
}

func (d *decomposing) columns(wide bool) []string {
	list := []string{"t", "value", "trend"}
	if wide {
		list = append([]string{"series_id"}, list...)
	}
	for i := range d.periods.list {
		list = append(list, seasonName(i))
	}
	return append(list, "remainder")
}

func seasonName(i int) string {
	if i == 0 {
		return "seasonal"
	}
	return "seasonal" + strconv.Itoa(i+1)
}

func (d *decomposing) write(out *rows, s *series, r stl.MultiResult) error {
	if out.objects() {
		var o object
		if s.id != "" {
			o = append(o, field{"series_id", s.id})
		}
		o = append(o, field{"period", r.Periods})
		if s.times != nil {
			o = append(o, field{"t", s.times})
		}
		o = append(o, field{"value", numbers(s.values)}, field{"trend", numbers(r.Trend)})
		for i, season := range r.Seasonal {
			o = append(o, field{seasonName(i), numbers(season)})
		}
		return out.object(append(o, field{"remainder", numbers(r.Remainder)}))
	}
	row := make([]string, 0, 5+len(r.Seasonal))
	for i, x := range s.values {
		row = row[:0]
		if s.id != "" {
			row = append(row, s.id)
		}
		row = append(row, s.label(i), number(x), number(r.Trend[i]))
		for _, season := range r.Seasonal {
			row = append(row, number(season[i]))
		}
		if err := out.row(append(row, number(r.Remainder[i]))); err != nil {
			return err
		}
	}
	return nil
}

// split decomposes one series. Periods that are too long for it have a season of 0, as mstl leaves them out.
func (d *decomposing) split(x []float64, base stl.Config) (stl.MultiResult, error) {
	list := d.periods.list
	if len(list) == 1 {
		base.Period = list[0]
		if len(d.windows) > 0 {
			base.SeasonalWindow = d.windows[0]
		}
		r, err := stl.Decompose(x, base)
		return stl.MultiResult{Periods: list, Seasonal: [][]float64{r.Seasonal}, Trend: r.Trend, Remainder: r.Remainder}, remedy(err, len(x), list)
	}
	r, err := stl.DecomposeMulti(x, stl.MultiConfig{Periods: list, SeasonalWindows: d.windows, Iterations: d.rounds, Base: base})
	if err != nil {
		return r, remedy(err, len(x), list)
	}
	for len(r.Seasonal) < len(list) { // those left out are the longest
		r.Seasonal = append(r.Seasonal, make([]float64, len(x)))
	}
	return r, nil
}

func remedy(err error, n int, list []int) error {
	switch {
	case errors.Is(err, stl.ErrShort):
		return fmt.Errorf("%d values are too few for a period of %d; it takes more than two periods", n, list[0])
	case errors.Is(err, stl.ErrGaps):
		return fmt.Errorf("more values are missing than can be done without; a period of %d needs as many values as it has steps", list[0])
	}
	return err
}

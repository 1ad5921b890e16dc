package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const forecastHelp = `Forecast series, with intervals.

  auto     what the running program does: several models, back-tested on the series itself and combined; quantiles corrected by what was measured. A
           series that is never below zero has no forecast below zero
  arima    (p,d,q)(P,D,Q) as arima of R: exact likelihood, missing values, a mean where nothing is differenced (--mean=false leaves it out). Without
           --order it is chosen as by auto.arima, and sigma2 and intervals have its correction for the number of coefficients
  ets      exponential smoothing, chosen as by ets of R; a season of more than 24 steps is left out, as there
  prophet  as Prophet with its defaults: the seasons are those that its steps allow. Steps are those of the file's times, else of --step, else a period is a
           day (7 and 365: steps are days, 52: weeks, 12: months). Periods that are neither day, week nor year are added
  naive    the last season again, with the intervals of R's snaive

` + seriesHelp + `

Out come the columns series_id,h,mean,lo95,hi95; with -o json a line for each series, and in it the fit: order, coef, se, sigma2, loglik, aic, aicc, bic and
what else the model has. A series that cannot be forecast is named on standard error and left out; the exit code is then 3.`

const forecastExamples = `  foreshock forecast reads.csv --period 24 --horizon 48
  foreshock forecast reads.csv --model arima --order 1,0,1 --seasonal 0,1,1 --period 24 --level 95,80 -o json
  foreshock forecast train.csv --model auto --period 24 --horizon 48 > forecast.csv        one series per row, all cores
  foreshock decompose reads.csv --period 24 | cut -d, -f1,3 | foreshock forecast - --model ets --period none     the trend, ahead`

// forecasting is what the flags of forecast say.
type forecasting struct {
	model           string
	periods         periods
	horizon         int
	levels          percents
	order, seasonal orders
	mean, drift     bool
	step            time.Duration
	start           string
	seed            uint64
	deadline        time.Duration
	form            string
	changed         func(flag string) bool
}

// predicted is a forecast and the fit behind it.
type predicted struct {
	fit          object // fields of the JSON
	mean, se     []float64
	lower, upper [][]float64 // for each level
	parts        object      // further columns of the forecast in JSON
	note         string      // for standard error
}

// predict forecasts h steps, each with the quantiles that the levels ask for.
type predict func(ctx context.Context, f *forecasting, s *series, h int) (predicted, error)

var forecasters = map[string]predict{"arima": integrated, "ets": exponential, "prophet": additive, "naive": seasonalNaive, "auto": auto}

func forecasterNames() []string {
	var names []string
	for name := range forecasters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func forecastCommand() *cobra.Command {
	f := forecasting{periods: periods{auto: true}, levels: percents{95}}
	cmd := &cobra.Command{
		Use: "forecast FILE", Short: "Forecast series, by models that are checked against R, or by the program's own choice", Long: forecastHelp, Example: forecastExamples,
		GroupID: "numbers", Args: oneArg("file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.changed = cmd.Flags().Changed
			return f.run(cmd, args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", "auto", "auto, arima, ets, prophet or naive")
	flags.Var(&f.periods, "period", "steps in a season; several as 24,168; none; auto finds them")
	flags.IntVar(&f.horizon, "horizon", 0, "steps to forecast (default two seasons, without a season 10)")
	flags.Var(&f.levels, "level", "percent that the intervals are to cover; several as 95,80")
	flags.Var(&f.order, "order", "arima: p,d,q")
	flags.Var(&f.seasonal, "seasonal", "arima: P,D,Q")
	flags.BoolVar(&f.mean, "mean", true, "arima: a mean where nothing is differenced")
	flags.BoolVar(&f.drift, "drift", false, "arima: a drift, with at most one difference; =false: none is chosen")
	flags.DurationVar(&f.step, "step", 0, "prophet: the step of a file without times, for example 5m")
	flags.StringVar(&f.start, "start", "2024-01-01T00:00:00Z", "prophet: the first time of a file without times")
	flags.Uint64Var(&f.seed, "seed", 1, "prophet: of the simulated futures that give the intervals")
	flags.DurationVar(&f.deadline, "deadline", time.Minute, "bound on the time for one series")
	seriesOutputFlag(cmd, &f.form)
	complete := func(flag string, values ...string) {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	complete("model", forecasterNames()...)
	complete("period", "auto", "none", "24", "24,168", "288")
	complete("level", "95", "95,80", "99")
	complete("order", "1,0,0", "0,1,1", "1,1,1", "2,1,2")
	complete("seasonal", "0,1,1", "1,0,0", "1,1,1")
	return cmd
}

// percents is the flag --level.
type percents []float64

func (p *percents) Type() string { return "PERCENT[,PERCENT]" }

func (p *percents) String() string {
	var text []string
	for _, x := range *p {
		text = append(text, number(x))
	}
	return strings.Join(text, ",")
}

// Set reads the flag.
func (p *percents) Set(text string) error {
	*p = nil
	for part := range strings.SplitSeq(text, ",") {
		x, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || !(x > 0 && x < 100) {
			return errors.New("percent between 0 and 100 are expected, for example 95 or 95,80")
		}
		*p = append(*p, x)
	}
	return nil
}

// orders is a flag such as 2,1,2.
type orders struct {
	p, d, q int
	given   bool
}

func (o *orders) Type() string { return "P,D,Q" }

func (o *orders) String() string {
	if !o.given {
		return ""
	}
	return fmt.Sprintf("%d,%d,%d", o.p, o.d, o.q)
}

// Set reads the flag.
func (o *orders) Set(text string) error {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return errors.New("three numbers are expected, for example 2,1,2")
	}
	for i, to := range []*int{&o.p, &o.d, &o.q} {
		n, err := strconv.Atoi(strings.TrimSpace(parts[i]))
		if err != nil || n < 0 {
			return fmt.Errorf("%q is no order; three numbers from 0 on are expected, for example 2,1,2", parts[i])
		}
		*to = n
	}
	o.given = true
	return nil
}

// check says what is wrong with the flags.
func (f *forecasting) check() error {
	if _, ok := forecasters[f.model]; !ok {
		return usageError{fmt.Errorf("--model %s: there is: %s", f.model, strings.Join(forecasterNames(), ", "))}
	}
	if f.order.given && !f.changed("model") {
		f.model = "arima" // nothing else has an order
	}
	for flag, model := range map[string]string{
		"order": "arima", "seasonal": "arima", "mean": "arima", "drift": "arima", "step": "prophet", "start": "prophet", "seed": "prophet",
	} {
		if f.changed(flag) && f.model != model {
			return usageError{fmt.Errorf("--%s is for --model %s, not %s", flag, model, f.model)}
		}
	}
	several := len(f.periods.list) > 1 && f.model != "auto" && f.model != "prophet"
	switch {
	case several:
		return usageError{fmt.Errorf("--period %s: %s has one season; auto and prophet have several", &f.periods, f.model)}
	case f.horizon < 0 || f.changed("horizon") && f.horizon == 0:
		return usageError{fmt.Errorf("--horizon %d: at least 1", f.horizon)}
	case f.deadline <= 0:
		return usageError{fmt.Errorf("--deadline %s is no time", f.deadline)}
	case f.seasonal.given && !f.order.given:
		return usageError{errors.New("--seasonal needs --order too; without both, they are chosen")}
	case f.seasonal.p+f.seasonal.d+f.seasonal.q > 0 && len(f.periods.list) == 0 && !f.periods.auto:
		return usageError{errors.New("--seasonal needs a --period, the number of steps in a season")}
	}
	return nil
}

func (f *forecasting) run(cmd *cobra.Command, name string) error {
	if err := f.check(); err != nil {
		return err
	}
	file, err := openSeries(name, cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := f.periods.find(file, cmd.ErrOrStderr()); err != nil {
		return err
	}
	h := f.horizon
	switch {
	case h > 0:
	case len(f.periods.list) == 0:
		h = 10
	default:
		h = 2 * f.periods.list[0]
	}
	out := newRows(cmd.OutOrStdout(), f.form, f.columns())
	b := batch[predicted]{file: file, deadline: f.deadline, say: cmd.ErrOrStderr()}
	b.work = func(ctx context.Context, s *series) (predicted, error) {
		p, err := forecasters[f.model](ctx, f, s, h)
		if err == nil && !finite(p.mean) {
			err = errors.New("the forecast grows beyond all numbers; take another model")
		}
		return p, err
	}
	b.write = func(s *series, p predicted) error {
		if p.note != "" {
			b.note(s, p.note)
		}
		return f.write(out, seriesName(name, s), p)
	}
	return errors.Join(b.run(cmd.Context()), out.end())
}

func finite(x []float64) bool {
	return !slices.ContainsFunc(x, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// seriesName is the id of a series; that of a file that is a single series is the file's name.
func seriesName(file string, s *series) string {
	if s.id != "" {
		return s.id
	}
	if file == "-" {
		return "series"
	}
	return strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".gz"), ".csv")
}

func (f *forecasting) columns() []string {
	list := []string{"series_id", "h", "mean"}
	for _, level := range f.levels {
		list = append(list, "lo"+number(level), "hi"+number(level))
	}
	return list
}

func (f *forecasting) write(out *rows, id string, p predicted) error {
	if out.objects() {
		ahead := object{{"mean", numbers(p.mean)}}
		if p.se != nil {
			ahead = append(ahead, field{"se", numbers(p.se)})
		}
		for i, level := range f.levels {
			ahead = append(ahead, field{"lo" + number(level), numbers(p.lower[i])}, field{"hi" + number(level), numbers(p.upper[i])})
		}
		o := append(object{{"series_id", id}}, p.fit...)
		return out.object(append(o, field{"forecast", append(ahead, p.parts...)}))
	}
	row := make([]string, 0, 3+2*len(f.levels))
	for i, x := range p.mean {
		row = append(row[:0], id, strconv.Itoa(i+1), number(x))
		for k := range f.levels {
			row = append(row, number(p.lower[k][i]), number(p.upper[k][i]))
		}
		if err := out.row(row); err != nil {
			return err
		}
	}
	return nil
}

// quantiles are those of the ends of the intervals: lower and upper of the first level, then of the next.
func (f *forecasting) quantiles() []float64 {
	var list []float64
	for _, level := range f.levels {
		list = append(list, 0.5-level/200, 0.5+level/200)
	}
	return list
}

// intervals takes apart what was computed for quantiles.
func (p *predicted) intervals(quantiles [][]float64) {
	for i := 0; i < len(quantiles); i += 2 {
		p.lower, p.upper = append(p.lower, quantiles[i]), append(p.upper, quantiles[i+1])
	}
}

// period is the only one, or 1 for none. Of several that were found it is the shortest.
func (f *forecasting) period() int {
	if len(f.periods.list) == 0 {
		return 1
	}
	return f.periods.list[0]
}

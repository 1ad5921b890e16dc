package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/spf13/cobra"
)

const replayHelp = `Replay recorded data through the program as it would run, in virtual time: the same data give the same bytes.

FILE is a CSV (also gzipped, or - for standard input) with a column time, timestamp or unix_seconds, optionally id, and
latency_seconds or latency_ms, throughput_bps or bytes_per_sec, iops, queue_depth, or a single value; or a block trace in the form of
MSR Cambridge, one line per request; or answers of Prometheus to /api/v1/query_range, one after another, whose series are named like those columns.

Events go to standard output, one JSON object per line with -o json, the summary last; with -o csv the summary goes to standard error. How long it took goes to
standard error.`

func replayCommand() *cobra.Command {
	var r app.ReplayOptions
	var f runFlags
	var form, page string
	cmd := &cobra.Command{
		Use: "replay FILE", Short: "Show what it would have seen and decided on recorded data", Long: replayHelp, GroupID: "run", Args: oneArg("file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkReplay(&r); err != nil {
				return err
			}
			c, err := f.load()
			if err != nil {
				return err
			}
			r.File = args[0]
			out := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16)
			print := newEventPrinter(out, form)
			r.Event = print.event
			var drawn *replayPage
			if page != "" {
				if drawn, err = newReplayPage(args[0], page, &r); err != nil {
					return err
				}
			}
			var progress *bar
			if !terminal(os.Stdout) { // where the events are not seen
				progress = newBar()
			}
			r.Progress = progress.at
			began := time.Now()
			summary, err := app.Replay(cmd.Context(), c, r)
			took := time.Since(began)
			progress.end()
			if drawn != nil {
				err = drawn.settle(&summary, err)
			}
			if err != nil {
				return err
			}
			if err := print.summary(&summary, cmd.ErrOrStderr()); err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "replayed %d steps in %.2f s, %.1f µs a step\n", summary.Steps, took.Seconds(), took.Seconds()*1e6/float64(max(1, summary.Steps)))
			return out.Flush()
		},
	}
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "configuration file; its sources and targets are not used")
	outputFlag(cmd, &form, "text", "json", "csv", "yaml")
	cmd.Flags().StringVar(&page, "html", "", "write a page to this file that draws it: what was read and expected, anomalies, decisions")
	cmd.Flags().BoolVar(&r.Reports, "report", false, "say what each policy would have done, what came then, and whether to let it; needs what was provisioned")
	cmd.Flags().DurationVar(&r.Step, "step", 0, "the step of the data (default: found in the data)")
	cmd.Flags().StringVar(&r.Metric, "metric", "", "what a single value column is: latency_seconds, throughput_bps, iops, queue_depth (default iops)")
	cmd.Flags().Float64Var(&r.AllocatedIOPS, "allocated-iops", 0, "what was provisioned, where the data do not say: decisions then name amounts")
	cmd.Flags().Float64Var(&r.AllocatedThroughput, "allocated-throughput", 0, "the same in bytes per second")
	return cmd
}

// checkReplay finds what is wrong with the flags before anything is read.
func checkReplay(r *app.ReplayOptions) error {
	for _, flag := range []struct {
		name  string
		value float64
	}{{"--allocated-iops", r.AllocatedIOPS}, {"--allocated-throughput", r.AllocatedThroughput}} {
		if !(flag.value >= 0) || math.IsInf(flag.value, 0) {
			return usageError{fmt.Errorf("%s %g is no amount; a number above 0 is expected", flag.name, flag.value)}
		}
	}
	if r.Metric != "" {
		var m foreshock.Metric
		if err := m.UnmarshalText([]byte(r.Metric)); err != nil {
			return usageError{fmt.Errorf("--metric: %w", err)}
		}
	}
	if r.Step < 0 {
		return usageError{fmt.Errorf("--step %s is below 0", r.Step)}
	}
	return nil
}

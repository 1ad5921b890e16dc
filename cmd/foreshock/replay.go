package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/app"
	"github.com/spf13/cobra"
)

const replayHelp = `Replay recorded data through the program as it would run, in virtual time: the same data give the same bytes.

FILE is a CSV (also gzipped, or - for standard input) with a column time, timestamp or unix_seconds, optionally id, and
latency_seconds or latency_ms, throughput_bps or bytes_per_sec, iops, queue_depth, or a single value; or a block trace in the form of
MSR Cambridge, one line per request; or answers of Prometheus to /api/v1/query_range, one after another, whose series are named like those columns.

Events go to standard output, one JSON object per line with -o json, the summary last; how long it took goes to standard error.`

func replayCommand() *cobra.Command {
	var r app.ReplayOptions
	var f runFlags
	var form, page string
	cmd := &cobra.Command{
		Use: "replay FILE", Short: "Show what it would have seen and decided on recorded data", Long: replayHelp, GroupID: "run", Args: oneArg("file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.load()
			if err != nil {
				return err
			}
			r.File = args[0]
			out := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16)
			print, err := eventPrinter(out, form)
			if err != nil {
				return err
			}
			r.Event = print
			var drawn *replayPage
			if page != "" {
				if drawn, err = newReplayPage(args[0], page, &r); err != nil {
					return err
				}
			}
			if terminal(os.Stderr) {
				r.Progress = progressBar()
			}
			began := time.Now()
			summary, err := app.Replay(cmd.Context(), c, r)
			took := time.Since(began)
			if drawn != nil {
				err = drawn.settle(&summary, err)
			}
			if err != nil {
				return err
			}
			if form == "json" {
				line, err := json.Marshal(summary)
				if err != nil {
					return err
				}
				_, _ = out.Write(append(line, '\n'))
			} else {
				fmt.Fprint(out, summary.Text())
			}
			if r.Progress != nil {
				fmt.Fprint(os.Stderr, "\r\033[K")
			}
			fmt.Fprintf(os.Stderr, "replayed %d steps in %.2f s, %.1f µs a step\n", summary.Steps, took.Seconds(), took.Seconds()*1e6/float64(max(1, summary.Steps)))
			return out.Flush()
		},
	}
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "configuration file; its sources and targets are not used")
	cmd.Flags().StringVarP(&form, "output", "o", "text", "text or json")
	cmd.Flags().StringVar(&page, "html", "", "write a page to this file that draws it: what was read and expected, anomalies, decisions")
	cmd.Flags().BoolVar(&r.Reports, "report", false, "say what each policy would have done, what came then, and whether to let it; needs what was provisioned")
	cmd.Flags().DurationVar(&r.Step, "step", 0, "the step of the data (default: found in the data)")
	cmd.Flags().StringVar(&r.Metric, "metric", "", "what a single value column is: latency_seconds, throughput_bps, iops, queue_depth (default iops)")
	cmd.Flags().Float64Var(&r.AllocatedIOPS, "allocated-iops", 0, "what was provisioned, where the data do not say: decisions then name amounts")
	cmd.Flags().Float64Var(&r.AllocatedThroughput, "allocated-throughput", 0, "the same in bytes per second")
	return cmd
}

func eventPrinter(out *bufio.Writer, form string) (func(*foreshock.Event), error) {
	switch form {
	case "json":
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return func(event *foreshock.Event) { _ = e.Encode(event) }, nil
	case "text":
		return func(event *foreshock.Event) {
			fmt.Fprintf(out, "%s  %-10s %s  %s\n", event.Time.UTC().Format("2006-01-02 15:04:05"), event.Type, event.Workload(), api.Sentence(event))
		}, nil
	}
	return nil, usageError{fmt.Errorf("-o %s: there is: text, json", form)}
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// progressBar draws how far a file is read, on standard error.
func progressBar() func(read, total int64) {
	last := time.Time{}
	return func(read, total int64) {
		if total <= 0 || time.Since(last) < 100*time.Millisecond {
			return
		}
		last = time.Now()
		fmt.Fprintf(os.Stderr, "\r%3d %% of %s", 100*read/total, foreshock.FormatBytes(float64(total)))
	}
}

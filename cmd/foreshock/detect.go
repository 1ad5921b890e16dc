package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
	"github.com/spf13/cobra"
)

const detectHelp = `Score the rows of a file, one after the other, by the code that watches workloads: what is said of a row depends on the rows up to it.

FILE is a CSV (also with semicolons or tabs, gzipped, or - for standard input) with a time and one or more metrics a row, and a header or none. A time is RFC 3339,
2006-01-02 15:04:05 or Unix time (in seconds, ms, µs or ns), and is written as it was read. Several metrics are one workload, with one score. Columns called
label, io_label, anomaly, recurring or split are no metrics, nor are those with text, nor one without a name that numbers the rows; --columns names those that are.

Written is a row for each row: timestamp, anomaly_score from 0 to 1, where 0.5 is the boundary of an anomaly (1 - 2^-score), and severity.
Rows may come at any distance; an empty cell, NaN or n/a is a missing value. What cannot be read is told, counts as missing, and makes the exit code 3.

With DIR and OUTDIR every *.csv and *.csv.gz below DIR, in capitals or not, is scored, on all cores, to the same path below OUTDIR.`

// detectOptions say how files are scored.
type detectOptions struct {
	config  config.Config
	form    string
	columns []string
	step    time.Duration // 0: found in the first rows
	say     io.Writer
	bar     *bar // how far one file is; nil draws nothing
}

func detectCommand() *cobra.Command {
	var f runFlags
	var o detectOptions
	cmd := &cobra.Command{
		Use: "detect FILE | detect DIR OUTDIR", Short: "Score the rows of a file, or of all files of a folder", Long: detectHelp, GroupID: "numbers",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) < 1 || len(args) > 2 {
				return usageError{fmt.Errorf("%s takes a file, or a folder to read and one to write to, not %d names; see %s --help", cmd.CommandPath(), len(args), cmd.CommandPath())}
			}
			if o.step != 0 && (o.step < pipeline.ShortestStep || o.step > pipeline.LongestStep) {
				return usageError{fmt.Errorf("--step %s: it must be from %s to %s", o.step, pipeline.ShortestStep, pipeline.LongestStep)}
			}
			if o.config, err = f.load(); err != nil {
				return err
			}
			if len(args) == 1 && !terminal(os.Stdout) { // where the scores are not seen
				o.bar = newBar()
			}
			o.say = o.bar.above(cmd.ErrOrStderr())
			switch info, err := os.Stat(args[0]); {
			case len(args) == 2 && err == nil && !info.IsDir():
				return usageError{fmt.Errorf("%s is a file; its scores go to standard output: %s %s > %s", args[0], cmd.CommandPath(), args[0], args[1])}
			case len(args) == 2:
				return detectTree(cmd.Context(), args[0], args[1], &o)
			case err == nil && info.IsDir():
				return usageError{fmt.Errorf("%s is a folder; name a folder to write to as well: %s %s OUTDIR", args[0], cmd.CommandPath(), args[0])}
			}
			in, err := openReadings(args[0], cmd.InOrStdin(), &o)
			if err != nil {
				return err
			}
			defer func() { _ = in.Close() }()
			return o.score(cmd.Context(), in, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "configuration file, of which the blocks detect and profile are used")
	outputFlag(cmd, &o.form, "csv", "json", "yaml", "table")
	cmd.Flags().StringSliceVar(&o.columns, "columns", nil, "the metrics, with commas between them (default: every column with numbers that is no label)")
	cmd.Flags().DurationVar(&o.step, "step", 0, "the usual distance of rows (default: found in the first 16)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	return cmd
}

// score writes a row for each row of a file, until the context ends.
func (o *detectOptions) score(ctx context.Context, in *readings, out io.Writer) error {
	w := newScoreWriter(out, o.form, in.names)
	s := scorer{options: o, metrics: len(in.metrics)}
	for _, name := range in.ignored {
		fmt.Fprintf(o.say, "foreshock: %s: column %s has text and is no metric\n", in.Name, strings.TrimPrefix(legible(name), "column ")) // one without a header is called that
	}
	for _, column := range in.numbers {
		fmt.Fprintf(o.say, "foreshock: %s: column %d numbers the rows and is no metric\n", in.Name, column+1)
	}
	defer o.bar.end()
	for {
		row, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		o.bar.at(in.read, in.Size)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			_ = w.flush()
			return err
		}
		if err := s.take(row, w); err != nil {
			return err
		}
		if in.Buffered() == 0 { // whoever writes the rows may wait for the scores
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	if err := s.end(w); err != nil {
		return err
	}
	if err := w.header(); err != nil { // which a file without rows has too
		return err
	}
	if err := w.end(); err != nil {
		return err
	}
	if in.back > 0 {
		fmt.Fprintf(o.say, "foreshock: %s:%d: this row, the first of %d, is earlier than the one above it; rows are scored in the order of the file: sort it by time, unless clocks were put back\n", in.Name, in.backAt, in.back)
	}
	if in.long > 0 {
		fmt.Fprintf(o.say, "foreshock: %s:%d: this row, the first of %d, goes on in the next line, as a quote is open at its end; lines that were meant as rows of their own have no score: close the quote, or take it away\n", in.Name, in.longAt, in.long)
	}
	for i, b := range in.beyond {
		if b.n > 0 {
			fmt.Fprintf(o.say, "foreshock: %s:%d: %s: %g is the first of %d readings that scores cannot hold: what is beyond %g counts as that much, what is nearer to 0 than %g has few digits or none; divide or multiply the column by a fixed number\n",
				in.Name, b.line, legible(in.names[i]), b.first, b.n, surprise.Most, surprise.Least)
		}
	}
	if in.wrong > 0 && in.timed == 0 {
		return fmt.Errorf("%s: none of its %d rows has a time that can be read, so none is scored", in.Name, in.wrong)
	}
	if in.wrong > 0 {
		return incomplete{fmt.Errorf("%s: %d rows could not be read in full; they are scored without what is missing", in.Name, in.wrong)}
	}
	return nil
}

// scorer gives rows to a stream, once the step is known.
type scorer struct {
	options *detectOptions
	metrics int
	held    []reading // until then
	stream  *pipeline.Stream
}

func (s *scorer) take(row reading, w *scoreWriter) error {
	if s.stream != nil {
		return w.verdict(&row, s.observe(&row))
	}
	if s.held = append(s.held, row); s.options.step == 0 && len(s.held) < pipeline.StepRows {
		return nil
	}
	return s.begin(w)
}

// begin opens the stream and lets it have the rows that were held. Nothing is said of them, as the step came from all of them.
func (s *scorer) begin(w *scoreWriter) (err error) {
	step := s.options.step
	if step == 0 {
		var times []time.Time
		for i := range s.held {
			if s.held[i].timed {
				times = append(times, s.held[i].at)
			}
		}
		step = pipeline.StepOf(times)
	}
	if s.stream, err = app.NewStream(s.options.config, step, s.metrics); err != nil {
		return err
	}
	for i := range s.held {
		s.observe(&s.held[i])
		if err := w.verdict(&s.held[i], pipeline.Verdict{}); err != nil {
			return err
		}
	}
	s.held = nil
	return nil
}

func (s *scorer) end(w *scoreWriter) error {
	if s.stream == nil {
		return s.begin(w)
	}
	return nil
}

func (s *scorer) observe(row *reading) pipeline.Verdict {
	if !row.timed {
		return pipeline.Verdict{}
	}
	return s.stream.Observe(row.at, row.values)
}

// scoreWriter writes scored rows, in JSON and YAML with the metric that leads.
type scoreWriter struct {
	*rows
	metrics []string
}

// scoredRow is a row as JSON has it.
type scoredRow struct {
	Timestamp string             `json:"timestamp"`
	Score     float64            `json:"anomaly_score"`
	Severity  foreshock.Severity `json:"severity"`
	Metric    string             `json:"metric,omitempty"` // that leads, of an anomaly
}

func newScoreWriter(out io.Writer, form string, metrics []string) *scoreWriter {
	return &scoreWriter{newRows(out, form, []string{"timestamp", "anomaly_score", "severity"}), metrics}
}

func (w *scoreWriter) verdict(row *reading, v pipeline.Verdict) error {
	score := min(v.AnomalyScore(), math.Nextafter(1, 0))
	if w.objects() {
		r := scoredRow{Timestamp: row.stamp, Score: score, Severity: v.Severity}
		if v.Severity > foreshock.None {
			r.Metric = w.metrics[v.Lead]
		}
		return w.object(r)
	}
	return w.row([]string{row.stamp, strconv.FormatFloat(score, 'g', -1, 64), v.Severity.String()})
}

package main

import (
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	remote "github.com/foreshock-io/foreshock/client"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/spf13/cobra"
)

// askCommands are those that only read; each can go on asking.
func askCommands() []*cobra.Command {
	list := []*cobra.Command{workloadsCommand(), anomaliesCommand(), actionsCommand(), explainCommand(), reportCommand(), eventsCommand(), correctionsCommand(), statusCommand()}
	for _, c := range list {
		watchFlag(c)
	}
	return append(list, topCommand())
}

func workloadsCommand() *cobra.Command {
	var c client
	var form string
	cmd := &cobra.Command{
		Use: "workloads", Short: "List what is watched, the worst first", GroupID: "ask", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.Workloads(cmd.Context())
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), form, list, func() table { return workloadTable(list) })
		},
	}
	c.flags(cmd)
	outputFlag(cmd, &form)
	return cmd
}

func workloadTable(list []pipeline.View) table {
	t := table{head: []string{"workload", "severity", "score", "stage", "data", "latency", "iops", "throughput", "depth", "normal latency", "decision"}}
	for _, v := range list {
		normal := "-"
		if s, ok := v.Normal(foreshock.Latency); ok {
			normal = foreshock.FormatMetric(foreshock.Latency, s.P50)
		}
		t.rows = append(t.rows, []string{
			string(v.ID), v.Severity.String(), fmt.Sprintf("%.2f", v.Score), v.Stage.String(), v.Quality.String(),
			metricText(v.Metrics, foreshock.Latency), metricText(v.Metrics, foreshock.IOPS), metricText(v.Metrics, foreshock.Throughput),
			metricText(v.Metrics, foreshock.QueueDepth), normal, v.Decision,
		})
	}
	return t
}

func metricText(v foreshock.Values, m foreshock.Metric) string {
	x, ok := v.Get(m)
	switch {
	case !ok:
		return "-"
	case m == foreshock.QueueDepth:
		return fmt.Sprintf("%.2f", x)
	}
	return foreshock.FormatMetric(m, x)
}

// listFlags are --since and --limit.
type listFlags struct {
	since string
	limit int
}

func (l *listFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.since, "since", "", "a time (2026-01-02T15:04:05Z) or an age (90m)")
	cmd.Flags().IntVar(&l.limit, "limit", 100, "the latest so many")
}

// query picks what the flags say, of a workload and of a type; "" is all of them.
func (l *listFlags) query(id, kind string) remote.Query {
	return remote.Query{Workload: foreshock.ID(id), Type: kind, Since: l.since, Limit: l.limit}
}

func anomaliesCommand() *cobra.Command {
	var c client
	var form, id string
	var l listFlags
	cmd := &cobra.Command{
		Use: "anomalies", Short: "List anomalies, the latest last", GroupID: "ask", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.Anomalies(cmd.Context(), l.query(id, ""))
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), form, list, func() table {
				t := table{head: []string{"start", "lasted", "workload", "worst", "peak score", "anomaly"}}
				for _, a := range list {
					lasted := "goes on"
					if !a.End.IsZero() {
						lasted = a.End.Sub(a.Start).String()
					}
					t.rows = append(t.rows, []string{a.Start.Format(time.RFC3339), lasted, string(a.Workload), a.Worst.String(), fmt.Sprintf("%.2f", a.Peak), a.Text})
				}
				return t
			})
		},
	}
	c.flags(cmd)
	l.add(cmd)
	cmd.Flags().StringVar(&id, "workload", "", "only of this workload")
	outputFlag(cmd, &form)
	return cmd
}

func actionsCommand() *cobra.Command {
	var c client
	var form string
	cmd := &cobra.Command{
		Use: "actions", Short: "List actions and where they stand, the latest last", GroupID: "ask", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.Actions(cmd.Context(), remote.Query{})
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), form, list, func() table {
				t := table{head: []string{"action", "decided", "state", "workload", "resource", "from", "to", "note"}}
				for _, a := range list {
					t.rows = append(t.rows, []string{
						a.Action.ID, a.Action.Evidence.Format(time.RFC3339), a.State.String(), string(a.Action.Workload), a.Action.Resource,
						a.Action.From.String(), a.Action.To.String(), a.Note,
					})
				}
				return t
			})
		},
	}
	c.flags(cmd)
	outputFlag(cmd, &form)
	return cmd
}

func eventsCommand() *cobra.Command {
	var c client
	var form, id, kind string
	var l listFlags
	cmd := &cobra.Command{
		Use: "events", Short: "List what happened: anomalies, decisions, actions, verdicts, corrections", GroupID: "ask", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.Events(cmd.Context(), l.query(id, kind))
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), form, list, func() table {
				t := table{head: eventHead}
				for i := range list {
					t.rows = append(t.rows, eventRow(&list[i]))
				}
				return t
			})
		},
	}
	c.flags(cmd)
	l.add(cmd)
	cmd.Flags().StringVar(&id, "workload", "", "only of this workload")
	cmd.Flags().StringVar(&kind, "type", "", "only this type")
	_ = cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(foreshock.EventTypes(), cobra.ShellCompDirectiveNoFileComp))
	outputFlag(cmd, &form)
	return cmd
}

const explainHelp = `Say what is known of a workload: what was seen, expected, scored and forecast, what was decided, every amount that was weighed with what
bound it, why nothing else was done and which figure would have to change, what was done and what came of it.

With --at it tells of a moment in the past, from the journal. That has each decision that said something new, with what it was told and what it
weighed; the decision in force at the moment is the last before it. Readings, scores and whole forecasts of the past are not kept. The journal
keeps events for at least seven days, and longer while it is small.`

func explainCommand() *cobra.Command {
	var c client
	var form, at string
	cmd := &cobra.Command{
		Use: "explain WORKLOAD", Short: "Say what is known of a workload, what was decided, and why, or why not", Long: explainHelp, GroupID: "ask", Args: oneArg("workload"),
		RunE: func(cmd *cobra.Command, args []string) error {
			x, err := c.Explain(cmd.Context(), foreshock.ID(args[0]), at)
			if err != nil {
				return err
			}
			return writeText(cmd.OutOrStdout(), form, x, x.Text)
		},
	}
	cmd.ValidArgsFunction = completeWorkloads(&c)
	c.flags(cmd)
	cmd.Flags().StringVar(&at, "at", "", "the moment: a time (2026-01-02T15:04:05Z) or an age (90m); default now")
	outputFlag(cmd, &form, "text", "json", "yaml")
	return cmd
}

// completeWorkloads offers the ids of the program that runs.
func completeWorkloads(c *client) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if c.open() != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		list, err := c.Workloads(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []string
		for _, v := range list {
			ids = append(ids, string(v.ID))
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}

func statusCommand() *cobra.Command {
	var c client
	var form string
	cmd := &cobra.Command{
		Use: "status", Short: "Say how the program itself is", GroupID: "ask", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.Status(cmd.Context())
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), form, s, func() table { return statusTable(&s) })
		},
	}
	c.flags(cmd)
	outputFlag(cmd, &form)
	return cmd
}

func statusTable(s *api.Status) table {
	t := table{head: []string{"what", "is"}}
	add := func(what, format string, args ...any) {
		t.rows = append(t.rows, []string{what, fmt.Sprintf(format, args...)})
	}
	add("version", "%s", s.Version)
	add("started", "%s", s.Started.Format(time.RFC3339))
	add("mode", "%s", s.Mode)
	if s.Reload != "" {
		add("last reload", "%s", s.Reload)
	}
	add("workloads", "%d", s.Counts.Workloads)
	add("readings", "%d", s.Counts.Readings)
	add("steps scored", "%d", s.Counts.Steps)
	add("events in the journal", "%d", s.Journal)
	if lost := s.Counts.EventsLost; lost > 0 {
		add("events lost", "%d", lost)
	}
	if errs := s.Counts.SaveErrors; errs > 0 {
		add("store errors", "%d", errs)
	}
	for _, src := range s.Sources {
		state := "runs"
		if !src.Running {
			state = "ended " + src.Err
		}
		add("source "+src.Name, "%s", state)
	}
	for _, n := range s.Notifiers {
		add("notifier "+n.Name, "%d sent, %d failed, %d dropped, %d waiting", n.Sent, n.Failed, n.Dropped, n.Waiting)
	}
	for _, p := range s.Pauses {
		text := p.Text() + p.Ends()
		if p.Reason != "" {
			text += ": " + p.Reason
		}
		add("paused", "%s", text)
	}
	for _, d := range s.Counts.Dropped {
		add("dropped from "+d.Source, "%d %s", d.Count, d.Reason)
	}
	return t
}

package main

import (
	"fmt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/spf13/cobra"
)

// doCommands are those that change something in the program that runs.
func doCommands() []*cobra.Command {
	return []*cobra.Command{approveCommand(), refuseCommand(), settleCommand(), pauseCommand(), stopAllCommand(), resumeCommand(), opinionCommand(), undoCommand(), reloadCommand()}
}

// tell prints what was done.
func tell(cmd *cobra.Command) func(api.Done, error) error {
	return func(d api.Done, err error) error {
		if err == nil {
			_, err = fmt.Fprintln(cmd.OutOrStdout(), d.Done)
		}
		return err
	}
}

func approveCommand() *cobra.Command {
	var c client
	cmd := &cobra.Command{
		Use: "approve ACTION", Short: "Let a proposed action go ahead", GroupID: "do", Args: oneArg("action"),
		RunE: func(cmd *cobra.Command, args []string) error { return tell(cmd)(c.Approve(cmd.Context(), args[0])) },
	}
	c.flags(cmd)
	return cmd
}

func refuseCommand() *cobra.Command {
	var c client
	var why string
	cmd := &cobra.Command{
		Use: "refuse ACTION", Short: "Refuse an action that was not sent yet", GroupID: "do", Args: oneArg("action"),
		RunE: func(cmd *cobra.Command, args []string) error { return tell(cmd)(c.Refuse(cmd.Context(), args[0], why)) },
	}
	c.flags(cmd)
	cmd.Flags().StringVar(&why, "why", "", "the reason, for the journal")
	return cmd
}

func settleCommand() *cobra.Command {
	var c client
	var why, is string
	cmd := &cobra.Command{
		Use: "settle ACTION --in-effect yes|no", Short: "Say what came of a parked action", GroupID: "do", Args: oneArg("action"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if is != "yes" && is != "no" {
				return usageError{fmt.Errorf("--in-effect %q: yes or no is expected; look at the resource itself", is)}
			}
			return tell(cmd)(c.Settle(cmd.Context(), args[0], is == "yes", why))
		},
	}
	c.flags(cmd)
	cmd.Flags().StringVar(&is, "in-effect", "", "yes or no")
	cmd.Flags().StringVar(&why, "why", "", "the reason, for the journal")
	return cmd
}

// scopeFlags name what is paused.
type scopeFlags struct{ policy, workload, only string }

func (s *scopeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.policy, "policy", "", "only this policy")
	cmd.Flags().StringVar(&s.workload, "workload", "", "only this workload")
	cmd.Flags().StringVar(&s.only, "only", "", "only one direction: grow or shrink")
	cmd.MarkFlagsMutuallyExclusive("policy", "workload")
}

func (s *scopeFlags) scope() string {
	switch {
	case s.policy != "":
		return "policy/" + s.policy
	case s.workload != "":
		return "workload/" + s.workload
	}
	return "*"
}

// body is the request that pauses or resumes.
func (s *scopeFlags) body(length, reason string) (p api.PauseRequest, err error) {
	if s.only != "" && s.only != "grow" && s.only != "shrink" {
		return p, usageError{fmt.Errorf("--only %q: grow or shrink is expected", s.only)}
	}
	return api.PauseRequest{Scope: s.scope(), Only: s.only, For: length, Reason: reason}, nil
}

func pauseCommand() *cobra.Command {
	var c client
	var s scopeFlags
	var length, reason string
	cmd := &cobra.Command{
		Use: "pause", Short: "Stop all actions (or those of a policy, workload or direction) until resumed", GroupID: "do", Args: noArgs,
		Long: "Stop all actions, or those of one policy or workload, or one direction of them. A pause is kept over restarts and wins over every configuration.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := s.body(length, reason)
			if err != nil {
				return err
			}
			return tell(cmd)(c.Pause(cmd.Context(), body))
		},
	}
	c.flags(cmd)
	s.add(cmd)
	cmd.Flags().StringVar(&length, "for", "", "end by itself after this time, for example 2h")
	cmd.Flags().StringVar(&reason, "reason", "", "the reason, for the journal")
	return cmd
}

func stopAllCommand() *cobra.Command {
	var c client
	var reason string
	cmd := &cobra.Command{
		Use: "stop-all", Short: "The kill switch: stop everything, what is planned included, until resume --stop-all", GroupID: "do", Args: noArgs,
		Long: "Stop everything at once. Proposals and actions that the provider was not asked for yet are refused. It is kept over restarts, wins over every configuration, and only resume --stop-all lifts it.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return tell(cmd)(c.Pause(cmd.Context(), api.PauseRequest{StopAll: true, Reason: reason}))
		},
	}
	c.flags(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "the reason, for the journal")
	return cmd
}

func resumeCommand() *cobra.Command {
	var c client
	var s scopeFlags
	var stopAll bool
	var reason string
	cmd := &cobra.Command{
		Use: "resume", Short: "End a pause, or go on after actions that did not help", GroupID: "do", Args: noArgs,
		Long: "End all pauses of a scope, or with --only one direction's. It also lets actions go on that were stopped because the last ones of the scope did not help. What stop-all has stopped goes on with --stop-all only.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if stopAll {
				return tell(cmd)(c.Resume(cmd.Context(), api.PauseRequest{StopAll: true, Reason: reason}))
			}
			body, err := s.body("", reason)
			if err != nil {
				return err
			}
			return tell(cmd)(c.Resume(cmd.Context(), body))
		},
	}
	c.flags(cmd)
	s.add(cmd)
	cmd.Flags().BoolVar(&stopAll, "stop-all", false, "lift what stop-all has stopped")
	for _, flag := range []string{"policy", "workload", "only"} {
		cmd.MarkFlagsMutuallyExclusive("stop-all", flag)
	}
	cmd.Flags().StringVar(&reason, "reason", "", "the reason, for the journal")
	return cmd
}

func opinionCommand() *cobra.Command {
	var c client
	var anomaly, at string
	cmd := &cobra.Command{
		Use: "opinion WORKLOAD false_alarm|missed|useful", Short: "Say what you think of an anomaly, so that the threshold and the weights of the methods learn", GroupID: "do",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{fmt.Errorf("%s takes a workload and one of false_alarm, missed, useful", cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			when, err := api.Moment("--at", at)
			if err != nil {
				return usageError{err}
			}
			return tell(cmd)(c.Opine(cmd.Context(), foreshock.Opinion{Workload: foreshock.ID(args[0]), Says: args[1], Anomaly: anomaly, At: when}))
		},
	}
	c.flags(cmd)
	cmd.Flags().StringVar(&anomaly, "anomaly", "", "the anomaly's id")
	cmd.Flags().StringVar(&at, "at", "", "when one was missed: a time (2026-01-02T15:04:05Z) or an age (90m); default now")
	return cmd
}

func reloadCommand() *cobra.Command {
	var c client
	cmd := &cobra.Command{
		Use: "reload", Short: "Read the configuration file again (as SIGHUP does); a file with faults changes nothing", GroupID: "do", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return tell(cmd)(c.Reload(cmd.Context())) },
	}
	c.flags(cmd)
	return cmd
}

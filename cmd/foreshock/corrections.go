package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/api"
	"github.com/spf13/cobra"
)

func correctionsCommand() *cobra.Command {
	var c client
	var form string
	var l listFlags
	cmd := &cobra.Command{
		Use: "corrections [WORKLOAD]", Short: "List what was learned from acting and from people, each with the number by which it can be undone", GroupID: "ask",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("%s takes at most one workload, not %d", cmd.CommandPath(), len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := c.Corrections(cmd.Context(), l.query(strings.Join(args, ""), ""))
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), form, list, func() table { return correctionTable(list) })
		},
	}
	cmd.ValidArgsFunction = completeWorkloads(&c)
	c.flags(cmd)
	l.add(cmd)
	outputFlag(cmd, &form)
	return cmd
}

func correctionTable(list []api.Corrected) table {
	t := table{head: []string{"correction", "time", "workload", "what", "from", "to", "by", "undone by", "why"}}
	for i := range list {
		v := &list[i]
		undone, by := "-", "-"
		if v.UndoneBy > 0 {
			undone = strconv.FormatUint(v.UndoneBy, 10)
		}
		if v.Actor != "" {
			by = v.Actor
		}
		t.rows = append(t.rows, []string{
			strconv.FormatUint(v.Seq, 10), v.Time.Format(time.RFC3339), string(v.Workload), v.What, v.Text(v.From), v.Text(v.To), by, undone, v.Why,
		})
	}
	return t
}

func undoCommand() *cobra.Command {
	var c client
	var why string
	cmd := &cobra.Command{
		Use: "undo CORRECTION", Short: "Take a correction back; foreshock corrections lists them", GroupID: "do", Args: oneArg("correction"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return tell(cmd)(c.Undo(cmd.Context(), args[0], why))
		},
	}
	c.flags(cmd)
	cmd.Flags().StringVar(&why, "why", "", "the reason, for the journal")
	return cmd
}

package main

import (
	"github.com/spf13/cobra"
)

const reportHelp = `Say what a policy in mode observe would have done, what came then, and whether to let it: in mode approve, where a person looks at each action, and
in mode auto.

Each action that it would have taken is followed for as long as its decision looked ahead, and so is each surge of demand above what there was for which no growth
would have been in effect. Where too little is known, the report says how long to wait.`

func reportCommand() *cobra.Command {
	var c client
	var form string
	cmd := &cobra.Command{
		Use: "report POLICY", Short: "Say what a policy that observes would have done, and whether to let it", Long: reportHelp, GroupID: "ask", Args: oneArg("policy"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.Report(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return writeText(cmd.OutOrStdout(), form, r, r.Text)
		},
	}
	c.flags(cmd)
	outputFlag(cmd, &form, "text", "json", "yaml")
	return cmd
}

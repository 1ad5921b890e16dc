package main

import (
	"errors"

	"github.com/foreshock-io/foreshock/app"
	"github.com/spf13/cobra"
)

const simulateHelp = `Run the program in a closed loop with a simulated volume, in virtual time: the same data give the same actions.

With --stdio a simulator elsewhere drives it: it writes lines of JSON (hello, sample, action_result, bye) to standard input, and
after hello and after each sample reads actions from standard output, then done. Other lines tell what was seen and decided.

` + whatIfHelp

func simulateCommand() *cobra.Command {
	var f runFlags
	var w whatIfFlags
	var stdio bool
	cmd := &cobra.Command{
		Use: "simulate", Short: "Run in a closed loop with a simulated volume", Long: simulateHelp, GroupID: "run", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case w.trace != "" || w.prometheus != "":
				return w.run(cmd, f)
			case !stdio:
				return usageError{errors.New("simulate needs --trace, --prometheus or --stdio; see foreshock simulate --help")}
			}
			c, err := f.load()
			if err != nil {
				return err
			}
			return app.SimulateLines(c, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "configuration file; its sources and targets are not used")
	cmd.Flags().BoolVar(&stdio, "stdio", false, "be driven over standard input and output")
	w.add(cmd)
	cmd.MarkFlagsMutuallyExclusive("stdio", "trace")
	cmd.MarkFlagsMutuallyExclusive("stdio", "prometheus")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	return cmd
}

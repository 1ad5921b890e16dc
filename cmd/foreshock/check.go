package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/spf13/cobra"
)

const checkHelp = `Say everything that is wrong with a configuration, each fault with its line and what to do about it.

Where it has no faults, sources, store, planners and targets are asked whether they answer, and whether the rights suffice for what the policies may do. Nothing is
changed but a key of its own in the store. What does not answer makes the exit code 4. --offline leaves the asking out.`

func checkCommand() *cobra.Command {
	var offline bool
	var form string
	cmd := &cobra.Command{
		Use: "check FILE", Short: "Say everything that is wrong with a configuration, and ask what it names", Long: checkHelp, GroupID: "run", Args: oneArg("file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(args[0])
			if err = checked(&c, err); err != nil {
				return err
			}
			say := cmd.OutOrStdout()
			if form != "table" {
				say = cmd.ErrOrStderr()
			}
			fmt.Fprintf(say, "%s: no faults; %s, %s, %s, mode %s\n", args[0], foreshock.Count(len(c.Sources), "source", "sources"),
				foreshock.Count(len(c.Targets), "target", "targets"), foreshock.Count(len(c.Policies), "policy", "policies"), c.Mode)
			if offline {
				return nil
			}
			list, err := app.Probe(cmd.Context(), c)
			if err != nil {
				return err
			}
			return tellProbed(cmd.OutOrStdout(), form, args[0], list)
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "ask nobody; only read the file")
	outputFlag(cmd, &form)
	return cmd
}

// checked is all that is wrong with a configuration, which was read with err, in the order of its lines.
func checked(c *config.Config, err error) error {
	var faults, more config.Faults
	switch {
	case err != nil && !errors.As(err, &faults):
		return usageError{err}
	case err != nil && c.File() == "": // nothing could be read
		return err
	}
	built := app.Check(*c)
	if built != nil && !errors.As(built, &more) {
		return cmp.Or(err, built)
	}
	for _, f := range more {
		if err == nil || !slices.ContainsFunc(faults, func(told config.Fault) bool { return f.Path == told.Path && f.Line == told.Line }) {
			faults = append(faults, f)
		}
	}
	if faults == nil {
		return nil
	}
	faults.Sort()
	return faults
}

// unanswered says that parts of a configuration do not answer, or lack a right.
type unanswered struct{ error }

// probed is what came of asking a part, as JSON has it.
type probed struct {
	Part  string `json:"part"`
	OK    bool   `json:"ok"`
	Found string `json:"found"` // or what is wrong, and what to do
}

func tellProbed(w io.Writer, form, file string, list []app.Probed) error {
	faults := 0
	rows := make([]probed, len(list))
	for i, p := range list {
		rows[i] = probed{p.Part, p.Err == nil, p.Found}
		if p.Err != nil {
			rows[i].Found = p.Err.Error()
			faults++
		}
	}
	err := write(w, form, rows, func() table {
		t := table{head: []string{"part", "is", "found"}}
		for _, r := range rows {
			is := "ok"
			if !r.OK {
				is = "faulty"
			}
			t.rows = append(t.rows, []string{r.Part, is, r.Found})
		}
		return t
	})
	if err == nil && faults > 0 {
		err = unanswered{fmt.Errorf("%s: %d of %d parts do not answer or lack a right, as listed with what helps; --offline asks nobody", file, faults, len(list))}
	}
	return err
}

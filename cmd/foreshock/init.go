package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/foreshock-io/foreshock/discover"
	"github.com/spf13/cobra"
)

const initHelp = `Write a commented configuration, foreshock.yaml where no file is named, from what is found: disks, control groups with limits, eBPF, the socket of libvirt, a
kubeconfig, Redis and Memcached on the loopback. With --prometheus, from the series that a Prometheus has.

What it writes passes foreshock check, and acts on nothing: its mode is observe.`

func initCommand() *cobra.Command {
	var prometheus string
	var force bool
	cmd := &cobra.Command{
		Use: "init [FILE]", Short: "Write a commented configuration from what is found", Long: initHelp, GroupID: "run",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("%s takes at most one file, not %d; see %s --help", cmd.CommandPath(), len(args), cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			file := "foreshock.yaml"
			if len(args) == 1 {
				file = args[0]
			}
			var found discover.Found
			if prometheus != "" {
				if err := found.Ask(cmd.Context(), prometheus); err != nil {
					return err
				}
			} else {
				found = discover.Here().Look(cmd.Context())
			}
			if file == "-" {
				_, err := fmt.Fprint(cmd.OutOrStdout(), found.Configuration())
				return err
			}
			if err := writeNew(file, found.Configuration(), force); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%swrote %s; nothing will be changed by it\ncheck it with:  foreshock check %s\nrun it with:    foreshock run -c %s\n", found.Text(), file, file, file)
			return err
		},
	}
	cmd.Flags().StringVar(&prometheus, "prometheus", "", "URL of a Prometheus to take workloads from, instead of this machine")
	cmd.Flags().BoolVar(&force, "force", false, "write over a file that is there")
	return cmd
}

// writeNew writes a file that is not there yet, unless it is to be written over.
func writeNew(file, text string, force bool) error {
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(file, how, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already; name another file, or write over it with --force", file)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// Command foreshock gets capacity before storage slows down.
package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	_ "time/tzdata" // time zones of policies, where the machine has none

	"github.com/spf13/cobra"
	_ "golang.org/x/crypto/x509roots/fallback" // certificates of authorities, where the machine has none
)

func main() { os.Exit(run(os.Args[1:])) }

// run is the whole program; tests call it.
func run(args []string) int {
	root := rootCommand()
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return 0
	}
	if m := noCommand.FindStringSubmatch(err.Error()); m != nil {
		err = noSuchCommand(root, m[1])
	}
	if m := notBoth.FindStringSubmatch(err.Error()); m != nil {
		err = usageError{fmt.Errorf("--%s exclude each other; state one of them", strings.ReplaceAll(m[1], " ", " and --"))}
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		fmt.Fprintln(os.Stderr, errorStart()+line)
	}
	return exitCode(err)
}

const longHelp = `Foreshock watches the I/O of volumes, machines and services, notices the small anomalies that come before a slow-down,
forecasts the demand behind them, and gets more capacity before latency suffers. Then it measures whether that helped.

  foreshock run                     watch this machine's disks; acts on nothing
  foreshock run -c foreshock.yaml   with sources, targets and policies of your own
  foreshock check foreshock.yaml    every fault of a configuration at once
  foreshock replay data.csv         what it would have seen and decided
  foreshock detect data.csv         anomaly scores, row by row
  foreshock workloads               what it watches, the worst first (of the program that runs)
  foreshock explain disk/sda        why
  foreshock decompose reads.csv     trend, seasons and remainder of any series

`

// What cobra says of a command that there is not, of flags that exclude each other, and of what is no number or no time.
var (
	noCommand = regexp.MustCompile(`^unknown command "(.*)" for `)
	notBoth   = regexp.MustCompile(`^if any flags in the group \[.*\] are set none of the others can be; \[(.*)\] were all set`)
	noTime    = regexp.MustCompile("invalid time format .*")
	notParsed = regexp.MustCompile(`strconv\.Parse\w+: parsing "[^"]*": [a-z ]+`)
)

// noSuchCommand says which commands were perhaps meant.
func noSuchCommand(root *cobra.Command, name string) error {
	if list := root.SuggestionsFor(name); len(list) > 0 {
		return usageError{fmt.Errorf("no command is called %q; did you mean %s? see foreshock --help", name, strings.Join(list, " or "))}
	}
	return usageError{fmt.Errorf("no command is called %q; see foreshock --help for those that there are", name)}
}

// errorStart begins each line of an error.
func errorStart() string {
	if coloured(os.Stderr) {
		return red + "foreshock:" + plainStyle + " "
	}
	return "foreshock: "
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use: "foreshock", Short: "Capacity before storage slows down", Long: longHelp + "Exit codes: " + exitLine() + ".",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		text := notParsed.ReplaceAllString(err.Error(), "a number is expected")
		text = noTime.ReplaceAllString(text, "a time is expected, for example 2026-03-02T12:00:00Z")
		return usageError{fmt.Errorf("%s; see %s --help", text, c.CommandPath())}
	})
	root.AddGroup(&cobra.Group{ID: "run", Title: "Run:"}, &cobra.Group{ID: "numbers", Title: "Numbers through a pipe:"}, &cobra.Group{ID: "ask", Title: "Ask the program that runs:"}, &cobra.Group{ID: "do", Title: "Tell the program that runs:"})
	root.AddCommand(initCommand(), runCommand(), checkCommand(), schemaCommand(), replayCommand(), simulateCommand(), tokenCommand())
	root.AddCommand(detectCommand(), decomposeCommand(), forecastCommand())
	root.AddCommand(askCommands()...)
	root.AddCommand(doCommands()...)
	root.AddCommand(versionCommand(), manCommand(), exitCodesTopic())
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		Run: func(c *cobra.Command, _ []string) { fmt.Fprintln(c.OutOrStdout(), "foreshock "+version()) },
	}
}

// version is what the build knows of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v + " " + info.GoVersion
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no argument, not %q; see %s --help", c.CommandPath(), args[0], c.CommandPath())}
	}
	return nil
}

func oneArg(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError{fmt.Errorf("%s takes one %s, not %d; see %s --help", c.CommandPath(), what, len(args), c.CommandPath())}
		}
		return nil
	}
}

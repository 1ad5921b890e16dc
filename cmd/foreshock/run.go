package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/spf13/cobra"
)

// runFlags are what the command line says over the configuration file.
type runFlags struct {
	file, listen, data string
}

func (f *runFlags) load() (config.Config, error) {
	c := config.Default()
	if f.file != "" {
		var err error
		if c, err = config.Load(f.file); err != nil {
			return c, checked(&c, err) // with what the parts would say
		}
	}
	if f.listen != "" {
		c.Listen = f.listen
	}
	if f.data != "" {
		c.Data = f.data
	}
	loopback, err := config.Loopback(c.Listen)
	switch {
	case err != nil:
		return c, usageError{fmt.Errorf("--listen %w; write for example 127.0.0.1:9750", err)}
	case !loopback && c.TokenFile == "" && !c.Access.Given():
		return c, usageError{fmt.Errorf("--listen %s: other machines could reach it; set token_file or access in a configuration, or listen on 127.0.0.1", c.Listen)}
	}
	return c, nil
}

func runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "run", Short: "Watch, score, forecast and decide; without a configuration: this machine's disks, acting on nothing", GroupID: "run", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), &f) },
	}
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "configuration file")
	cmd.Flags().StringVar(&f.listen, "listen", "", "address of API and UI (default 127.0.0.1:9750)")
	cmd.Flags().StringVar(&f.data, "data", "", "folder of journal and profiles (default foreshock-data)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	return cmd
}

func serve(ctx context.Context, f *runFlags) error {
	c, err := f.load()
	if err != nil {
		return err
	}
	log := logger(c.Log)
	a, err := app.Open(app.Options{Load: f.load, Log: log, Version: version()})
	if err != nil {
		return err
	}
	for _, line := range greeting(c, a.URL()) {
		fmt.Fprintln(os.Stderr, line)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	go func() {
		for {
			select {
			case <-hangups:
				_ = a.Reload(ctx, "signal") // it logs what went wrong
			case <-ctx.Done():
				return
			}
		}
	}()
	return a.Run(ctx)
}

// greeting says what is watched, where to look, and what may be done.
func greeting(c config.Config, url string) []string {
	var names []string
	for _, s := range c.Sources {
		names = append(names, s.Name)
	}
	acts := "nothing: it only observes"
	if c.Mode > foreshock.Observe && len(c.Policies) > 0 {
		acts = fmt.Sprintf("what its policies name, mode %s at the most", c.Mode)
	}
	return []string{
		"foreshock " + version(),
		"  watches   " + strings.Join(names, ", "),
		"  acts on   " + acts,
		"  look at   " + url,
		"  data in   " + c.Data,
		"  ask with  foreshock workloads | explain WORKLOAD        stop with Ctrl-C",
	}
}

func logger(l config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.Level)) // checked with the configuration
	options := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

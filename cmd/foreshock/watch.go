package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// watchFlag lets a command that asks go on asking: on a terminal what it prints takes the place of what it printed before, elsewhere it is printed
// when it has changed. A program that does not answer for a while is waited for.
func watchFlag(c *cobra.Command) {
	var every time.Duration
	c.Flags().DurationVarP(&every, "watch", "w", 0, "ask again and again, this far apart (--watch alone: every 2s), until Ctrl-C")
	c.Flags().Lookup("watch").NoOptDefVal = "2s"
	once := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if !c.Flags().Changed("watch") {
			return once(c, args)
		}
		if every < 100*time.Millisecond {
			return usageError{fmt.Errorf("--watch %s is too often; at least 100ms", every)}
		}
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		out := c.OutOrStdout()
		defer c.SetOut(out)
		c.SetContext(ctx)
		return watch(ctx, out, every, func(w io.Writer) error {
			c.SetOut(w)
			return once(c, args)
		})
	}
}

// watch asks every so often until ctx ends. What cannot pass by itself ends it.
func watch(ctx context.Context, out io.Writer, every time.Duration, ask func(io.Writer) error) error {
	show := shower(out)
	var last []byte
	for {
		var text bytes.Buffer
		err := ask(painted{&text, coloured(out)})
		var away *awayError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &away):
			text.Reset()
			fmt.Fprintln(&text, away)
		case err != nil:
			return err
		}
		if !bytes.Equal(text.Bytes(), last) {
			last = bytes.Clone(text.Bytes())
			if err := show(last); err != nil {
				return err
			}
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return nil
		}
	}
}

// shower prints what was answered.
func shower(out io.Writer) func([]byte) error {
	clear := ""
	if f, ok := out.(*os.File); ok && terminal(f) {
		clear = "\033[H\033[2J"
	}
	return func(text []byte) error {
		_, err := io.WriteString(out, clear+string(text))
		return err
	}
}

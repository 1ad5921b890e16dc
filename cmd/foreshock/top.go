package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const topHelp = `Show what is watched, live, the worst first: score over threshold with its course, severity, headroom, and the last decision.

  ↑ ↓ j k        choose a workload
  enter          explain it; again, esc or q: back
  s              sort by the next of: severity, score, headroom, name
  /              filter by a part of the name; enter takes it, esc leaves it out
  q, Ctrl-C      end`

func topCommand() *cobra.Command {
	var c client
	var every time.Duration
	cmd := &cobra.Command{
		Use: "top", Short: "Show what is watched, live, in the terminal", Long: topHelp, GroupID: "ask", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < 100*time.Millisecond {
				return usageError{fmt.Errorf("--every %s is too often; at least 100ms", every)}
			}
			if !terminal(os.Stdin) || !terminal(os.Stdout) {
				return usageError{errors.New("top needs a terminal; foreshock workloads --watch prints to anything")}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM)
			defer stop()
			return liveTop(ctx, &c, every)
		},
	}
	c.flags(cmd)
	cmd.Flags().DurationVar(&every, "every", 2*time.Second, "how often to ask")
	return cmd
}

// What a terminal is told to give the program a screen of its own, and to take it away.
const (
	ownScreen   = "\033[?1049h\033[?25l"
	usersScreen = "\033[?25h\033[?1049l"
)

// answered is what the program that runs said.
type answered struct {
	list    []pipeline.View
	explain string // of a workload that was asked for
	err     error
}

// liveTop draws on the terminal itself: a screen of text and a handful of keys need no framework. It draws until the user ends it. The terminal is left as it was found.
func liveTop(ctx context.Context, c *client, every time.Duration) error {
	in := int(os.Stdin.Fd())
	before, err := term.MakeRaw(in)
	if err != nil {
		return err
	}
	defer func() { _ = term.Restore(in, before) }()
	fmt.Fprint(os.Stdout, ownScreen)
	defer fmt.Fprint(os.Stdout, usersScreen)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	keys, answers, asks := make(chan string), make(chan answered), make(chan string, 1)
	go readKeys(ctx, os.Stdin, keys)
	go askAlways(ctx, c, every, asks, answers)
	t := newTop(coloured(os.Stdout))
	for {
		width, height, err := term.GetSize(int(os.Stdout.Fd()))
		if err != nil {
			width, height = 80, 24
		}
		fmt.Fprint(os.Stdout, "\033[H"+t.draw(width, height)+"\033[J")
		select {
		case <-ctx.Done():
			return nil
		case a := <-answers:
			t.take(a)
		case key, open := <-keys:
			if !open || t.press(key) {
				return nil
			}
			select {
			case asks <- t.explained:
			default: // it is asking, and will hear of it next time
			}
		}
	}
}

// askAlways asks for the workloads again and again, and for the explanation of the one that was named last.
func askAlways(ctx context.Context, c *client, every time.Duration, asks <-chan string, answers chan<- answered) {
	id := ""
	for {
		var a answered
		a.list, a.err = c.Workloads(ctx)
		if a.err == nil && id != "" {
			x, err := c.Explain(ctx, foreshock.ID(id), "")
			a.explain, a.err = x.Text, err
		}
		select {
		case answers <- a:
		case <-ctx.Done():
			return
		}
		select {
		case id = <-asks:
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
	}
}

// readKeys reads what is pressed: a character, or the name of a key that has none.
func readKeys(ctx context.Context, in io.Reader, keys chan<- string) {
	defer close(keys)
	buffer := make([]byte, 256)
	for {
		n, err := in.Read(buffer)
		if err != nil {
			return
		}
		for _, key := range keysOf(string(buffer[:n])) {
			select {
			case keys <- key:
			case <-ctx.Done():
				return
			}
		}
	}
}

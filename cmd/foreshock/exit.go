package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/foreshock-io/foreshock/config"
	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPart        = 3
	exitUnreachable = 4
	exitRefused     = 5
)

// exitCodes are all of them: in few words, when, and what to do.
var exitCodes = []struct {
	code              int
	word, when, doing string
}{
	{exitDone, "done", "All that was asked for is done.", "Nothing."},
	{exitFailed, "failed", "A file cannot be read or written, a series is too short, a calculation was interrupted.", "Read the message: it names what failed and what helps."},
	{exitUsage, "wrong usage or configuration", "A flag, an argument or a configuration has a fault; nothing was begun.", "Correct what the message names; --help tells what there is."},
	{exitPart, "done but for a part of the input", "Some rows, series or files could not be read or computed; the others are done.", "What was left out is named on standard error."},
	{exitUnreachable, "no program answers", "The running program, or a part that check asks, does not answer.", "Start it, or name it with --server; for check, see the remedies it prints, or use --offline."},
	{exitRefused, "refused or not found", "The running program knows no such workload or action, or the token may not do it, or it contradicts what holds now.", "Look with workloads, actions or status; take a token with the role."},
}

// exitLine is all of them in one line.
func exitLine() string {
	var list []string
	for _, e := range exitCodes {
		list = append(list, fmt.Sprintf("%d %s", e.code, e.word))
	}
	return strings.Join(list, ", ")
}

// exitCodesTopic is what foreshock help exit-codes prints.
func exitCodesTopic() *cobra.Command {
	t := table{head: []string{"code", "meaning", "when", "what to do"}}
	for _, e := range exitCodes {
		t.rows = append(t.rows, []string{fmt.Sprint(e.code), e.word, e.when, e.doing})
	}
	var b strings.Builder
	_ = t.render(&b, false) // a builder takes everything
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: b.String()}
}

// usageError marks what was called wrongly.
type usageError struct{ error }

// incomplete marks that a part of the input failed and the rest was done.
type incomplete struct{ error }

func exitCode(err error) int {
	var faults config.Faults
	var usage usageError
	var answer *answerError
	var away *awayError
	var silent unanswered
	var part incomplete
	switch {
	case errors.As(err, &faults), errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &part):
		return exitPart
	case errors.As(err, &away), errors.As(err, &silent):
		return exitUnreachable
	case errors.As(err, &answer):
		return exitRefused
	}
	return exitFailed
}

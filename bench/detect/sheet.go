package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

// markdown chooses the form of tables.
var markdown bool

// sheet is a table being written: lines of cells with tabs between them, the first the head.
type sheet struct{ bytes.Buffer }

// table begins a table with its title and what is asked of it.
func table(title, asked string) *sheet {
	if markdown {
		fmt.Printf("\n**%s**\n\nAsked: %s.\n\n", title, asked)
	} else {
		fmt.Printf("\n%s\n  asked: %s\n", title, asked)
	}
	return new(sheet)
}

// Flush prints the table.
func (s *sheet) Flush() error {
	head, rows, _ := strings.Cut(s.String(), "\n")
	if !markdown {
		out := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
		fmt.Fprintln(out, strings.ToUpper(head))
		fmt.Fprint(out, rows)
		return out.Flush()
	}
	columns := strings.Count(head, "\t") + 1
	fmt.Printf("| %s |\n|%s\n", strings.ReplaceAll(head, "\t", " | "), strings.Repeat(" --- |", columns))
	for line := range strings.Lines(rows) {
		fmt.Printf("| %s |\n", strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", " | "))
	}
	return nil
}

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const commandHead = `# Command line

Written by ` + "`make generate-docs`" + ` from the commands; change it there. Each command says the same with ` + "`--help`" + `, and ` + "`foreshock man DIR`" + ` writes it as pages for man.

Lists come with ` + "`-o`" + ` as table, JSON, CSV or YAML: names in JSON and YAML are those of the HTTP API. Colours and progress bars are drawn on terminals only, colours not where the
environment has ` + "`NO_COLOR`" + `.
`

func commandReference(*testing.T) string {
	var b strings.Builder
	b.WriteString(commandHead + "\n## Exit codes\n\n| Code | Meaning | When | What to do |\n| --- | --- | --- | --- |\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", e.code, e.word, cell(e.when), cell(e.doing))
	}
	root := documented()
	for _, group := range root.Groups() {
		fmt.Fprintf(&b, "\n## %s\n", strings.TrimSuffix(group.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == group.ID {
				writeCommand(&b, c)
			}
		}
	}
	b.WriteString("\n## Other commands\n")
	for _, c := range root.Commands() {
		if c.GroupID == "" && c.Runnable() && !c.Hidden {
			writeCommand(&b, c)
		}
	}
	return b.String()
}

func writeCommand(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, "\n### %s\n\n%s.\n\n```\n%s\n```\n", c.CommandPath(), c.Short, c.UseLine())
	if c.Long != "" {
		fmt.Fprintf(b, "\n```text\n%s\n```\n", c.Long)
	}
	if c.Example != "" {
		fmt.Fprintf(b, "\nExamples:\n\n```\n%s\n```\n", c.Example)
	}
	if c.HasAvailableLocalFlags() {
		b.WriteString("\n| Flag | Default | What it does |\n| --- | --- | --- |\n")
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" || f.Hidden {
				return
			}
			name := "--" + f.Name
			if f.Shorthand != "" {
				name = "-" + f.Shorthand + ", " + name
			}
			value := ""
			if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" && f.DefValue != "[]" {
				value = "`" + f.DefValue + "`"
			}
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, value, cell(f.Usage))
		})
	}
	for _, sub := range c.Commands() {
		if sub.Runnable() && !sub.Hidden {
			writeCommand(b, sub)
		}
	}
}

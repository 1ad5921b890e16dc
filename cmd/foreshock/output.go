package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// table is a list as people and spreadsheets read it.
type table struct {
	head []string
	rows [][]string
}

// outputFlag adds -o, with the forms that a command has; the first is what is had without it.
func outputFlag(c *cobra.Command, form *string, forms ...string) {
	if len(forms) == 0 {
		forms = []string{"table", "json", "csv", "yaml"}
	}
	last := len(forms) - 1
	c.Flags().StringVarP(form, "output", "o", forms[0], strings.Join(forms[:last], ", ")+" or "+forms[last])
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
	check := c.PreRunE
	c.PreRunE = func(c *cobra.Command, args []string) error {
		if !slices.Contains(forms, *form) {
			return usageError{fmt.Errorf("-o %s: there is: %s", *form, strings.Join(forms, ", "))}
		}
		if check != nil {
			return check(c, args)
		}
		return nil
	}
}

// write prints value as JSON or YAML, or t as table or CSV.
func write(w io.Writer, form string, value any, t func() table) error {
	switch form {
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(value)
	case "yaml":
		return writeYAML(w, value)
	case "csv":
		list := t()
		c := csv.NewWriter(w)
		_ = c.Write(list.head)
		_ = c.WriteAll(list.rows)
		return c.Error()
	}
	list := t()
	return list.render(w, coloured(w))
}

// writeText prints value as JSON or YAML, or the text that says the same to people.
func writeText(w io.Writer, form string, value any, text string) error {
	if form == "text" {
		_, err := io.WriteString(w, text)
		return err
	}
	return write(w, form, value, nil)
}

// writeYAML prints what value is in JSON as a document of YAML, with the same names in the same order.
func writeYAML(w io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if text, err = yaml.JSONToYAML(text); err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// render prints the columns side by side, two spaces between them, with what calls for a look in colour where colours are wanted.
func (t *table) render(w io.Writer, colours bool) error {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	line := func(row []string, style func(string) string) {
		for i, cell := range row {
			text := cell
			if code := style(cell); colours && code != "" {
				text = code + cell + plainStyle
			}
			b.WriteString(text)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		b.WriteByte('\n')
	}
	head := make([]string, len(t.head))
	for i, name := range t.head {
		head[i] = strings.ToUpper(name)
	}
	line(head, func(string) string { return bold })
	for _, row := range t.rows {
		line(row, func(cell string) string { return styles[cell] })
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// What a terminal is told to change the colour.
const (
	plainStyle = "\033[0m"
	bold       = "\033[1m"
	red        = "\033[31m"
	yellow     = "\033[33m"
	cyan       = "\033[36m"
)

// styles are the colours of words that stand alone in a cell.
var styles = map[string]string{
	"high": red, "medium": yellow, "low": cyan,
	"late": yellow, "stale": yellow, "absent": red, "implausible": red,
	"proposed": cyan, "failed": red, "parked": red, "ended": red, "faulty": red,
}

// painted is a writer of what goes to another in the end, and whether that has colours.
type painted struct {
	io.Writer
	colours bool
}

// coloured says whether colours may go to w: to terminals, unless the environment has NO_COLOR (no-color.org) or a terminal without any.
func coloured(w io.Writer) bool {
	if p, ok := w.(painted); ok {
		return p.colours
	}
	f, ok := w.(*os.File)
	return ok && terminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// terminal says whether f is one.
func terminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

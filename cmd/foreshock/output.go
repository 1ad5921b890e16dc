package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// table is a list as people and spreadsheets read it.
type table struct {
	head []string
	rows [][]string
}

// outputFlag adds -o with the forms that lists can have.
func outputFlag(c *cobra.Command, form *string) {
	c.Flags().StringVarP(form, "output", "o", "table", "table, json or csv")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "csv"}, cobra.ShellCompDirectiveNoFileComp))
}

// write prints value as JSON, or t as table or CSV.
func write(w io.Writer, form string, value any, t func() table) error {
	switch form {
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(value)
	case "csv":
		list := t()
		c := csv.NewWriter(w)
		_ = c.Write(list.head)
		_ = c.WriteAll(list.rows)
		return c.Error()
	case "table":
		list := t()
		tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		fmt.Fprintln(tw, strings.ToUpper(strings.Join(list.head, "\t")))
		for _, row := range list.rows {
			fmt.Fprintln(tw, strings.Join(row, "\t"))
		}
		return tw.Flush()
	}
	return usageError{fmt.Errorf("-o %s: there is: table, json, csv", form)}
}

package main

import (
	"github.com/foreshock-io/foreshock/app"
	"github.com/spf13/cobra"
)

const schemaHelp = `Print the JSON Schema of configuration files, put together from the settings of every component, with what each setting is and its default.

Editors that know YAML check a file by it while it is written, when its first line is

  # yaml-language-server: $schema=foreshock.schema.json`

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of configuration files", Long: schemaHelp, Example: "  foreshock schema > foreshock.schema.json", GroupID: "run", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return write(cmd.OutOrStdout(), "json", app.Settings().Schema(), nil)
		},
	}
}

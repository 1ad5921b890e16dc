package main

import (
	"fmt"
	"os"
	"time"

	"github.com/foreshock-io/foreshock/api/access"
	"github.com/spf13/cobra"
)

func tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Make the tokens by which callers are known", GroupID: "run", Args: noArgs,
		Long: "Make the tokens by which callers are known. The token file has their hashes only: who reads it cannot call. See docs/security.md.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokenCommand(), hashTokensCommand())
	return cmd
}

func newTokenCommand() *cobra.Command {
	var role, name, expires string
	cmd := &cobra.Command{
		Use: "new --role ROLE --name NAME", Short: "Print a new token, which is shown this once, and the line of the token file that lets it in", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var r access.Role
			if err := r.UnmarshalText([]byte(role)); err != nil {
				return usageError{fmt.Errorf("--role: %w", err)}
			}
			var end time.Time
			if expires != "" {
				var err error
				if end, err = access.ParseExpiry(expires, time.Now()); err != nil {
					return usageError{fmt.Errorf("--expires: %w", err)}
				}
			}
			t, err := access.NewToken(r, name, end)
			if err != nil {
				return usageError{fmt.Errorf("--name: %w", err)}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "token  %s\nline   %s\n", t.Secret, t.Line)
			return nil
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "push, read, approve or admin")
	cmd.Flags().StringVar(&name, "name", "", "whose it is; what the journal calls its owner")
	cmd.Flags().StringVar(&expires, "expires", "", "when it ends: 90d, 2027-01-31, 2027-01-31T12:00:00Z; never when it is not stated")
	return cmd
}

func hashTokensCommand() *cobra.Command {
	return &cobra.Command{
		Use: "hash FILE", Short: "Print a token file with the hash in the place of each token that it has itself; the tokens stay valid", Args: oneArg("file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return usageError{err}
			}
			defer func() { _ = f.Close() }()
			return access.HashTokens(cmd.OutOrStdout(), f)
		},
	}
}

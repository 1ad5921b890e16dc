package main

import (
	"fmt"
	"os"
	"strings"

	remote "github.com/foreshock-io/foreshock/client"
	"github.com/spf13/cobra"
)

// client asks the program that runs, as its flags say.
type client struct {
	*remote.Client
	options   remote.Options
	tokenFile string
}

// What can go wrong when the program is asked: it refuses, or is not there.
type (
	answerError = remote.Error
	awayError   = remote.AwayError
)

// flags adds those of a command that asks; before it runs, they are read.
func (c *client) flags(cmd *cobra.Command) {
	server := os.Getenv("FORESHOCK_SERVER")
	if server == "" {
		server = remote.DefaultServer
	}
	f := cmd.Flags()
	f.StringVar(&c.options.Server, "server", server, "address of the program (environment: FORESHOCK_SERVER)")
	f.StringVar(&c.tokenFile, "token-file", "", "file with the bearer token (or environment: FORESHOCK_TOKEN)")
	f.StringVar(&c.options.CA, "ca-file", "", "file with the authority of the program's certificate, where the system does not know it")
	f.StringVar(&c.options.Cert, "cert-file", "", "file with a client's certificate")
	f.StringVar(&c.options.Key, "key-file", "", "file with its key")
	cmd.PreRunE = func(*cobra.Command, []string) error { return c.open() }
}

// open makes the client of the flags.
func (c *client) open() (err error) {
	if c.options.Token, err = c.token(); err != nil {
		return err
	}
	if c.Client, err = remote.New(c.options); err != nil {
		return usageError{err}
	}
	return nil
}

func (c *client) token() (string, error) {
	if c.tokenFile == "" {
		return os.Getenv("FORESHOCK_TOKEN"), nil
	}
	data, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return "", usageError{fmt.Errorf("--token-file: %w", err)}
	}
	return strings.TrimSpace(string(data)), nil
}

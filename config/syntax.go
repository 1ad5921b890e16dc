package config

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

// syntaxFault says where a file stops being YAML.
func syntaxFault(file string, err error) Faults {
	f := Fault{File: file, Text: "is not valid YAML: " + err.Error()}
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		f.Text = "is not valid YAML: " + strings.TrimSpace(syntax.Message)
		if syntax.Token != nil {
			f.Line, f.Col = syntax.Token.Position.Line, syntax.Token.Position.Column
		}
	}
	return Faults{f}
}

func dirOf(file string) string { return filepath.Dir(file) }

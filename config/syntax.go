package config

import (
	"errors"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/foreshock-io/foreshock"
	"github.com/goccy/go-yaml"
)

// syntaxFault says where a file stops being YAML.
func syntaxFault(file string, err error) Faults {
	f := Fault{File: file, Text: "is not valid YAML: " + err.Error()}
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		said := foreshock.OneLine(strings.TrimSpace(syntax.Message))
		f.Text = "is not valid YAML: " + said + hint(said)
		if syntax.Token != nil {
			f.Line, f.Col = syntax.Token.Position.Line, syntax.Token.Position.Column
		}
	}
	return Faults{f}
}

// notText says where a file stops being text.
func notText(file string, data []byte) Faults {
	line := 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		data = data[size:]
	}
	return Faults{{File: file, Line: line, Col: 1, Text: "is not text in UTF-8; save it as such, or name another file"}}
}

// hints are what helps, by what the reader of YAML says.
var hints = []struct{ said, hint string }{
	{"tab character", "indent with spaces, not with tabs"},
	{"value is not allowed", "look at the indentation of this line and of the one before, and quote text that has a colon"},
	{"could not find end character", "close the quotation mark"},
	{"end token", "close the bracket"},
	{"already defined", "keep one of them"},
}

func hint(said string) string {
	for _, h := range hints {
		if strings.Contains(said, h.said) {
			return "; " + h.hint
		}
	}
	return ""
}

func dirOf(file string) string { return filepath.Dir(file) }

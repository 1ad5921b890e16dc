package config

import (
	"github.com/goccy/go-yaml/parser"
)

// Object is a part that comes from elsewhere than the file, as JSON or YAML: path is where it stands there, for messages. Whoever wrote it may not see
// the program's environment, so ${env:NAME} is text like any other in it.
func Object(path string, data []byte) (Node, error) {
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		return Node{}, syntaxFault("", err)
	}
	n := Node{decoder: decoder{literal: true, unit: pure}, path: path}
	if len(parsed.Docs) > 0 && parsed.Docs[0].Body != nil {
		n.node = parsed.Docs[0].Body
	}
	return n, nil
}

package telemetry

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// logged gathers the keys of all lines of the log, each with a place where it is used.
func logged(t *testing.T) map[string]string {
	t.Helper()
	keys := map[string]string{}
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bench" || d.Name() == "examples" || d.Name() == "release"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				for _, key := range keysOf(call) {
					keys[key] = file
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// keysOf gives the keys of a call of a logger: every second argument after the message; of With from the first on.
func keysOf(call *ast.CallExpr) []string {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !strings.HasSuffix(strings.ToLower(nameOf(method.X)), "log") {
		return nil
	}
	from := map[string]int{"Debug": 1, "Info": 1, "Warn": 1, "Error": 1, "With": 0}
	first, is := from[method.Sel.Name]
	if !is {
		return nil
	}
	var keys []string
	for i := first; i < len(call.Args); i += 2 {
		if literal, ok := call.Args[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
			key, _ := strconv.Unquote(literal.Value)
			keys = append(keys, key)
		}
	}
	return keys
}

func nameOf(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

var keyRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| [^|]+ \\|$")

// The keys on which people may rely are used.
func TestKeysOfTheLog(t *testing.T) {
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## The log")
	if !found {
		t.Fatal("docs/metrics.md says nothing of the log")
	}
	var listed []string
	for _, m := range keyRow.FindAllStringSubmatch(section, -1) {
		listed = append(listed, m[1])
	}
	used := logged(t)
	if len(listed) < 10 {
		t.Fatalf("only %d keys are listed", len(listed))
	}
	for _, key := range listed {
		if used[key] == "" {
			t.Errorf("docs/metrics.md lists the key %q of the log, which nothing uses", key)
		}
	}
}

package decide

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// constants reads the codes of reasons.go from its source: name to value.
func constants(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "reasons.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			v := spec.(*ast.ValueSpec)
			name := v.Names[0].Name
			value, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(v.Doc.Text(), name+": ") {
				t.Errorf("the code %s has no comment that begins with its name", name)
			}
			values[name] = value
		}
	}
	return values
}

func codes(t *testing.T) []string {
	var list []string
	for _, value := range constants(t) {
		list = append(list, value)
	}
	return list
}

// TestCodes: each code is documented in reasons.go, used, and no other is.
func TestCodes(t *testing.T) {
	values := constants(t)
	seen := map[string]string{}
	for name, value := range values {
		if other, twice := seen[value]; twice {
			t.Errorf("%s and %s are both %q", name, other, value)
		}
		seen[value] = name
	}
	used := map[string]bool{}
	call := regexp.MustCompile(`\.(?:because|hold)\(([^,]+),|\.limit\(w, .*?, ([A-Z]\w+), "|\.limit\(&w, part, (\w+),`)
	for _, file := range sources(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(data), -1) {
			name := m[1] + m[2] + m[3]
			if name == "code" { // a parameter
				continue
			}
			if _, ok := values[name]; !ok {
				t.Errorf("%s: the reason %s is not a code of reasons.go", file, name)
			}
			used[name] = true
		}
		for name := range values {
			if file != "reasons.go" && regexp.MustCompile(`\b`+name+`\b`).Match(data) {
				used[name] = true
			}
		}
	}
	for name := range values {
		if !used[name] {
			t.Errorf("the code %s is never used", name)
		}
	}
}

func sources(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			list = append(list, e.Name())
		}
	}
	return list
}

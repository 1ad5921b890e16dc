package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write comments.json anew")

// What the program says of its settings is what the source says.
func TestComments(t *testing.T) {
	list := map[string]string{}
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := "github.com/foreshock-io/foreshock" + strings.TrimPrefix(filepath.ToSlash(filepath.Dir(file)), "..")
		for _, decl := range parsed.Decls {
			if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.TYPE {
				types(d, pkg, list)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	if err := e.Encode(list); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("comments.json", text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(text.Bytes(), commentsJSON) {
		t.Error("comments.json is not what the source says; renew it with: make generate-docs")
	}
}

// types takes the comments of structs with settings.
func types(d *ast.GenDecl, pkg string, list map[string]string) {
	for _, spec := range d.Specs {
		spec, _ := spec.(*ast.TypeSpec)
		body, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		settings := false
		for _, f := range body.Fields.List {
			if f.Tag == nil || reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml") == "" {
				continue
			}
			settings = true
			for _, name := range f.Names {
				if text := oneLine(f.Doc, f.Comment); text != "" {
					list[pkg+"."+spec.Name.Name+"."+name.Name] = strings.TrimPrefix(text, name.Name+" is ")
				}
			}
		}
		if text := oneLine(spec.Doc, d.Doc); settings && text != "" {
			list[pkg+"."+spec.Name.Name] = text
		}
	}
}

func oneLine(groups ...*ast.CommentGroup) string {
	var parts []string
	for _, g := range groups {
		if text := strings.Join(strings.Fields(g.Text()), " "); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " ")
}

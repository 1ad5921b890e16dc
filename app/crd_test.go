package app

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/kube/policies"
)

var update = flag.Bool("update", false, "write the manifest of the custom resource anew")

const manifest = "../deploy/kubernetes/scalingpolicy.yaml"

// The manifest is made of the type that the file form has as well, with its comments.
func TestManifestOfScalingPolicy(t *testing.T) {
	data, err := yaml.MarshalWithOptions(definition(t), yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		t.Fatal(err)
	}
	want := "# Made of decide.Policy by: go test ./app -run ManifestOfScalingPolicy -update\n" + string(data)
	if *update {
		if err := os.WriteFile(manifest, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the manifest is not that of the type; go test ./app -run ManifestOfScalingPolicy -update\n%s", diff)
	}
}

// object is a mapping of YAML.
type object = map[string]any

// definition is the CustomResourceDefinition.
func definition(t *testing.T) object {
	s := &schemer{comments: comments(t, "../decide")}
	spec := s.of(reflect.TypeFor[decide.Policy](), part(t, Settings(), "policies").Of)
	delete(spec["properties"].(object), "name") // it is the object's
	spec["description"] = "What may be done for which workloads: as a policy in the configuration file, but for the name, which is the object's. " +
		"Numbers with a fraction are written as text: \"0.95\", 25%, 180MiB/s."
	spec["x-kubernetes-validations"] = []object{{
		"rule":    `!has(self.mode) || self.mode == 'observe' || has(self.target) && self.target != ''`,
		"message": "mode approve or auto needs a target", "fieldPath": ".target",
	}, {
		"rule":    `!has(self.mode) || self.mode == 'observe' || has(self.match) && size(self.match) > 0`,
		"message": "mode approve or auto without match would act on nothing", "fieldPath": ".match",
	}}
	column := func(name, path, kind string, priority int) object {
		return object{"name": name, "jsonPath": path, "type": kind, "priority": priority}
	}
	const accepted = `.status.conditions[?(@.type=="Accepted")]`
	version := object{
		"name": policies.Version, "served": true, "storage": true, "subresources": object{"status": object{}},
		"additionalPrinterColumns": []object{
			column("Accepted", accepted+".status", "string", 0), column("Mode", ".status.mode", "string", 0), column("Target", ".spec.target", "string", 0),
			column("Workloads", ".status.workloads", "integer", 0), column("Last", ".status.lastDecision.kind", "string", 0),
			column("Decided", ".status.lastDecision.time", "date", 0), column("Age", ".metadata.creationTimestamp", "date", 0),
			column("Reason", accepted+".message", "string", 1), column("Why", ".status.lastDecision.text", "string", 1),
		},
		"schema": object{"openAPIV3Schema": object{
			"type": "object", "description": "A ScalingPolicy says what Foreshock may do for which workloads.",
			"properties": object{
				"apiVersion": object{"type": "string"}, "kind": object{"type": "string"}, "metadata": object{"type": "object"}, "spec": spec, "status": statusSchema(),
			},
		}},
	}
	return object{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": object{"name": policies.Resource + "." + policies.Group},
		"spec": object{
			"group": policies.Group, "scope": "Cluster",
			"names": object{
				"kind": policies.Kind, "listKind": policies.Kind + "List", "plural": policies.Resource, "singular": "scalingpolicy", "shortNames": []string{"scp"},
			},
			"versions": []object{version},
		},
	}
}

func statusSchema() object {
	text, whole, at := object{"type": "string"}, object{"type": "integer", "format": "int64"}, object{"type": "string", "format": "date-time"}
	return object{
		"type": "object", "description": "What came of the policy; written by Foreshock.",
		"properties": object{
			"observedGeneration": whole, "mode": text, "workloads": whole,
			"lastDecision": object{"type": "object", "properties": object{"time": at, "workload": text, "kind": text, "text": text}},
			"conditions": object{
				"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": []string{"type"},
				"items": object{
					"type": "object", "required": []string{"lastTransitionTime", "message", "reason", "status", "type"},
					"properties": object{
						"type": text, "status": object{"type": "string", "enum": []string{"True", "False", "Unknown"}}, "reason": text, "message": text,
						"lastTransitionTime": at, "observedGeneration": whole,
					},
				},
			},
		},
	}
}

// schemer makes OpenAPI schemas of types as config reads them.
type schemer struct {
	comments map[string]string // by Type.Field
}

// timesOfDay is a pattern of what decide.TimeOfDay reads.
const timesOfDay = `^(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)$`

// of is the schema of a type that is written as config describes it.
func (s *schemer) of(t reflect.Type, as *config.Setting) object {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return object{"type": "string", "pattern": as.Pattern}
	case reflect.TypeFor[foreshock.Mode]():
		return object{"type": "string", "enum": []string{"observe", "approve", "auto"}}
	case reflect.TypeFor[decide.Allow]():
		return object{"type": "string", "enum": []string{"all", "grow", "emergencies", "nothing"}}
	case reflect.TypeFor[decide.Weekday]():
		return object{"type": "string", "enum": []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}}
	case reflect.TypeFor[decide.TimeOfDay]():
		return object{"type": "string", "pattern": timesOfDay}
	case reflect.TypeFor[decide.Zone]():
		return object{"type": "string"}
	case reflect.TypeFor[decide.Date]():
		return object{"x-kubernetes-int-or-string": true}
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Int, reflect.Float64:
		return object{"x-kubernetes-int-or-string": true, "pattern": as.Pattern}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem(), as.Of)}
	case reflect.Map: // of dimensions
		properties := object{}
		for _, of := range as.Parts {
			properties[of.Name] = s.of(t.Elem(), of)
		}
		return object{"type": "object", "properties": properties}
	case reflect.Struct:
		return s.structure(t, as)
	}
	panic("no schema for " + t.String())
}

// rules are what can be checked within a type before Foreshock sees it.
var rules = map[reflect.Type][]object{
	reflect.TypeFor[decide.Costs](): {{
		"rule":    "has(self.unit_hour) == has(self.late_second) && has(self.late_second) == has(self.utilisation)",
		"message": "unit_hour, late_second and utilisation belong together",
	}},
	reflect.TypeFor[decide.Bounds](): {{
		"rule":    "!has(self.min) || !has(self.max) || type(self.min) != int || type(self.max) != int || self.max == 0 || self.min <= self.max",
		"message": "max is below min",
	}},
}

func (s *schemer) structure(t reflect.Type, as *config.Setting) object {
	properties := object{}
	for i := range t.NumField() {
		f := t.Field(i)
		i := slices.IndexFunc(as.Parts, func(part *config.Setting) bool { return part.Name == f.Tag.Get("yaml") })
		field := s.of(f.Type, as.Parts[i])
		if text := s.comments[t.Name()+"."+f.Name]; text != "" {
			field["description"] = text
		}
		properties[f.Tag.Get("yaml")] = field
	}
	made := object{"type": "object", "properties": properties}
	if r := rules[t]; r != nil {
		made["x-kubernetes-validations"] = r
	}
	return made
}

// comments are those of the fields of a package's structs, each as one line.
func comments(t *testing.T, dir string) map[string]string {
	found := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			of, is := n.(*ast.TypeSpec)
			if !is {
				return true
			}
			if fields, is := of.Type.(*ast.StructType); is {
				for _, f := range fields.Fields.List {
					for _, name := range f.Names {
						found[of.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()+f.Comment.Text()), " ")
					}
				}
			}
			return true
		})
	}
	return found
}

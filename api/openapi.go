package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/api/problem"
	"github.com/foreshock-io/foreshock/api/schema"
)

// The parts of a description of the API, as OpenAPI 3.1 has them.
type (
	document struct {
		OpenAPI    string                         `json:"openapi"`
		Info       info                           `json:"info"`
		Paths      map[string]map[string]*pathing `json:"paths"` // by path and method
		Components components                     `json:"components"`
		Security   []map[string][]string          `json:"security"`
	}
	info struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description"`
	}
	components struct {
		Schemas  map[string]*schema.Schema `json:"schemas"`
		Security map[string]security       `json:"securitySchemes"`
	}
	security struct {
		Type        string `json:"type"`
		Scheme      string `json:"scheme,omitempty"`
		Description string `json:"description"`
	}
	pathing struct {
		ID          string                `json:"operationId"`
		Summary     string                `json:"summary"`
		Description string                `json:"description,omitempty"`
		Parameters  []described           `json:"parameters,omitempty"`
		Body        *content              `json:"requestBody,omitempty"`
		Responses   map[string]content    `json:"responses"`
		Security    []map[string][]string `json:"security,omitempty"`
	}
	described struct {
		Name        string         `json:"name"`
		In          string         `json:"in"`
		Required    bool           `json:"required,omitempty"`
		Description string         `json:"description,omitempty"`
		Schema      *schema.Schema `json:"schema"`
	}
	content struct {
		Description string           `json:"description,omitempty"`
		Content     map[string]media `json:"content,omitempty"`
	}
	media struct {
		Schema *schema.Schema `json:"schema"`
	}
)

const guide = "Errors are application/problem+json (RFC 9457). Answers to GET have an ETag: with If-None-Match, what has not changed is status 304. " +
	"Where a list goes on, the header Link has the address of the next page (rel=next). Times are RFC 3339; what ends in _ns is in nanoseconds. A caller that calls too often is answered with status 429 and Retry-After."

// Description is the API as OpenAPI 3.1 describes it, as JSON.
var Description = sync.OnceValue(func() []byte {
	set := schema.NewSet("#/components/schemas/")
	set.Tell(reflect.TypeFor[foreshock.Values](), amountsOf("A reading of each metric that was read.", foreshock.NumMetrics, func(i int) string { return foreshock.Metric(i).String() }))
	set.Tell(reflect.TypeFor[foreshock.Allocation](), amountsOf("How much of each dimension that is known.", foreshock.NumDimensions, func(i int) string { return foreshock.Dimension(i).String() }))
	d := document{
		OpenAPI: "3.1.0", Info: info{Title: "Foreshock", Version: "v1", Description: guide}, Paths: map[string]map[string]*pathing{},
		Components: components{Security: map[string]security{
			"token":       {Type: "http", Scheme: "bearer", Description: "A token of the token file, or one of the OpenID Connect issuer."},
			"certificate": {Type: "mutualTLS", Description: "A client's certificate whose name has a role."},
		}},
		Security: []map[string][]string{{"token": {}}, {"certificate": {}}},
	}
	for i := range operations {
		d.add(&operations[i], set)
	}
	d.probes()
	d.Components.Schemas = set.Named()
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		panic(err) // a caller's mistake: what is described cannot be written
	}
	return append(text, '\n')
})

func amountsOf(about string, n int, name func(int) string) *schema.Schema {
	s := &schema.Schema{Type: "object", Description: about, Properties: map[string]*schema.Schema{}}
	for i := range n {
		s.Properties[name(i)] = &schema.Schema{Type: "number"}
	}
	return s
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

// add describes an operation.
func (d *document) add(o *operation, set *schema.Set) {
	method, path := o.parts()
	p := &pathing{ID: operationID(method, path), Summary: o.summary, Description: "Needs the role " + o.role.String() + ".", Responses: map[string]content{
		"200":     {Description: "Done.", Content: map[string]media{"application/json": {set.Of(reflect.TypeOf(o.answer))}}},
		"default": {Description: "What went wrong.", Content: map[string]media{problem.ContentType: {set.Of(reflect.TypeFor[problem.Problem]())}}},
	}}
	for _, m := range inPath.FindAllStringSubmatch(path, -1) {
		p.Parameters = append(p.Parameters, described{Name: m[1], In: "path", Required: true, Schema: &schema.Schema{Type: "string"}})
	}
	for _, q := range o.query {
		p.Parameters = append(p.Parameters, described{Name: q.name, In: "query", Description: q.about, Schema: &schema.Schema{Type: "string"}})
	}
	if o.body != nil {
		p.Body = &content{Content: map[string]media{"application/json": {set.Of(reflect.TypeOf(o.body))}}}
	}
	if method == "get" {
		p.Responses["304"] = content{Description: "What there is has the ETag of If-None-Match."}
	}
	if d.Paths[path] == nil {
		d.Paths[path] = map[string]*pathing{}
	}
	d.Paths[path][method] = p
}

// operationID names an operation: its method and the words of its path.
func operationID(method, path string) string {
	id := method
	for _, part := range strings.FieldsFunc(strings.TrimPrefix(path, "/api/v1/"), func(r rune) bool { return r == '/' || r == '{' || r == '}' }) {
		id += strings.ToUpper(part[:1]) + part[1:]
	}
	return id
}

// probes describes what is public: whether the program lives, and is ready.
func (d *document) probes() {
	text := map[string]media{"text/plain": {&schema.Schema{Type: "string"}}}
	anybody := []map[string][]string{{}}
	d.Paths["/healthz"] = map[string]*pathing{"get": {
		ID: "getHealth", Summary: "Whether the program answers.", Security: anybody, Responses: map[string]content{"200": {Description: "It does.", Content: text}},
	}}
	d.Paths["/readyz"] = map[string]*pathing{"get": {
		ID: "getReady", Summary: "Whether the program scores, and can write its journal.", Security: anybody,
		Responses: map[string]content{"200": {Description: "It is ready.", Content: text}, "503": {Description: "It is not, and why.", Content: text}},
	}}
	d.Paths["/api/v1/openapi.json"] = map[string]*pathing{"get": {
		ID: "getDescription", Summary: "This description.", Description: "Needs the role " + access.Read.String() + ".",
		Responses: map[string]content{"200": {Description: "OpenAPI 3.1.", Content: map[string]media{"application/json": {&schema.Schema{Type: "object"}}}}},
	}}
}

func serveDescription(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, r, Description())
}

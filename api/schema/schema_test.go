package schema_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/api/schema"
)

type colour uint8

var colours = []string{"red", "green"}

func (c colour) MarshalText() ([]byte, error) { return []byte(colours[c]), nil }

func (c *colour) UnmarshalText(text []byte) error {
	for i, name := range colours {
		if name == string(text) {
			*c = colour(i)
			return nil
		}
	}
	return fmt.Errorf("no colour is called %q", text)
}

type pair struct{ a, b int }

func (p pair) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "[%d,%d]", p.a, p.b), nil }

type base struct {
	ID string `json:"id"`
}

type part struct {
	base
	At      time.Time         `json:"at,omitzero"`
	Colour  colour            `json:"colour"`
	Next    *part             `json:"next,omitempty"`
	Parent  *part             `json:"parent"`
	Numbers []float64         `json:"numbers"`
	Labels  map[string]string `json:"labels,omitempty"`
	Count   uint32            `json:"count"`
	Secret  string            `json:"-"`
	hidden  int
}

func TestOf(t *testing.T) {
	_ = part{}.hidden
	s := schema.NewSet("#/$defs/")
	s.Tell(reflect.TypeFor[pair](), &schema.Schema{Type: "array", Items: &schema.Schema{Type: "integer"}})
	f := func(v any, want string) {
		t.Helper()
		got, err := json.Marshal(s.Of(reflect.TypeOf(v)))
		if err != nil || string(got) != want {
			t.Errorf("%T: %s, want %s (%v)", v, got, want, err)
		}
	}
	f(true, `{"type":"boolean"}`)
	f(time.Second, `{"type":"integer"}`)
	f([]string{}, `{"type":"array","items":{"type":"string"}}`)
	f(map[string]int{}, `{"type":"object","additionalProperties":{"type":"integer"}}`)
	f(part{}, `{"$ref":"#/$defs/Part"}`)
	f(pair{}, `{"$ref":"#/$defs/Pair"}`)
	got, err := json.Marshal(s.Named())
	want := `{"Colour":{"type":"string","enum":["red","green"]},"Pair":{"type":"array","items":{"type":"integer"}},"Part":{"type":"object","properties":{` +
		`"at":{"type":"string","format":"date-time"},"colour":{"$ref":"#/$defs/Colour"},"count":{"type":"integer","minimum":0},"id":{"type":"string"},` +
		`"labels":{"type":"object","additionalProperties":{"type":"string"}},"next":{"$ref":"#/$defs/Part"},"numbers":{"type":["array","null"],"items":{"type":"number"}},` +
		`"parent":{"anyOf":[{"$ref":"#/$defs/Part"},{"type":"null"}]}},"required":["colour","count","id","numbers","parent"]}}`
	if err != nil || string(got) != want {
		t.Errorf("%s\nwant\n%s (%v)", got, want, err)
	}
}

func TestOfWhatCannotBeTold(t *testing.T) {
	f := func(v any, want string) {
		t.Helper()
		defer func() {
			if said := fmt.Sprint(recover()); !strings.Contains(said, want) {
				t.Errorf("%T: %s", v, said)
			}
		}()
		schema.NewSet("").Of(reflect.TypeOf(v))
	}
	f(pair{}, "writes itself; tell how")
	f(make(chan int), "cannot be written")
}

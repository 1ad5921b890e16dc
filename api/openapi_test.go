package api

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api/schema/schematest"
)

// full fills a value: every field, and one item in every list, to a depth at which types that hold themselves end.
func full(v reflect.Value, depth int) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Date(2031, 2, 3, 4, 5, 6, 7, time.UTC)
		return
	case *foreshock.Values:
		x.Set(foreshock.IOPS, 100)
		return
	case *foreshock.Allocation:
		x.Set(foreshock.DimSize, 1<<40)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("text")
	case reflect.Float64, reflect.Float32:
		v.SetFloat(0.5)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(-1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			full(v.Elem(), depth-1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		full(v.Index(0), depth-1)
	case reflect.Array:
		for i := range v.Len() {
			full(v.Index(i), depth)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		full(key, depth)
		full(value, depth)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				full(v.Field(i), depth)
			}
		}
	}
}

// Every type that is answered is described as it is written, with nothing in it and with everything.
func TestAnswersAreAsDescribed(t *testing.T) {
	d := schematest.Read(t, Description())
	for _, o := range operations {
		method, path := o.parts()
		empty, filled := reflect.New(reflect.TypeOf(o.answer)).Elem(), reflect.New(reflect.TypeOf(o.answer)).Elem()
		full(filled, 8)
		if empty.Kind() == reflect.Slice {
			empty.Set(reflect.MakeSlice(empty.Type(), 1, 1))
		}
		for _, v := range []reflect.Value{empty, filled} {
			text, err := json.Marshal(v.Interface())
			if err != nil {
				t.Fatalf("%s: %v", o.pattern, err)
			}
			if err := d.Answer(t, method, path, "200", "application/json", text); err != nil {
				t.Errorf("%s: %v\n%.2000s", o.pattern, err, text)
			}
		}
	}
}

// The check would see a value of another type, a field that is missing, and one that is not described.
func TestDescriptionIsChecked(t *testing.T) {
	d := schematest.Read(t, Description())
	text, err := json.Marshal(Done{"all"})
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{`{}`, `{"done":1}`, strings.Replace(string(text), "{", `{"more":true,`, 1), `[]`, `null`} {
		if d.Answer(t, "POST", "/api/v1/reload", "200", "application/json", []byte(wrong)) == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}

// What JSON cannot hold is a problem that is told, not half an answer.
func TestWhatCannotBeWritten(t *testing.T) {
	w := httptest.NewRecorder()
	answer(func(*http.Request) (any, error) { return []float64{1, math.NaN()}, nil }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), "NaN") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

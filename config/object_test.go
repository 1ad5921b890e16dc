package config

import (
	"strings"
	"testing"
)

// What comes from elsewhere is decoded as the file is, but sees nothing of the environment.
func TestObject(t *testing.T) {
	t.Setenv("SECRET", "hunter2")
	n, err := Object("spec", []byte(`{"text": "${env:SECRET}", "share": "25%", "inner": {"count": "many"}}`))
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Text  string  `yaml:"text"`
		Share float64 `yaml:"share"`
		Inner struct {
			Count int `yaml:"count"`
		} `yaml:"inner"`
	}
	err = n.Decode(&v)
	if err == nil || !strings.Contains(err.Error(), `spec.inner.count: "many" is not a number`) {
		t.Errorf("%v", err)
	}
	if v.Text != "${env:SECRET}" || v.Share != 0.25 {
		t.Errorf("%+v", v)
	}
	if n, err := Object("spec", nil); err != nil || n.Given() {
		t.Errorf("nothing: %v, %v", n, err)
	}
	if _, err := Object("spec", []byte(`{"a": `)); err == nil {
		t.Error("what is not JSON is taken")
	}
}

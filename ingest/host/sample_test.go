package host

import (
	"os"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/ingest"
	"github.com/goccy/go-yaml"
)

func TestSample(t *testing.T) {
	data, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Sources []struct{ Host Config }
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	env := ingest.Env{Step: 10 * time.Second}
	if got, want := file.Sources[0].Host, Defaults(env); got != want {
		t.Errorf("the sample says\n%+v, the defaults are\n%+v", got, want)
	}
	if _, err := New(file.Sources[0].Host, env); err != nil {
		t.Error(err)
	}
}

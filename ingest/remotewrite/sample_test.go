package remotewrite

import (
	"os"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/foreshock-io/foreshock/ingest"
)

// The sample is valid, and says the defaults where it says them.
func TestSample(t *testing.T) {
	text, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var seen Config
	_, err = Factory.New(func(into any) error {
		defaults := *into.(*Config)
		file := struct {
			Remotewrite Config `yaml:"remotewrite"`
		}{defaults}
		err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict())
		seen = file.Remotewrite
		if seen.MaxBody != defaults.MaxBody || seen.Memory != defaults.Memory || seen.PushTimeout != defaults.PushTimeout {
			t.Errorf("%+v are not the defaults %+v", seen, defaults)
		}
		*into.(*Config) = seen
		return err
	}, ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Rules) != 2 || seen.Presets[0] != "node_exporter" || seen.MaxSeries != 1_000_000 {
		t.Errorf("%+v was read", seen)
	}
}

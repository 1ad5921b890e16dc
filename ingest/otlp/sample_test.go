package otlp

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
			OTLP Config `yaml:"otlp"`
		}{defaults}
		err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict())
		seen = file.OTLP
		if seen.MaxBody != defaults.MaxBody || seen.Memory != defaults.Memory || seen.Traces.Wait != defaults.Traces.Wait ||
			seen.Traces.MaxSpans != defaults.Traces.MaxSpans || seen.Lateness != defaults.Lateness {
			t.Errorf("%+v are not the defaults %+v", seen, defaults)
		}
		file.OTLP.GRPC = GRPC{Listen: seen.GRPC.Listen} // its files are not here
		*into.(*Config) = file.OTLP
		return err
	}, ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Traces.Operations) != 1 || seen.Presets[0] != "otel_system" || seen.GRPC.Token == "" {
		t.Errorf("%+v was read", seen)
	}
}

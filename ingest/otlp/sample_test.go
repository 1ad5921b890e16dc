package otlp

import (
	"testing"

	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/ingest"
)

// The sample is valid, and says the defaults where it says them.
func TestSample(t *testing.T) {
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var seen Config
	_, err = Factory.New(func(into any) error {
		defaults := *into.(*Config)
		err := file.Sources[0].Block.Decode(into)
		seen = *into.(*Config)
		if seen.MaxBody != defaults.MaxBody || seen.Memory != defaults.Memory || seen.Traces.Wait != defaults.Traces.Wait ||
			seen.Traces.MaxSpans != defaults.Traces.MaxSpans || seen.Lateness != defaults.Lateness {
			t.Errorf("%+v are not the defaults %+v", seen, defaults)
		}
		into.(*Config).GRPC = GRPC{Listen: seen.GRPC.Listen} // its files are not here
		return err
	}, ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Traces.Operations) != 1 || seen.Presets[0] != "otel_system" || seen.GRPC.Token == "" {
		t.Errorf("%+v was read", seen)
	}
}

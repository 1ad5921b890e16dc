package remotewrite

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
		if seen.MaxBody != defaults.MaxBody || seen.Memory != defaults.Memory || seen.PushTimeout != defaults.PushTimeout {
			t.Errorf("%+v are not the defaults %+v", seen, defaults)
		}
		return err
	}, ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Rules) != 2 || seen.Presets[0] != "node_exporter" || seen.MaxSeries != 1_000_000 {
		t.Errorf("%+v was read", seen)
	}
}

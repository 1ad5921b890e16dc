package prometheus

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/ingest"
)

func TestSample(t *testing.T) {
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Factory.New(file.Sources[0].Block.Decode, ingest.Env{Step: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	cfg, want := got.(*Source).cfg, Defaults()
	for _, s := range [][2]any{
		{cfg.Interval, want.Interval},
		{cfg.Lag, want.Lag},
		{cfg.Backfill, want.Backfill},
		{cfg.Timeout, want.Timeout},
		{cfg.MaxResponse, want.MaxResponse},
		{cfg.Step, want.Interval},
	} {
		if s[0] != s[1] {
			t.Errorf("the sample says %v, the default is %v", s[0], s[1])
		}
	}
	if len(cfg.Rules) != 1 || len(cfg.Queries) != 1 || len(cfg.Presets) != 1 || len(got.(*Source).asks) < 9 {
		t.Errorf("the sample is %+v", cfg)
	}
}

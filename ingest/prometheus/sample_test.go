package prometheus

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/ingest"
)

// Unless a configuration says how far backwards to ask, it is as far as profiles keep.
func TestBackfillIsWhatProfilesKeep(t *testing.T) {
	f := func(stated string, history, want time.Duration) {
		t.Helper()
		c, err := config.Parse("f.yaml", []byte("sources:\n- prometheus: {url: 'http://127.0.0.1:9090', presets: [node_exporter]"+stated+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Factory.New(c.Sources[0].Block.Decode, ingest.Env{Step: time.Minute, History: history})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.(*Source).cfg.Backfill; got != want {
			t.Errorf("%q with a history of %s: it asks %s backwards, not %s", stated, history, got, want)
		}
	}
	f("", 0, 28*24*time.Hour)
	f("", 42*24*time.Hour, 42*24*time.Hour)
	f(", backfill: 3d", 42*24*time.Hour, 3*24*time.Hour)
	f(", backfill: 0s", 42*24*time.Hour, 0)
}

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

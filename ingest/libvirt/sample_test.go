package libvirt

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
	env := ingest.Env{Step: 10 * time.Second}
	got, err := Factory.New(file.Sources[0].Block.Decode, env)
	if err != nil {
		t.Fatal(err)
	}
	if cfg := got.(*Source).cfg; cfg != Defaults(env) {
		t.Errorf("the sample says\n%+v, the defaults are\n%+v", cfg, Defaults(env))
	}
}

func TestFaults(t *testing.T) {
	f := func(change func(*Config)) {
		t.Helper()
		cfg := Defaults(ingest.Env{})
		change(&cfg)
		if _, err := New(cfg, ingest.Env{}); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
	f(func(c *Config) { c.Interval = time.Millisecond })
	f(func(c *Config) { c.Step = 0 })
	f(func(c *Config) { c.Timeout = 0 })
	f(func(c *Config) { c.Include = "(" })
	f(func(c *Config) { c.Socket = "relative" })
}

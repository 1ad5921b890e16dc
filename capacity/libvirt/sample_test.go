package libvirt

import (
	"testing"

	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/config"
)

func TestSample(t *testing.T) {
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Factory.New(file.Capacity[0].Block.Decode, capacity.Env{}); err != nil || file.Capacity[0].Kind != Factory.Name {
		t.Error(err)
	}
}

func TestFaults(t *testing.T) {
	f := func(change func(*Config)) {
		t.Helper()
		cfg := Defaults()
		change(&cfg)
		if _, err := New(cfg, capacity.Env{}); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
	f(func(c *Config) { c.VCPUs = 0 })
	f(func(c *Config) { c.Memory = -1 })
	f(func(c *Config) { c.Storage = 1001 })
	f(func(c *Config) { c.Hold = 0 })
	f(func(c *Config) { c.Targets = nil })
	f(func(c *Config) { c.Socket = "" })
}

package libvirt

import (
	"testing"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/config"
)

func TestSample(t *testing.T) {
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Factory.New(file.Targets[0].Block.Decode, act.Env{}); err != nil || file.Targets[0].Kind != Factory.Name {
		t.Error(err)
	}
}

func TestFaults(t *testing.T) {
	f := func(uri, socket string) {
		t.Helper()
		cfg := Config{}
		cfg.URI, cfg.Socket = uri, socket
		if _, err := New(cfg, act.Env{}); err == nil {
			t.Errorf("%q, %q is taken", uri, socket)
		}
	}
	f("", "/run/libvirt/libvirt-sock")
	f("qemu+ssh://host/system", "/run/libvirt/libvirt-sock")
	f("qemu:///system?socket=/run/x", "/run/libvirt/libvirt-sock")
	f("qemu:///system", "libvirt-sock")
}

package azure

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest/azuretest"
	"github.com/foreshock-io/foreshock/config"
)

// leastRights are those of the role in the README.
func leastRights(t *testing.T) []string {
	t.Helper()
	text := must[[]byte](t)(os.ReadFile("README.md"))
	var role struct{ Actions, NotActions []string }
	if err := json.Unmarshal(regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(text)[1], &role); err != nil {
		t.Fatal(err)
	}
	return role.Actions
}

// The role has what is needed, as far as the stand-in sees it, and nothing else.
func TestLeastRights(t *testing.T) {
	cfg := Defaults()
	cfg.Sizes, cfg.Stop = []string{"Standard_D2s_v5", "Standard_D4s_v5"}, true
	d := pv2(100, 3000, 125)
	d.VM = "prod/db"
	r := newRig(t, cfg, d)
	r.cloud.AddVM("prod/db", azuretest.VM{Size: "Standard_D2s_v5"})
	r.cloud.AddSize("Standard_D2s_v5", azuretest.Size{VCPU: 2, Memory: 8, IOPS: 6400, BytesPerSec: 400e6})
	r.cloud.AddSize("Standard_D4s_v5", azuretest.Size{VCPU: 4, Memory: 16, IOPS: 6400, BytesPerSec: 400e6})
	r.cloud.AddScaleSet("prod/web", azuretest.ScaleSet{Capacity: 2})
	r.change(t, diskName, amounts(4600, -1, -1))
	r.change(t, "vmss/prod/web", count(3))
	r.change(t, "vm/prod/db", power(4, -1))
	if used, role := r.cloud.Used(), leastRights(t); !slices.Equal(used, slices.Sorted(slices.Values(role))) {
		t.Errorf("needed %v, the role has %v", used, role)
	}
}

func TestSettings(t *testing.T) {
	for name, value := range azuretest.Environment("http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := Defaults()
		change(&cfg)
		_, err := New(cfg, act.Env{})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(*Config) {}, "")
	f(func(c *Config) { c.Ceiling = "sky" }, `ceiling is "sky"; there is: vm, none`)
	f(func(c *Config) { c.Kept = -1 }, "kept must not be below 0")
	f(func(c *Config) { c.Stop = true }, "vm_sizes is empty")
	f(func(c *Config) { c.DiskTypes = "/nowhere" }, "disk_types_file")
	f(func(c *Config) { c.Endpoint = "https://management.usgovcloudapi.net/" }, "")
	f(func(c *Config) { c.Endpoint = "http://management.azure.com" }, "endpoint must begin with https")
	f(func(c *Config) { c.Endpoint = "https://user:word@management.azure.com" }, "endpoint must be a URL without a path")
	f(func(c *Config) { c.Subscription = "a/b" }, "subscription is")
	t.Setenv("AZURE_SUBSCRIPTION_ID", "")
	f(func(*Config) {}, "state the subscription's ID")
}

func TestSample(t *testing.T) {
	for name, value := range azuretest.Environment("http://127.0.0.1:1") {
		t.Setenv(name, value)
	}
	file := must[config.Config](t)(config.Load("sample.yaml"))
	if _, err := Factory.New(file.Targets[0].Block.Decode, act.Env{}); err != nil || file.Targets[0].Kind != Factory.Name {
		t.Error(err)
	}
}

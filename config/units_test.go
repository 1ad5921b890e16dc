package config

import (
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
)

// A number has the units of what it counts, and no others.
func TestUnits(t *testing.T) {
	type bounds struct {
		Max  float64 `yaml:"max"`
		Step float64 `yaml:"step" unit:"number"`
	}
	type settings struct {
		Bounds  map[foreshock.Dimension]bounds  `yaml:"bounds"`
		Amounts map[foreshock.Dimension]float64 `yaml:"amounts"`
		Pools   []struct {
			Dimension string  `yaml:"dimension"`
			Total     float64 `yaml:"total"`
		} `yaml:"pools"`
		Ceilings map[string]struct {
			Throughput float64 `yaml:"throughput" unit:"bytes/s"`
		} `yaml:"ceilings"`
		Share float64 `yaml:"share"`
		Body  int64   `yaml:"max_body_bytes"`
		Queue int     `yaml:"queue"`
	}
	f := func(text, want string) {
		t.Helper()
		c, err := Parse("f.yaml", []byte("sources: [{host: {"+text+"}}]"))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := c.Sources[0].Block.Decode(new(settings)); err != nil {
			_, got, _ = strings.Cut(err.Error(), "sources[0].host.")
		}
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
	f("bounds: {iops: {max: 4k, step: 25%}, throughput: {max: 180MiB/s}, size: {max: 1TiB}, vcpu: {max: 8}, memory: {max: 4GB}, replicas: {max: 12}}", "")
	f("bounds: {throughput: {max: 180MiB}, iops: {max: 4k/s}}", "")
	f("bounds: {iops: {max: 10MiB}}", `bounds.iops.max: "10MiB" is not requests per second; write for example 4000, 4k`)
	f("bounds: {iops: {max: 10%}}", `bounds.iops.max: "10%" is not requests per second; write for example 4000, 4k`)
	f("bounds: {iops: {step: 10MiB}}", `bounds.iops.step: "10MiB" is not a number without a unit of bytes; write for example 0.25, 25%, 4000, 4k`)
	f("bounds: {throughput: {max: 25%}}", `bounds.throughput.max: "25%" is not bytes per second; write for example 180MiB/s, 200MB/s`)
	f("bounds: {size: {max: 100GiB/s}}", `bounds.size.max: "100GiB/s" is not bytes; write for example 100GiB, 200GB`)
	f("bounds: {vcpu: {max: 1B}}", `bounds.vcpu.max: "1B" is not processors; write for example 4, 0.5`)
	f("amounts: {memory: 4GiB, replicas: 2%}", `amounts.replicas: "2%" is not a count; write for example 12`)
	f("pools: [{total: 1MiB, dimension: iops}, {dimension: size, total: 1TiB}]", `pools[0].total: "1MiB" is not requests per second; write for example 4000, 4k`)
	f("ceilings: {vm: {throughput: 2%}}", `ceilings.vm.throughput: "2%" is not bytes per second; write for example 180MiB/s, 200MB/s`)
	f("share: 5%, max_body_bytes: 4MiB, queue: 4k", "")
	f("queue: 4KiB", `queue: "4KiB" is not a number without a unit of bytes; write for example 0.25, 25%, 4000, 4k`)
	f("share: 1k/s", `share: "1k/s" is not a number without a unit of bytes; write for example 0.25, 25%, 4000, 4k`)
}

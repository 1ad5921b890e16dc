package ingest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

func TestFieldNames(t *testing.T) {
	seen := map[string]bool{}
	for f := range Field(NumFields) {
		got, err := ParseField(f.String())
		if err != nil || got != f || seen[f.String()] {
			t.Errorf("field %d is called %q, which is read as %d (%v)", f, f, got, err)
		}
		seen[f.String()] = true
	}
	if _, err := ParseField("opps"); err == nil || !strings.Contains(err.Error(), "op_seconds") {
		t.Errorf("an unknown field is answered %v, want the list", err)
	}
}

func TestMatch(t *testing.T) {
	rules, err := CompileRules([]Rule{
		{Metric: "reads", Match: map[string]string{"device": "sd[a-z]", "env": "(prod)?"}, ID: "${host.name}/disk/${device}", Field: "ops", Counter: true},
		{Metric: "reads", Match: map[string]string{"device": "nvme.*"}, ID: "${device}", Field: "ops", Period: 5 * time.Minute, Scale: 2},
		{Metric: "depth", ID: "all", Field: "queue_depth"},
	})
	if err != nil {
		t.Fatal(err)
	}
	f := func(name, device, env, host string, id foreshock.ID, field Field, ok, bad bool) {
		t.Helper()
		m, matched, err := rules.Match(Labels{{NameLabel, name}, {"device", device}, {"env", env}, {"host.name", host}})
		if matched != ok || errors.Is(err, ErrBadID) != bad {
			t.Fatalf("%s %s: matched %v (%v), want %v and bad id %v", name, device, matched, err, ok, bad)
		}
		if ok && !bad && (m.ID != id || m.Field != field) {
			t.Fatalf("%s %s: %s %s, want %s %s", name, device, m.ID, m.Field, id, field)
		}
	}
	f("reads", "sda", "prod", "h", "h/disk/sda", Ops, true, false)
	f("reads", "sda", "", "h", "h/disk/sda", Ops, true, false) // a label that is missing is empty
	f("reads", "sda", "dev", "h", "", 0, false, false)
	f("reads", "xsda", "", "h", "", 0, false, false) // all of the value must match
	f("reads", "nvme0n1", "dev", "", "nvme0n1", Ops, true, false)
	f("reads", "sda", "", "", "", 0, true, true)                       // host.name is missing
	f("reads", "sda", "", strings.Repeat("h", 600), "", 0, true, true) // too long
	f("reads", "sda", "", "a\nb", "", 0, true, true)                   // control character
	f("writes", "sda", "", "h", "", 0, false, false)                   // no rule has this name
	f("depth", "", "", "", "all", Field(foreshock.QueueDepth), true, false)
}

func TestCompileReportsEveryFault(t *testing.T) {
	f := func(rule Rule, want ...string) {
		t.Helper()
		_, err := CompileRules([]Rule{{Metric: "ok", ID: "x", Field: "iops"}, rule})
		if err == nil {
			t.Fatalf("%+v compiles", rule)
		}
		for _, w := range append(want, "rules[1]") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q does not say %q", err, w)
			}
		}
	}
	f(Rule{}, "metric is empty", "id is empty", `no field is called ""`)
	f(Rule{Metric: "m", ID: "${a", Field: "iops"}, "${ needs a label's name and }")
	f(Rule{Metric: "m", ID: "${}", Field: "iops"}, "${ needs a label's name and }")
	f(Rule{Metric: "m", ID: "a", Field: "ops"}, "counter: true")
	f(Rule{Metric: "m", ID: "a", Field: "iops", Counter: true}, "is a gauge")
	f(Rule{Metric: "m", ID: "a", Field: "ops", Counter: true, Period: time.Second}, "exclude")
	f(Rule{Metric: "m", ID: "a", Field: "iops", Scale: -1}, "scale is -1")
	f(Rule{Metric: "m", ID: "a", Field: "iops", Match: map[string]string{"x": "("}}, "match[x]", "RE2")

	if _, err := (Mapping{}).Compile(); err == nil || !strings.Contains(err.Error(), "node_exporter") {
		t.Errorf("an empty mapping is answered %v, want the presets' names", err)
	}
	if _, err := (Mapping{Presets: []string{"x"}, Prefix: "${"}).Compile(); err == nil ||
		!strings.Contains(err.Error(), "presets[0]") || !strings.Contains(err.Error(), "id_prefix") {
		t.Errorf("two faults are answered %v", err)
	}
}

func TestPresets(t *testing.T) {
	for _, name := range PresetNames() {
		rules, err := (Mapping{Presets: []string{name}, Prefix: "${instance}/"}).Compile()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		list, _ := Preset(name)
		if len(list) == 0 || len(rules.made) != len(list) {
			t.Errorf("%s has %d rules, of which %d compile", name, len(list), len(rules.made))
		}
	}
	f := func(preset, name string, labels Labels, id foreshock.ID, field Field) {
		t.Helper()
		rules, err := (Mapping{Presets: []string{preset}, Prefix: "${instance}/"}).Compile()
		if err != nil {
			t.Fatal(err)
		}
		m, ok, err := rules.Match(append(labels, Label{NameLabel, name}, Label{"instance", "i"}))
		if ok != (id != "") || err != nil || ok && (m.ID != "i/"+id || m.Field != field) {
			t.Errorf("%s: %s gives %+v %v %v, want %s %s", preset, name, m, ok, err, id, field)
		}
	}
	f("node_exporter", "node_disk_written_bytes_total", Labels{{"device", "vda"}}, "disk/vda", Bytes)
	f("ebs_csi", "aws_ebs_csi_volume_queue_length", Labels{{"volume_id", "vol-1"}}, "ebs/vol-1", QueueDepth)
	f("cloudwatch_ebs_5m", "aws_ebs_volume_read_ops_sum", Labels{{"dimension_VolumeId", "vol-1"}}, "ebs/vol-1", Ops)
	f("cloudwatch_ebs_1m", "aws_ebs_volume_read_ops_sum", Labels{{"volume_id", "vol-1"}}, "ebs/vol-1", Ops)
	f("azure_disk", "azure_composite_disk_read_operations/sec_average", Labels{{"azuremonitor.resource_id", "/subscriptions/s/d"}}, "azure/subscriptions/s/d", Ops)
	f("gcp_disk", "stackdriver_gce_instance_compute_googleapis_com_instance_disk_read_bytes_count",
		Labels{{"instance_name", "vm"}, {"device_name", "d"}}, "gcp/vm/d", Bytes)
	f("libvirt", "libvirt_domain_block_stats_capacity_bytes", Labels{{"domain", "vm"}, {"target_device", "sda"}}, "vm/vm/sda", AllocatedAt+Field(foreshock.DimSize))
	f("otel_system", "system.disk.operation_time", Labels{{"device", "sda"}}, "disk/sda", OpSeconds)
	f("otel_system", "system.disk.operation_time", Labels{{"system.device", "sda"}}, "disk/sda", OpSeconds)
	container := Labels{{"namespace", "n"}, {"pod", "p"}, {"container", "c"}, {"image", "x"}, {"name", "long"}}
	f("cadvisor", "container_fs_reads_total", container, "container/n/p/c", Ops)
	f("cadvisor", "container_fs_reads_total", Labels{{"name", "web"}, {"image", "x"}}, "container/web", Ops)
	f("cadvisor", "container_fs_reads_total", Labels{{"namespace", "n"}, {"pod", "p"}, {"id", "/kubepods/p"}}, "", 0) // the pod's sum
}

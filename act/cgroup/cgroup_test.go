package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
)

func amounts(pairs ...float64) (a foreshock.Allocation) {
	for i := 0; i < len(pairs); i += 2 {
		a.Set(foreshock.Dimension(pairs[i]), pairs[i+1])
	}
	return a
}

const (
	iops       = float64(foreshock.DimIOPS)
	throughput = float64(foreshock.DimThroughput)
)

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// kernel writes into a file as the kernel does into io.max: only the keys that are named change, "max" takes a limit out.
func kernel(file, line string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	named := strings.Fields(line)
	var out []string
	for _, old := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		fields := strings.Fields(old)
		if len(fields) > 0 && fields[0] == named[0] {
			for _, pair := range named[1:] {
				name, _, _ := strings.Cut(pair, "=")
				for i, field := range fields {
					if strings.HasPrefix(field, name+"=") {
						fields[i] = pair
					}
				}
			}
		}
		out = append(out, strings.Join(fields, " "))
	}
	return os.WriteFile(file, []byte(strings.Join(out, "\n")+"\n"), 0o600)
}

// tree is a cgroup v2 tree of files in which group "db" has limits on disks 0:0 and 8:16; the device is any that this machine has.
func tree(t testing.TB, device string) string {
	root := t.TempDir()
	write(t, filepath.Join(root, "cgroup.controllers"), "cpu io memory\n")
	if err := os.MkdirAll(filepath.Join(root, "sys.slice", "db"), 0o750); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "sys.slice", "db", "io.max"),
		"0:0 rbps=1 wbps=2 riops=3 wiops=4\n"+device+" rbps=10485760 wbps=max riops=500 wiops=800\n")
	return root
}

// disk is a block device of this machine.
func disk(t testing.TB) string {
	t.Helper()
	list, _ := filepath.Glob("/sys/block/*/dev")
	for _, file := range list {
		if text, err := os.ReadFile(file); err == nil {
			return strings.TrimSpace(string(text))
		}
	}
	t.Skip("this machine shows no block device in /sys/block; run on Linux with a disk")
	return ""
}

func newTarget(t testing.TB, cfg Config) *target {
	t.Helper()
	if cfg.Direction == "" {
		cfg.Direction = "both"
	}
	made, err := New(cfg, act.Env{Name: "cg"})
	if err != nil {
		t.Fatal(err)
	}
	return made.(*target)
}

func TestParseMax(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		set, err := parseMax(text, "8:16")
		if got := fmt.Sprint(set); got != want || err != nil {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
	f("", "map[]")
	f("8:1 rbps=1 wbps=1 riops=1 wiops=1\n", "map[]")
	f("8:16 rbps=2097152 wbps=max riops=max wiops=120\n", "map[rbps:2097152 wiops:120]")
	f("8:16 rbps=max later=7 wiops=0", "map[wiops:0]")
	f("253:0\n8:16 riops=18446744073709551615\n\n", "map[riops:18446744073709551615]")
	if _, err := parseMax("8:16 riops=-1\n", "8:16"); err == nil {
		t.Error("riops=-1 was read")
	}
}

func FuzzParseMax(f *testing.F) {
	f.Add("8:16 rbps=2097152 wbps=max riops=max wiops=120\n")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := parseMax(text, "8:16")
		if err == nil && len(set) > 4 {
			t.Errorf("%d limits", len(set))
		}
		_, _, _ = parseThrottle(text, "8:16")
	})
}

func TestFaults(t *testing.T) {
	f := func(cfg Config, want string) {
		t.Helper()
		if cfg.Direction == "" {
			cfg.Direction = "both"
		}
		_, err := New(cfg, act.Env{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", cfg, err, want)
		}
	}
	f(Config{Direction: "up"}, `direction "up" is none`)
	f(Config{Device: "vda"}, `the device "vda" is none`)
	f(Config{Device: "path:etc"}, `the device "path:etc" is none`)
	f(Config{Resources: map[string]Place{"x": {Group: "a/../../b", Device: "8:0"}}}, "leads out of the tree")
	f(Config{Resources: map[string]Place{"x": {Group: "a/../b", Device: "8:0"}}}, "leads out of the tree")
	f(Config{Resources: map[string]Place{"x": {Group: "/", Device: "8:0"}}}, "the root group cannot be limited")
	f(Config{Resources: map[string]Place{"x": {Group: "g"}}}, "names no device")
	f(Config{Device: "8:0", Resources: map[string]Place{"x": {Group: "g"}, "y": {Group: "g", Device: "8:0"}}}, "x and y are the same group")
}

func TestRead(t *testing.T) {
	device := disk(t)
	root := tree(t, device)
	f := func(direction, resource, want string) {
		t.Helper()
		r, err := newTarget(t, Config{Root: root, Direction: direction, Device: device}).Read(t.Context(), resource)
		got := r.Allocated.String()
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s of %s: %s, want %s", direction, resource, got, want)
		}
	}
	f("both", "sys.slice/db", "iops=500 throughput=1.048576e+07")
	f("read", "sys.slice/db@"+device, "iops=500 throughput=1.048576e+07")
	f("write", "sys.slice/db", "iops=800")
	f("both", "sys.slice/dc", "there is no group")
	f("both", "sys.slice", "has no io.max; enable the controller")
	f("both", "../etc", "leads out of the tree")
	f("both", "", "the root group cannot be limited")
	f("both", "sys.slice/db@4095:1", "is no block device")
	if r, _ := newTarget(t, Config{Root: root, Direction: "write", Device: device}).Read(t.Context(), "sys.slice/db"); r.Allocated.Has(foreshock.DimThroughput) {
		t.Error("a throughput without a limit is there")
	}
}

// What has no limit cannot be grown, and no limit is moved the other way.
func TestApply(t *testing.T) {
	device := disk(t)
	f := func(direction string, to foreshock.Allocation, want string) {
		t.Helper()
		root := tree(t, device)
		g := newTarget(t, Config{Root: root, Direction: direction, Device: device})
		g.write = kernel
		if err := g.Apply(t.Context(), foreshock.Action{Resource: "sys.slice/db", To: to}); err != nil {
			if !errors.Is(err, act.ErrRefused) || want != "refused" {
				t.Errorf("%s to %s: %v", direction, to, err)
			}
			return
		}
		lines := strings.Split(read(t, filepath.Join(root, "sys.slice", "db", "io.max")), "\n")
		if lines[0] != "0:0 rbps=1 wbps=2 riops=3 wiops=4" || lines[1] != device+" "+want {
			t.Errorf("%s to %s:\n%s\nwant %s", direction, to, strings.Join(lines, "\n"), want)
		}
	}
	f("both", amounts(iops, 600), "rbps=10485760 wbps=max riops=600 wiops=800")
	f("both", amounts(iops, 1000), "rbps=10485760 wbps=max riops=1000 wiops=1000")
	f("both", amounts(iops, 400), "rbps=10485760 wbps=max riops=400 wiops=400")
	f("write", amounts(iops, 400), "rbps=10485760 wbps=max riops=500 wiops=400")
	f("both", amounts(throughput, 20<<20), "rbps=20971520 wbps=max riops=500 wiops=800")
	f("write", amounts(throughput, 20<<20), "refused")
	f("both", amounts(iops, 500), "refused")
	f("both", amounts(float64(foreshock.DimSize), 5), "refused")
}

// The kit on files that are written as the kernel writes io.max.
func TestV2(t *testing.T) {
	device := disk(t)
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		root := tree(t, device)
		g := newTarget(t, Config{Root: root, Device: device})
		calls := 0
		g.write = func(file, line string) error { calls++; return kernel(file, line) }
		return acttest.Subject{
			Target: g, Resource: "sys.slice/db", Missing: "sys.slice/dc", To: amounts(iops, 1000),
			Calls: func() int { return calls },
			Others: func() string {
				lines := strings.Split(read(t, filepath.Join(root, "sys.slice", "db", "io.max")), "\n")
				return lines[0] + strings.Split(lines[1], " riops")[0]
			},
			Fault: func(m acttest.Mood) bool {
				switch m {
				case acttest.InConflict:
					g.write = func(string, string) error { calls++; return errors.New("device or resource busy") }
				case acttest.Denying:
					g.write = func(string, string) error { calls++; return os.ErrPermission }
				default:
					return false
				}
				return true
			},
		}
	})
}

// The kit on the kernel's own blkio of cgroup v1.
func TestV1(t *testing.T) {
	const root = "/sys/fs/cgroup"
	if _, err := os.Stat(root + "/blkio/blkio.throttle.read_iops_device"); err != nil {
		t.Skip("this machine has no blkio of cgroup v1: boot Linux with systemd.unified_cgroup_hierarchy=0")
	}
	if os.Getuid() != 0 {
		t.Skip("limits are root's to write: run as root")
	}
	here, err := wholeDisk(onPath + t.TempDir())
	if err != nil {
		t.Skipf("the temporary folder lies on no disk (%v): set TMPDIR to a folder on one", err)
	}
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		group, err := os.MkdirTemp(root+"/blkio", "foreshock-test-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.Remove(group); err != nil {
				t.Error(err)
			}
		})
		file := func(k key) string { return filepath.Join(group, throttle[k]) }
		for k, x := range map[key]int{"riops": 500, "wiops": 500, "rbps": 10 << 20} {
			if err := writeLine(file(k), fmt.Sprintf("%s %d", here, x)); err != nil {
				t.Fatal(err)
			}
		}
		g := newTarget(t, Config{Root: root, Device: onPath + t.TempDir()})
		calls := 0
		g.write = func(file, line string) error {
			if strings.Contains(file, "read_iops") {
				calls++
			}
			return writeLine(file, line)
		}
		return acttest.Subject{
			Target: g, Resource: filepath.Base(group), Missing: "foreshock-test-none", To: amounts(iops, 4000),
			Calls:  func() int { return calls },
			Others: func() string { return read(t, file("rbps")) + read(t, file("wbps")) },
		}
	})
}

// Whether limits may be changed is known from opening their files, which stay as they are.
func TestMayChange(t *testing.T) {
	device := disk(t)
	root := tree(t, device)
	file := filepath.Join(root, "sys.slice", "db", "io.max")
	before := read(t, file)
	c := newTarget(t, Config{Root: root, Device: device})
	if err := c.MayChange(t.Context(), "sys.slice/db"); err != nil || read(t, file) != before {
		t.Errorf("%v; the file has %q, had %q", err, read(t, file), before)
	}
	write(t, file, "")
	if err := c.MayChange(t.Context(), "sys.slice/db"); err == nil || !strings.Contains(err.Error(), "has no limit on "+device+"; set one first") {
		t.Errorf("without limits: %v", err)
	}
	if err := c.MayChange(t.Context(), "sys.slice/none"); !errors.Is(err, act.ErrNotFound) {
		t.Errorf("without the group: %v", err)
	}
}

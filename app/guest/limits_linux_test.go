package guest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/act/cgroup"
)

// limits are a control group's io.max, and the target that changes it.
type limits struct {
	group, file string
	target      act.Target
}

// newLimits makes a group with limits on the disk of the tests, and others on the other disk.
func newLimits(t testing.TB, direction string) *limits {
	t.Helper()
	l := &limits{group: newGroup(t), target: newTarget(t, direction)}
	l.file = filepath.Join(tree, l.group, "io.max")
	put(t, l.file, number(t, otherDisk)+" wbps=7340032 riops=77")
	put(t, l.file, number(t, diskPath)+" rbps=10485760 riops=500 wiops=800")
	return l
}

func newTarget(t testing.TB, direction string) act.Target {
	t.Helper()
	target, err := cgroup.New(cgroup.Config{Root: tree, Device: diskPath, Direction: direction}, act.Env{Name: "cgroup"})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// on gives the kernel's line about a device; "" where nothing is limited.
func (l *limits) on(t testing.TB, device string) string {
	t.Helper()
	for line := range strings.Lines(get(t, l.file)) {
		if limits, is := strings.CutPrefix(strings.TrimSpace(line), number(t, device)+" "); is {
			return limits
		}
	}
	return ""
}

func amount(d foreshock.Dimension, x float64) (a foreshock.Allocation) {
	a.Set(d, x)
	return a
}

// TestInsideLimits raises and lowers limits, and looks at what the kernel made of it.
func TestInsideLimits(t *testing.T) {
	inside(t)
	f := func(direction string, to foreshock.Allocation, want string) {
		t.Helper()
		l := newLimits(t, direction)
		action := foreshock.Action{Resource: l.group, To: to}
		if err := l.target.Apply(t.Context(), action); err != nil {
			t.Errorf("%s to %s: %v", direction, to, err)
		}
		if got := l.on(t, diskPath); got != want {
			t.Errorf("%s to %s: io.max has %s, want %s", direction, to, got, want)
		}
		if got := l.on(t, otherDisk); got != "rbps=max wbps=7340032 riops=77 wiops=max" {
			t.Errorf("%s to %s: the other disk has %s", direction, to, got)
		}
		if p, err := l.target.Follow(t.Context(), action); err != nil || !p.Done {
			t.Errorf("%s to %s: read back as %+v, %v", direction, to, p, err)
		}
	}
	const iops, throughput = foreshock.DimIOPS, foreshock.DimThroughput
	f("both", amount(iops, 1000), "rbps=10485760 wbps=max riops=1000 wiops=1000")
	f("both", amount(iops, 600), "rbps=10485760 wbps=max riops=600 wiops=800")
	f("both", amount(iops, 400), "rbps=10485760 wbps=max riops=400 wiops=400")
	f("both", amount(iops, 2), "rbps=10485760 wbps=max riops=2 wiops=2")
	f("read", amount(iops, 4000), "rbps=10485760 wbps=max riops=4000 wiops=800")
	f("write", amount(iops, 100), "rbps=10485760 wbps=max riops=500 wiops=100")
	f("both", amount(throughput, 20<<20), "rbps=20971520 wbps=max riops=500 wiops=800")
	f("read", amount(throughput, 2), "rbps=2 wbps=max riops=500 wiops=800")
}

// TestInsideRules sets what the target calls the least and the most: the kernel takes it, and keeps it as a limit.
func TestInsideRules(t *testing.T) {
	inside(t)
	l := newLimits(t, "both")
	now, err := l.target.Read(t.Context(), l.group)
	if err != nil {
		t.Fatal(err)
	}
	for d, rule := range now.Rules {
		for _, x := range []float64{rule.Max, rule.Min} {
			action := foreshock.Action{Resource: l.group, To: amount(d, x)}
			if err := l.target.Apply(t.Context(), action); err != nil {
				t.Errorf("%s to %g: %v", d, x, err)
			}
			if p, err := l.target.Follow(t.Context(), action); err != nil || !p.Done {
				t.Errorf("%s to %g: %+v, %v; io.max has %s", d, x, p, err, l.on(t, diskPath))
			}
		}
	}
	for _, line := range []string{"riops=1", "rbps=1"} {
		if err := os.WriteFile(l.file, []byte(number(t, diskPath)+" "+line), 0); err == nil {
			t.Errorf("the kernel takes %s; the rules could begin lower", line)
		}
	}
}

// TestInsideTargetKit is the kit for targets on the kernel's own io.max.
func TestInsideTargetKit(t *testing.T) {
	inside(t)
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		l := newLimits(t, "both")
		return acttest.Subject{
			Target: l.target, Resource: l.group, Missing: "none.slice", To: amount(foreshock.DimIOPS, 1000), Calls: countWrites(t, l.file),
			Others: func() string {
				bytes, _, _ := strings.Cut(l.on(t, diskPath), " riops")
				return bytes + " " + l.on(t, otherDisk)
			},
		}
	})
}

// countWrites lets the kernel count the writes to a file from now on. Those that come in a row are told apart by the
// opening before each.
func countWrites(t testing.TB, file string) func() int {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if _, err := syscall.InotifyAddWatch(fd, file, syscall.IN_MODIFY|syscall.IN_OPEN); err != nil {
		t.Fatal(err)
	}
	writes := 0
	return func() int {
		t.Helper()
		events := make([]byte, 64<<10)
		for {
			n, err := syscall.Read(fd, events)
			if errors.Is(err, syscall.EAGAIN) {
				return writes
			}
			if err != nil {
				t.Fatal(err)
			}
			for at := 0; at < n; at += syscall.SizeofInotifyEvent { // events of a file have no name behind them
				if e := (*syscall.InotifyEvent)(unsafe.Pointer(&events[at])); e.Mask&syscall.IN_MODIFY != 0 {
					writes++
				}
			}
		}
	}
}

// TestInsideRefused is about devices that the kernel does not limit.
func TestInsideRefused(t *testing.T) {
	inside(t)
	l := newLimits(t, "both")
	kernel := func(line string) error { return os.WriteFile(l.file, []byte(line), 0) }

	// There is no such device.
	const none = "4095:1"
	err := kernel(none + " riops=5")
	if !errors.Is(err, syscall.ENODEV) {
		t.Errorf("the kernel says of %s: %v", none, err)
	}
	if _, told := l.target.Read(t.Context(), l.group+"@"+none); told == nil || !strings.Contains(told.Error(), "is no block device of this machine") {
		t.Errorf("the target says of %s: %v", none, told)
	}

	// A partition is none by itself; the target means the disk that it is on.
	if err := kernel(number(t, partition) + " riops=5"); err == nil {
		t.Error("the kernel limits a partition")
	} else {
		t.Logf("the kernel says of a partition: %v", err)
	}
	for _, device := range []string{partition, number(t, partition), "path:/part/lost+found"} {
		now, err := l.target.Read(t.Context(), l.group+"@"+device)
		if x, _ := now.Allocated.Get(foreshock.DimIOPS); err != nil || x != 77 {
			t.Errorf("%s has %s, %v", device, now.Allocated, err)
		}
		if err := l.target.Apply(t.Context(), foreshock.Action{Resource: l.group + "@" + device, To: amount(foreshock.DimIOPS, 88)}); err != nil {
			t.Errorf("%s: %v", device, err)
		}
		if got := l.on(t, otherDisk); got != "rbps=max wbps=7340032 riops=88 wiops=max" {
			t.Errorf("%s: io.max has %s", device, got)
		}
		put(t, l.file, number(t, otherDisk)+" riops=77")
	}

	// A device that goes takes its limits with it.
	const lastLoop = 7
	loop := fmt.Sprintf("/dev/loop%d", lastLoop)
	put(t, l.file, number(t, loop)+" riops=10")
	action := foreshock.Action{Resource: l.group + "@" + number(t, loop), To: amount(foreshock.DimIOPS, 20)}
	if err := l.target.Apply(t.Context(), action); err != nil || l.on(t, loop) != "rbps=max wbps=max riops=20 wiops=max" {
		t.Errorf("%s: %v; io.max has %s", loop, err, get(t, l.file))
	}
	controlLoop(t, removeLoop, lastLoop)
	t.Cleanup(func() { controlLoop(t, addLoop, lastLoop) })
	if err := l.target.Apply(t.Context(), action); !errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), "is no block device of this machine") {
		t.Errorf("%s has gone, and the target says: %v", loop, err)
	}

	// What is no limit the kernel refuses whole: nothing of the line is in effect.
	before := get(t, l.file)
	for _, line := range []string{" riops=0", " riops=600 wiops=x", " riops=-1", " iops=600"} {
		if err := kernel(number(t, diskPath) + line); err == nil || get(t, l.file) != before {
			t.Errorf("the kernel says of%s: %v; io.max has %s", line, err, get(t, l.file))
		}
	}
}

// What /dev/loop-control is asked, as in linux/loop.h.
const (
	addLoop    = 0x4c80
	removeLoop = 0x4c81
)

func controlLoop(t testing.TB, request, minor uintptr) {
	t.Helper()
	f, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, _, fault := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, minor); fault != 0 {
		t.Fatalf("loop control %#x of %d: %v", request, minor, fault)
	}
}

var command = regexp.MustCompile(`enable the controller: (echo \+io > \S+)`)

// TestInsideWithoutController does what the error says, and then it works.
func TestInsideWithoutController(t *testing.T) {
	inside(t)
	slice, err := os.MkdirTemp(tree, "test-*.slice")
	if err != nil {
		t.Fatal(err)
	}
	group := filepath.Join(slice, "db")
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = syscall.Rmdir(group), syscall.Rmdir(slice) })
	name, target := filepath.Base(slice)+"/db", newTarget(t, "both")

	_, err = target.Read(t.Context(), name)
	if !errors.Is(err, act.ErrNotFound) {
		t.Fatalf("without a controller: %v", err)
	}
	t.Log(err)
	remedy := command.FindStringSubmatch(err.Error())
	if remedy == nil {
		t.Fatalf("no command in: %v", err)
	}
	if out, err := exec.Command("sh", "-c", remedy[1]).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", remedy[1], err, out)
	}

	now, err := target.Read(t.Context(), name)
	if err != nil || !now.Allocated.Empty() {
		t.Errorf("with it, and without a limit: %s, %v", now.Allocated, err)
	}
	if err := target.Apply(t.Context(), foreshock.Action{Resource: name, To: amount(foreshock.DimIOPS, 100)}); !errors.Is(err, act.ErrRefused) || get(t, filepath.Join(group, "io.max")) != "" {
		t.Errorf("a limit was brought in where there was none: %v", err)
	}
	put(t, filepath.Join(group, "io.max"), number(t, diskPath)+" riops=100")
	if err := target.Apply(t.Context(), foreshock.Action{Resource: name, To: amount(foreshock.DimIOPS, 200)}); err != nil {
		t.Error(err)
	}
	now, err = target.Read(t.Context(), name)
	if x, _ := now.Allocated.Get(foreshock.DimIOPS); err != nil || x != 200 {
		t.Errorf("with a limit that was raised: %s, %v", now.Allocated, err)
	}
}

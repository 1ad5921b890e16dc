package e2e_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// throttledDisk is a loop device over a file, and a control group that limits the reads on the disk under the file. A limited
// request waits before the disk sees it, so it is the loop device whose latency and queue show the limit.
type throttledDisk struct {
	path  string // of the loop device
	name  string // as in /proc/diskstats
	group string // the control group's name below the hierarchy
	under string // major:minor of the disk under the file
}

const blkio = "/sys/fs/cgroup/blkio"

// newThrottledDisk makes a disk of a size in bytes that may do so many reads a second, and takes it away after the test.
func newThrottledDisk(t testing.TB, size int64, iops int) *throttledDisk {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a loop device and a control group of its own take root; run the test as root")
	}
	if _, err := os.Stat(blkio + "/blkio.throttle.read_iops_device"); err != nil {
		t.Skipf("no blkio controller of cgroup v1 to limit a disk with: %v; run it where %s is mounted, with CONFIG_BLK_DEV_THROTTLING", err, blkio)
	}
	installed(t, "fio", "fio")
	installed(t, "losetup", "mount")
	d := newLoopDisk(t, size)
	d.group = fmt.Sprintf("foreshock-e2e-%d", rand.Uint32())
	folder := filepath.Join(blkio, d.group)
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Skipf("no control group can be made: %v; run the test where %s is writable", err, blkio)
	}
	undo(t, "rmdir "+folder, func() error { return syscall.Rmdir(folder) })
	d.limit(t, iops)
	return d
}

// newLoopDisk makes a loop device past the page cache, and takes it away after the test. It lies on a RAM disk, if the kernel makes
// one: then nobody else's requests are in the way. Else it lies on a file.
func newLoopDisk(t testing.TB, size int64) *throttledDisk {
	t.Helper()
	backing, made := ramDisk(t, size)
	if !made {
		backing = filepath.Join(t.TempDir(), "disk.img")
	}
	fill(t, backing, size)
	d := &throttledDisk{under: diskUnder(t, backing)}
	out, err := exec.Command("losetup", "--find", "--show", "--direct-io=on", backing).Output()
	if err != nil {
		t.Skipf("losetup --direct-io=on: %v; it takes root and a kernel with loop devices", err)
	}
	d.path = strings.TrimSpace(string(out))
	d.name = filepath.Base(d.path)
	undo(t, "losetup --detach "+d.path, func() error { return exec.Command("losetup", "--detach", d.path).Run() })
	return d
}

const zram = "/sys/class/zram-control/"

// ramDisk makes a RAM disk and takes it away after the test; ok is false where the kernel makes none.
func ramDisk(t testing.TB, size int64) (path string, ok bool) {
	t.Helper()
	number, err := os.ReadFile(zram + "hot_add") // reading it makes a device
	if err != nil {
		return "", false
	}
	name := "zram" + strings.TrimSpace(string(number))
	undo(t, "remove "+name, func() error { return os.WriteFile(zram+"hot_remove", number, 0o200) })
	if err := os.WriteFile("/sys/block/"+name+"/disksize", fmt.Append(nil, size), 0o200); err != nil {
		return "", false
	}
	path = "/dev/" + name
	_, err = os.Stat(path)
	return path, err == nil
}

// fill writes a file or device full; reads of what was never written would not reach the disk.
func fill(t testing.TB, file string, size int64) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(rand.Uint32())
	}
	for written := int64(0); written < size; written += int64(len(block)) {
		if _, err := f.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// diskUnder gives major:minor of the whole disk that holds a file, or that is the device.
func diskUnder(t testing.TB, file string) string {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(file, &st); err != nil {
		t.Fatal(err)
	}
	dev := st.Dev
	if st.Mode&syscall.S_IFMT == syscall.S_IFBLK {
		dev = st.Rdev
	}
	number := fmt.Sprintf("%d:%d", dev>>8&0xfff, dev&0xff|dev>>12&0xfff00)
	folder := "/sys/dev/block/" + number
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("%s is not on a disk of its own but on device %s; set TMPDIR to a folder on a real disk", file, number)
	}
	if _, err := os.Stat(folder + "/partition"); err == nil {
		whole, err := os.ReadFile(folder + "/../dev")
		if err != nil {
			t.Fatal(err)
		}
		number = strings.TrimSpace(string(whole))
	}
	return number
}

// limit sets how many reads a second the group may do.
func (d *throttledDisk) limit(t testing.TB, iops int) {
	t.Helper()
	file := filepath.Join(blkio, d.group, "blkio.throttle.read_iops_device")
	if err := os.WriteFile(file, fmt.Appendf(nil, "%s %d", d.under, iops), 0o644); err != nil {
		t.Skipf("the disk %s cannot be limited: %v", d.under, err)
	}
}

// limited reads how many reads a second the group may do; 0 means that there is no limit.
func (d *throttledDisk) limited(t testing.TB) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(blkio, d.group, "blkio.throttle.read_iops_device"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		if device, limit, ok := strings.Cut(line, " "); ok && device == d.under {
			n, err := strconv.Atoi(strings.TrimSpace(limit))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

// load reads blocks of 4 KiB at random, so many a second, with at most depth on their way. It is in the disk's control group, if there
// is one, and ends with the test.
func (d *throttledDisk) load(t testing.TB, iops, depth int) *process {
	t.Helper()
	args := []string{
		"--name=load", "--thread", "--filename=" + d.path, "--rw=randread", "--bs=4k", "--direct=1", "--ioengine=libaio",
		"--iodepth=" + strconv.Itoa(depth), "--rate_iops=" + strconv.Itoa(iops), "--time_based", "--runtime=600", "--norandommap", "--randrepeat=0",
	}
	join := "exec fio \"$@\""
	if d.group != "" {
		join = "echo $$ > " + filepath.Join(blkio, d.group, "cgroup.procs") + " && " + join
	}
	cmd := exec.Command("sh", append([]string{"-c", join, "fio"}, args...)...)
	cmd.Dir = t.TempDir()
	return spawn(t, cmd)
}

// printer writes lines of a table to the test's output.
func printer(w io.Writer) func(format string, args ...any) {
	return func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
}

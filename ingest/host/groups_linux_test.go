package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// A real control group with a real limit, in which a real process writes.
func TestThisMachinesCgroups(t *testing.T) {
	const root = "/sys/fs/cgroup"
	h, ok := findHierarchy(root)
	if !ok || os.Geteuid() != 0 {
		t.Skip("needs root, and control groups with I/O counters: mount cgroup2 or the blkio controller at " + root)
	}
	name := fmt.Sprintf("foreshock-test-%d", os.Getpid())
	dir := filepath.Join(h.root, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("cannot make a control group: %v", err)
	}
	t.Cleanup(func() { os.Remove(dir) })
	g := h.group(name)
	if _, err := os.Stat(g.counters[0]); err != nil {
		t.Skip("the I/O controller is off here: echo +io > " + root + "/cgroup.subtree_control")
	}
	file := filepath.Join(t.TempDir(), "written")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	number, ok := diskOf(t, file)
	if !ok {
		t.Skip("temporary files are on no block device here: set TMPDIR to a folder on a disk")
	}
	limitWrites(t, h, dir, number)

	source, err := New(Defaults(ingest.Env{}), ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t}
	if m.reader, err = source.newReader(&m.sink); err != nil {
		t.Fatal(err)
	}
	m.step()
	write := exec.Command("sh", "-c", "echo $$ >"+dir+"/cgroup.procs && exec dd if=/dev/zero of="+file+" bs=64k count=32 oflag=direct")
	if output, err := write.CombinedOutput(); err != nil {
		t.Skipf("cannot write past the page cache here: %v: %s", err, output)
	}
	m.step()
	id := foreshock.ID("cgroup/" + name)
	if ops, moved := m.sink.sum(id, ingest.Ops), m.sink.sum(id, ingest.Bytes); ops < 32 || moved < 32*64<<10 {
		t.Errorf("32 writes of 64 KiB in %s: %v requests, %v bytes", id, ops, moved)
	}
	if got := m.sink.sum(id, ingest.AllocatedAt+ingest.Field(foreshock.DimIOPS)); got != 90000 {
		t.Errorf("%v IOPS are allocated, want 90000", got)
	}
}

func limitWrites(t *testing.T, h hierarchy, dir, number string) {
	t.Helper()
	file, text := "io.max", number+" wiops=90000"
	if h.version == 1 {
		file, text = "blkio.throttle.write_iops_device", number+" 90000"
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0); err != nil {
		t.Skipf("cannot limit a control group: %v", err)
	}
}

// diskOf gives the number of the block device that a file lies on.
func diskOf(t *testing.T, file string) (string, bool) {
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	n := info.Sys().(*syscall.Stat_t).Dev
	number := fmt.Sprintf("%d:%d", n>>8&0xfff|n>>32&0xfffff000, n&0xff|n>>12&0xffffff00)
	_, err = os.Stat("/sys/dev/block/" + number)
	return number, err == nil
}

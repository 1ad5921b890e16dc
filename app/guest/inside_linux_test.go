package guest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mark is the word on the kernel's command line by which the tests for the guest know that they are there.
const mark = "foreshock.guest"

const (
	tree     = "/sys/fs/cgroup"
	diskPath = "/dev/vdb" // the disk that may be limited; nothing else uses it

	otherDisk = "/dev/vdc"
	partition = "/dev/vdc1" // mounted on /part
)

// inside skips a test that is for the guest only.
func inside(t *testing.T) {
	t.Helper()
	line, _ := os.ReadFile("/proc/cmdline")
	if !slices.Contains(strings.Fields(string(line)), mark) {
		t.Skip("it runs in the guest that TestGuest boots")
	}
}

// newGroup makes a control group with the io controller, below one of its own, and takes both away after the test.
func newGroup(t testing.TB) string {
	t.Helper()
	slice, err := os.MkdirTemp(tree, "test-*.slice")
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(slice, "cgroup.subtree_control"), "+io")
	group := filepath.Join(slice, "db")
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, folder := range []string{group, slice} {
			waitFor(t, "the control group can be removed", func() bool { return syscall.Rmdir(folder) == nil })
		}
	})
	name, err := filepath.Rel(tree, group)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// put writes a line as the kernel's files want it: in one piece.
func put(t testing.TB, file, line string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(line), 0); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// number gives major:minor of a block device.
func number(t testing.TB, device string) string {
	t.Helper()
	return get(t, filepath.Join("/sys/class/block", filepath.Base(device), "dev"))
}

// fio is a load in a control group that reads blocks of 4 KiB past the page cache.
func fio(group, device string, args ...string) *exec.Cmd {
	args = slices.Concat([]string{
		"--name=load", "--thread", "--filename=" + device, "--rw=randread", "--bs=4k", "--direct=1", "--norandommap", "--randrepeat=0", "--output-format=json",
	}, args)
	join := "echo $$ > " + filepath.Join(tree, group, "cgroup.procs") + ` && exec fio "$@"`
	return exec.Command("sh", append([]string{"-c", join, "fio"}, args...)...)
}

// read lets fio make so many reads, one after the other, and gives the seconds that it took.
func read(t testing.TB, group, device string, reads int) float64 {
	t.Helper()
	out, err := fio(group, device, "--ioengine=psync", fmt.Sprintf("--number_ios=%d", reads)).CombinedOutput()
	if err != nil {
		t.Fatalf("fio: %v: %s", err, out)
	}
	var report struct {
		Jobs []struct {
			Read struct {
				Done    int     `json:"total_ios"`
				Runtime float64 `json:"runtime"` // milliseconds
			} `json:"read"`
		} `json:"jobs"`
	}
	if err := json.Unmarshal(out, &report); err != nil || len(report.Jobs) != 1 || report.Jobs[0].Read.Done != reads {
		t.Fatalf("fio did not report %d reads: %v: %s", reads, err, out)
	}
	return report.Jobs[0].Read.Runtime / 1000
}

// waitFor polls until ok says true; the limit is far more than it takes.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within two minutes: %s", what)
		}
	}
}

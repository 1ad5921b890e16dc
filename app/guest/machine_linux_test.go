package guest_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

//go:embed testdata/init
var firstProcess []byte

// modules are loaded in this order, which is that of what they need; those that a kernel has built in are left out.
var modules = []string{"virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk", "loop"}

// tools are what the tests start there, besides those of busybox.
var tools = []string{"fio", "losetup", "setpriv"}

const (
	diskSize  = 64 << 20
	bootLimit = 8 * time.Minute // far more than it takes on a machine that has other things to do
)

// machine is a guest in the making: what its first file system will hold.
type machine struct {
	root     string // of that file system
	kernel   string
	programs bytes.Buffer // lines of /programs
}

// newMachine gathers the kernel, its modules and the tools that the tests start, or skips the test.
func newMachine(t *testing.T) *machine {
	t.Helper()
	for _, need := range []string{
		"qemu-system-x86_64 qemu-system-x86", "busybox busybox-static", "cpio cpio", "fio fio", "losetup mount", "setpriv util-linux", "go golang",
	} {
		program, debian, _ := strings.Cut(need, " ")
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed; apt-get install --no-install-recommends %s, or scripts/deps.sh guest for all that is needed", program, debian)
		}
	}
	tree := kernelTree(t)
	m := &machine{root: filepath.Join(t.TempDir(), "root"), kernel: only(t, tree, "boot/vmlinuz-*")}
	for _, folder := range []string{"bin", "dev", "proc", "sys", "disk", "part", "tmp", "source"} {
		if err := os.MkdirAll(filepath.Join(m.root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.write(t, "init", firstProcess)
	m.write(t, "modules", m.copyModules(t, only(t, tree, "lib/modules/*")))
	m.installBusybox(t)
	for _, program := range tools {
		m.install(t, program)
	}
	return m
}

// kernelTree finds the kernel that was unpacked last.
func kernelTree(t *testing.T) string {
	t.Helper()
	const remedy = "scripts/deps.sh guest gets it: apt-get download of what linux-image-cloud-amd64 depends on, dpkg -x into a folder of its version there"
	if runtime.GOARCH != "amd64" {
		t.Skipf("the guest is an amd64 machine, and its programs are built as those of this one, which is %s; run it on amd64", runtime.GOARCH)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("no folder with a kernel for the guest: %v; set HOME, and run scripts/deps.sh guest", err)
	}
	cache = filepath.Join(cache, "foreshock", "guest")
	found, _ := filepath.Glob(filepath.Join(cache, "[0-9]*"))
	if len(found) == 0 {
		t.Skipf("no kernel for the guest in %s; %s", cache, remedy)
	}
	return slices.MaxFunc(found, func(a, b string) int { return changed(t, a).Compare(changed(t, b)) })
}

func changed(t *testing.T, file string) time.Time {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}

// only gives the one file of a pattern.
func only(t *testing.T, folder, pattern string) string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(folder, pattern))
	if len(found) != 1 {
		t.Fatalf("%s has %d files %s, not one; remove the folder and run scripts/deps.sh guest", folder, len(found), pattern)
	}
	return found[0]
}

func (m *machine) write(t *testing.T, name string, content []byte) {
	t.Helper()
	file := filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o755); err != nil {
		t.Fatal(err)
	}
}

// copyFile copies what a name of this machine stands for, to a name in the guest.
func (m *machine) copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	m.write(t, to, content)
}

// copyModules copies the modules that there are as files, and lists them.
func (m *machine) copyModules(t *testing.T, tree string) []byte {
	t.Helper()
	files := map[string]string{}
	if err := filepath.WalkDir(tree, func(file string, _ fs.DirEntry, err error) error {
		if name, is := strings.CutSuffix(filepath.Base(file), ".ko"); is {
			files[name] = file
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var list []byte
	for _, name := range modules {
		if files[name] != "" {
			m.copyFile(t, files[name], "lib/"+name+".ko")
			list = fmt.Appendf(list, "/lib/%s.ko\n", name)
		}
	}
	return list
}

// installBusybox puts the shell and the common tools in.
func (m *machine) installBusybox(t *testing.T) {
	t.Helper()
	file, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	m.copyFile(t, file, "bin/busybox")
	tools, err := exec.Command(file, "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range strings.Fields(string(tools)) {
		if tool == "busybox" {
			continue
		}
		if err := os.Symlink("busybox", filepath.Join(m.root, "bin", tool)); err != nil {
			t.Fatal(err)
		}
	}
}

var library = regexp.MustCompile(`(/\S+) \(0x`)

// install puts a program in, with the libraries that it needs, in place of busybox's if it has one of that name.
func (m *machine) install(t *testing.T, program string) {
	t.Helper()
	file, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(m.root, "bin", program)); err != nil {
		t.Fatal(err)
	}
	m.copyFile(t, file, "bin/"+program)
	libraries, err := exec.Command("ldd", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ldd %s: %v: %s", file, err, libraries)
	}
	for _, l := range library.FindAllStringSubmatch(string(libraries), -1) {
		m.copyFile(t, l[1], l[1])
	}
}

// add builds a test binary and lets the guest run it, in a folder that has its package's data.
func (m *machine) add(t *testing.T, p program) {
	t.Helper()
	here, there, tests := filepath.Join("../..", p.folder), filepath.Join("source", p.folder), "/tests/"+strings.ReplaceAll(p.folder, "/", "-")
	compile(t, m.root+tests, "test", "-c", "./"+here)
	if err := os.MkdirAll(filepath.Join(m.root, there), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"testdata", "README.md", "sample.yaml"} {
		from := filepath.Join(here, data)
		if info, err := os.Stat(from); err != nil {
			continue
		} else if !info.IsDir() {
			m.copyFile(t, from, filepath.Join(there, data))
		} else if err := os.CopyFS(filepath.Join(m.root, there, data), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	line := p.folder + " " + tests + " -test.v -test.timeout=4m -test.parallel=2"
	if p.run != "" {
		line += " -test.run=" + p.run
	}
	m.programs.WriteString(line + "\n")
}

// compile builds a program that needs no library.
func compile(t *testing.T, output string, args ...string) {
	t.Helper()
	at := len(args) - 1
	args = slices.Concat(args[:at], []string{"-trimpath", "-ldflags=-s -w", "-o", output}, args[at:])
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// boot runs the guest to its end and gives what it said on its console.
func (m *machine) boot(t *testing.T) string {
	t.Helper()
	compile(t, filepath.Join(m.root, "bin", "foreshock"), "build", "../../cmd/foreshock")
	m.write(t, "programs", m.programs.Bytes())
	folder := t.TempDir()
	initrd := filepath.Join(folder, "initrd")
	m.pack(t, initrd)
	args := []string{
		"-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024", "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-kernel", m.kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1 " + mark,
	}
	// vda has a file system, vdb is for the tests, vdc has a partition with a file system.
	for i, content := range [][]byte{nil, nil, partitioned()} {
		disk := filepath.Join(folder, "disk"+strconv.Itoa(i))
		makeDisk(t, disk, content)
		args = append(args, "-drive", "if=virtio,format=raw,cache=unsafe,file="+disk)
	}

	ctx, cancel := context.WithTimeout(t.Context(), bootLimit)
	defer cancel()
	qemu := exec.CommandContext(ctx, "qemu-system-x86_64", args...)
	var console bytes.Buffer
	qemu.Stdout, qemu.Stderr = &console, &console
	// The guest goes with the test, however that ends. The signal comes with the end of the thread that started it.
	qemu.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := time.Now()
	if err := qemu.Run(); err != nil {
		t.Errorf("qemu: %v after %.0f s", err, time.Since(began).Seconds())
	}
	t.Logf("the guest ran for %.0f s", time.Since(began).Seconds())
	return strings.ReplaceAll(console.String(), "\r", "")
}

// pack makes the first file system.
func (m *machine) pack(t *testing.T, file string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", `find . | cpio --quiet -o -H newc >"$0"`, file)
	cmd.Dir = m.root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pack the guest's files: %v: %s", err, out)
	}
}

func makeDisk(t *testing.T, file string, begin []byte) {
	t.Helper()
	if err := os.WriteFile(file, begin, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, diskSize); err != nil {
		t.Fatal(err)
	}
}

// partitioned is the first sector of a disk with one partition of Linux that begins at 1 MiB.
func partitioned() []byte {
	const entry, start = 446, 2048
	sector := make([]byte, 512)
	sector[entry+4] = 0x83
	binary.LittleEndian.PutUint32(sector[entry+8:], start)
	binary.LittleEndian.PutUint32(sector[entry+12:], diskSize/512-start)
	sector[510], sector[511] = 0x55, 0xaa
	return sector
}

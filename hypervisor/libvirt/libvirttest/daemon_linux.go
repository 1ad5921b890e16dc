package libvirttest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
)

// nobody is who the daemon runs as where the tests are run by root: root's daemon would be the machine's.
const nobody = 65534

// Daemon is a libvirt daemon in session mode, with QEMU's driver.
type Daemon struct {
	Config libvirt.Config // to speak to it
	dir    string
}

// Start starts a daemon, and stops it and its domains after the test. Without the programs that it takes the test is skipped.
func Start(t testing.TB) *Daemon {
	t.Helper()
	for _, program := range []string{"libvirtd", "qemu-system-x86_64"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing; ./scripts/deps.sh installs it on Debian", program)
		}
	}
	dir, err := os.MkdirTemp("", "virt") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	d := &Daemon{dir: dir}
	d.Config = libvirt.Config{URI: string(rpc.QEMUSession), Socket: filepath.Join(dir, "run/libvirt/libvirt-sock")}
	d.write(t, "config/libvirt/libvirtd.conf", "auth_unix_rw = \"none\"\nauth_unix_ro = \"none\"\n")
	d.write(t, "config/libvirt/qemu.conf", "stdio_handler = \"file\"\n")
	cmd := exec.CommandContext(context.Background(), "libvirtd", "--timeout", "60") // seconds without anybody, should the tests be killed
	cmd.Env = append(os.Environ(), "HOME="+dir)
	for name, folder := range map[string]string{"CONFIG_HOME": "config", "RUNTIME_DIR": "run", "CACHE_HOME": "cache", "DATA_HOME": "data"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, "XDG_"+name+"="+filepath.Join(dir, folder))
	}
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		d.own(t)
	}
	said := &strings.Builder{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.stopDomains(t)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("libvirtd: %s", said)
		}
	})
	d.await(t)
	return d
}

func (d *Daemon) write(t testing.TB, name, text string) {
	t.Helper()
	file := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// own gives all files to the user that the daemon runs as.
func (d *Daemon) own(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	err := filepath.WalkDir(d.dir, func(name string, _ os.DirEntry, err error) error {
		if err == nil {
			err = os.Lchown(name, nobody, nobody)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (d *Daemon) await(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := d.Config.With(context.Background(), func(*rpc.Libvirt) error { return nil })
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// Do makes calls of the tests themselves.
func (d *Daemon) Do(t testing.TB, f func(*rpc.Libvirt) error) {
	t.Helper()
	if err := d.Config.With(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

// stopDomains ends the domains' processes: they would outlive the daemon.
func (d *Daemon) stopDomains(t testing.TB) {
	files, _ := filepath.Glob(filepath.Join(d.dir, "run/libvirt/qemu/run/*.pid"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || filepath.Base(file) == "driver.pid" {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Logf("stop domain %s: %v", filepath.Base(file), err)
		}
	}
}

// Image makes an image of zeros and gives its path.
func (d *Daemon) Image(t testing.TB, name string, bytes int64) string {
	t.Helper()
	d.write(t, name, "")
	file := filepath.Join(d.dir, name)
	if err := os.Truncate(file, bytes); err != nil {
		t.Fatal(err)
	}
	d.own(t)
	return file
}

// Disk is an element of a domain: a disk over a raw image. Extra stands within it.
func Disk(image, target, extra string) string {
	return fmt.Sprintf(`<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none' io='threads'/><source file='%s'/><target dev='%s' bus='virtio'/>%s</disk>`,
		image, target, extra)
}

// Define defines a domain of 256 MiB, of which the guest has 128, and 4 processors, of which one is there; disks are elements of it, more stands beside its devices.
func (d *Daemon) Define(t testing.TB, name, disks, more string) {
	t.Helper()
	text := fmt.Sprintf(`<domain type='qemu'><name>%s</name><memory unit='MiB'>256</memory><currentMemory unit='MiB'>128</currentMemory>
<vcpu current='1'>4</vcpu><os><type arch='x86_64' machine='pc'>hvm</type>%s</os><features><acpi/></features>
<devices>%s<memballoon model='virtio'><stats period='1'/></memballoon>
<serial type='file'><source path='%s'/></serial></devices></domain>`, name, more, disks, d.Console(name))
	d.Do(t, func(l *rpc.Libvirt) error {
		_, err := l.DomainDefineXML(text)
		return err
	})
}

// Console is the file with what a domain says on its serial line.
func (d *Daemon) Console(name string) string { return filepath.Join(d.dir, name+".console") }

// Run starts a domain. With paused its processors stand still: what is in its reach is changed all the same.
func (d *Daemon) Run(t testing.TB, name string, paused bool) {
	t.Helper()
	flags := rpc.DomainNone
	if paused {
		flags = rpc.DomainStartPaused
	}
	d.Do(t, func(l *rpc.Libvirt) error {
		found, err := l.DomainLookupByName(name)
		if err == nil {
			_, err = l.DomainCreateWithFlags(found, uint32(flags))
		}
		return err
	})
}

// Stop stops a domain at once.
func (d *Daemon) Stop(t testing.TB, name string) {
	t.Helper()
	d.Do(t, func(l *rpc.Libvirt) error {
		found, err := l.DomainLookupByName(name)
		if err == nil {
			err = l.DomainDestroy(found)
		}
		return err
	})
}

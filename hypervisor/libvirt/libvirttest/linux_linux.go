package libvirttest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// ballooner is the first process of a guest that has a driver of the balloon, and does nothing.
const ballooner = `#!/bin/busybox sh
for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_balloon; do
	/bin/busybox insmod /$m.ko
done
echo the balloon is there
while :; do /bin/busybox sleep 1000; done
`

// Ballooner gives what stands in a domain's element "os" so that it boots Linux with a driver of the balloon. Without the kernel that
// scripts/deps.sh unpacks, the test is skipped.
func (d *Daemon) Ballooner(t testing.TB) string {
	t.Helper()
	const remedy = "run ./scripts/deps.sh guest"
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("no folder with a kernel for the guest: %v; set HOME, and %s", err, remedy)
	}
	kernels, _ := filepath.Glob(filepath.Join(cache, "foreshock/guest/[0-9]*/boot/vmlinuz-*"))
	busybox, err := exec.LookPath("busybox")
	if len(kernels) == 0 || err != nil {
		t.Skipf("no kernel for the guest in %s, or no busybox; %s", cache, remedy)
	}
	kernel := slices.Max(kernels)
	files := map[string]string{"bin/busybox": busybox}
	modules, _ := filepath.Glob(filepath.Join(filepath.Dir(kernel), "../lib/modules/*/kernel/drivers/virtio/*.ko"))
	for _, m := range modules {
		files[filepath.Base(m)] = m
	}
	archive := &bytes.Buffer{}
	entry(archive, "bin", 0o40755, nil)
	for name, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		entry(archive, name, 0o100755, content)
	}
	entry(archive, "init", 0o100755, []byte(ballooner))
	entry(archive, "TRAILER!!!", 0, nil)
	image, err := os.ReadFile(kernel)
	if err != nil {
		t.Fatal(err)
	}
	d.write(t, "vmlinuz", string(image))
	d.write(t, "initrd", archive.String())
	d.own(t)
	return fmt.Sprintf("<kernel>%s/vmlinuz</kernel><initrd>%s/initrd</initrd><cmdline>console=ttyS0 quiet</cmdline>", d.dir, d.dir)
}

// entry writes a file of a cpio archive in the form "newc", as the kernel takes it.
func entry(w *bytes.Buffer, name string, mode int, content []byte) {
	fmt.Fprintf(w, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00", 0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0, name)
	pad(w)
	w.Write(content)
	pad(w)
}

func pad(w *bytes.Buffer) {
	for w.Len()%4 != 0 {
		w.WriteByte(0)
	}
}

// Package discover looks at what there is on this machine or in a Prometheus, and writes a commented configuration for it.
//
// It only reads: files of the kernel, and greetings of servers on the loopback. What it writes acts on nothing.
package discover

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Machine is where to look. The zero value is nowhere.
type Machine struct {
	Root      string // before every path; "/" on a real machine
	Home      string // of the user
	Env       func(name string) string
	Redis     string // addresses to try; "": not tried
	Memcached string
}

// Here is this machine.
func Here() Machine {
	home, _ := os.UserHomeDir() // without one there is no file in it
	return Machine{Root: "/", Home: home, Env: os.Getenv, Redis: "127.0.0.1:6379", Memcached: "127.0.0.1:11211"}
}

// Found is what there is.
type Found struct {
	Disks      []string // names of block devices that are no RAM disks, loops or parts of disks
	EBPF       bool     // the kernel has the types that tracing needs, and this user may load programs
	Groups     []Group  // control groups with limits on I/O
	Libvirt    string   // the socket; "": none
	Kubeconfig string   // "": none
	Redis      string   // the address that answered; "": none
	Memcached  string
	AWS        bool // an account is set up for this user

	Prometheus string   // the URL that was asked; "": none was
	Presets    []string // whose series it has
}

// Look looks.
func (m Machine) Look(ctx context.Context) Found {
	f := Found{Disks: m.disks(), Groups: m.groups()}
	f.EBPF = m.has("sys/kernel/btf/vmlinux") && os.Geteuid() == 0
	if m.has("run/libvirt/libvirt-sock") {
		f.Libvirt = "/run/libvirt/libvirt-sock"
	}
	f.Kubeconfig = m.kubeconfig()
	f.AWS = m.Env("AWS_REGION") != "" || m.Env("AWS_PROFILE") != "" || m.Env("AWS_ACCESS_KEY_ID") != "" || exists(filepath.Join(m.Home, ".aws", "config"))
	f.Redis = answers(ctx, m.Redis, "PING\r\n", "+PONG")
	f.Memcached = answers(ctx, m.Memcached, "version\r\n", "VERSION")
	return f
}

func (m Machine) path(name string) string { return filepath.Join(m.Root, name) }

func (m Machine) has(name string) bool { return exists(m.path(name)) }

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func (m Machine) kubeconfig() string {
	if list := filepath.SplitList(m.Env("KUBECONFIG")); len(list) > 0 && exists(list[0]) {
		return list[0]
	}
	if file := filepath.Join(m.Home, ".kube", "config"); m.Home != "" && exists(file) {
		return file
	}
	return ""
}

// passing are block devices that are no disks.
var passing = regexp.MustCompile(`^(ram|loop|zram|sr|fd)\d+$`)

func (m Machine) disks() (names []string) {
	list, err := os.ReadDir(m.path("sys/block"))
	if err != nil {
		return nil // no Linux
	}
	for _, d := range list {
		if !passing.MatchString(d.Name()) {
			names = append(names, d.Name())
		}
	}
	slices.Sort(names)
	return names
}

// lines are those of a file that are not empty; none of a file that cannot be read.
func lines(file string) (list []string) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

package discover

import (
	"fmt"
	"path"
	"strings"

	"github.com/foreshock-io/foreshock"
)

// Configuration is a commented configuration of what was found. It watches, and acts on nothing: its mode is observe.
func (f *Found) Configuration() string {
	w := &writer{}
	w.line(`# Written by foreshock init from what it found. Check it with: foreshock check FILE. All settings: docs/reference/configuration.md`)
	w.line(`mode: observe               # the most that any policy may do: observe, approve, auto`)
	w.line(`listen: 127.0.0.1:9750      # API, pages, metrics; beyond loopback token_file is needed`)
	w.line(`data: ./foreshock-data      # journal and profiles`)
	w.line(`step: 10s                   # readings are folded to steps of this length`)
	f.sources(w)
	f.store(w)
	f.targets(w)
	f.policies(w)
	return w.text.String()
}

// Text says in a few lines what was found.
func (f *Found) Text() string {
	w := &writer{}
	say := func(some bool, format string, args ...any) {
		if some {
			w.line(format, args...)
		}
	}
	say(len(f.Disks) > 0, "disks             %s", strings.Join(f.Disks, ", "))
	say(f.EBPF, "eBPF              latency of every request can be measured")
	for _, g := range f.Groups {
		say(true, "limited group     %s on %s: %s", g.Path, g.Device, g.amounts())
	}
	say(f.Libvirt != "", "libvirt           %s", f.Libvirt)
	say(f.Kubeconfig != "", "Kubernetes        %s", f.Kubeconfig)
	say(f.Redis != "", "Redis             answers at %s", f.Redis)
	say(f.Memcached != "", "Memcached         answers at %s", f.Memcached)
	say(f.AWS, "AWS               an account is set up")
	say(f.Prometheus != "", "Prometheus        %s has series for: %s", f.Prometheus, strings.Join(f.Presets, ", "))
	return w.text.String()
}

// writer writes lines.
type writer struct{ text strings.Builder }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.text, format+"\n", args...) }

func (f *Found) sources(w *writer) {
	w.line("\nsources:")
	if f.Prometheus != "" {
		w.line("  - prometheus:             # asked for what it has, at start as far backwards as profiles keep, four weeks")
		w.line("      url: %q", f.Prometheus)
		w.line("      presets: [%s]", strings.Join(f.Presets, ", "))
		w.line("      # bearer_token_file: token  # or username and password_file, where it asks for them")
		return
	}
	w.line("  - host: {}                # this machine's disks (%s) and control groups", strings.Join(f.Disks, ", "))
	if f.EBPF {
		w.line("  - ebpf: {}                # the latency of every request")
	}
	if f.Libvirt != "" {
		w.line("  - libvirt: {}             # the disks of this host's domains")
	}
	if f.AWS {
		w.line("  # - cloudwatch: {}        # EBS volumes of the account that is set up; asking costs a little")
	}
	w.line("  # - remotewrite: {presets: [node_exporter], id_prefix: \"${instance}/\"}   # what a Prometheus sends to this listener")
}

func (f *Found) store(w *writer) {
	w.line("\nstore:                      # where profiles are kept; the journal is always in the data folder")
	w.line("  embedded: {}")
	if f.Redis != "" {
		w.line("  # redis: {addresses: [%q]}        # instead: it answers here", f.Redis)
	}
	if f.Memcached != "" {
		w.line("  # memcached: {addresses: [%q]}   # instead: it answers here", f.Memcached)
	}
}

func (f *Found) targets(w *writer) {
	if len(f.Groups)+len(f.Libvirt)+len(f.Kubeconfig) == 0 {
		w.line("\n# targets:                  # what may be changed; act/*/README.md says what there is")
		w.line("#   - {name: trial, dryrun: {allocated: {iops: 3000}}}   # pretends")
		return
	}
	w.line("\ntargets:                    # what may be changed, once mode and policies allow it")
	if len(f.Groups) > 0 {
		w.line("  - name: groups\n    cgroup:                 # limits of this machine's control groups\n      resources:")
		for i, g := range f.Groups {
			w.line("        %s: {group: %q, device: %q}   # has %s", g.name(i), g.Path, g.Device, g.amounts())
		}
	}
	if f.Libvirt != "" {
		w.line("  - name: domains\n    libvirt: {}             # domains and their disks, by name: db1, db1/vda")
	}
	if f.Kubeconfig != "" {
		w.line("  - name: cluster\n    kubernetes: {kubeconfig: %q}   # statefulsets.apps/shop/orders, …/volumes/data, …/containers/main", f.Kubeconfig)
	}
}

func (f *Found) policies(w *writer) {
	if len(f.Groups) == 0 {
		w.line("\n# policies:                 # without any, everything is watched and forecast")
		w.line("#   - name: disks")
		w.line("#     match: [\"disk/*\"]")
		w.line("#     mode: approve         # a person looks at each action; auto: none does")
		w.line("#     target: %s", f.target())
		w.line("#     bounds: {iops: {min: 500, max: 8000}}")
		return
	}
	w.line("\npolicies:                   # which workload is changed through which target, and within which bounds")
	for i, g := range f.Groups {
		w.line("  - name: %s", g.name(i))
		w.line("    match: [%q]", "cgroup/"+g.Path)
		w.line("    mode: observe           # approve: a person looks at each action; auto: none does. The mode on top must allow it too")
		w.line("    target: groups\n    resource: %s\n    above: 80%%              # of what there is: from there on demand alone is a reason to grow\n    bounds:                 # to twice what there is, until you say more", g.name(i))
		if g.IOPS > 0 {
			w.line("      iops: {min: %.0f, max: %.0f}", g.IOPS, 2*g.IOPS)
		}
		if g.Throughput > 0 {
			w.line("      throughput: {min: %.0f, max: %.0f}", g.Throughput, 2*g.Throughput)
		}
	}
	w.line("  - name: watch             # everything else\n    match: [\"**\"]")
}

// target is the name of a target that the configuration has, or shows.
func (f *Found) target() string {
	switch {
	case f.Libvirt != "":
		return "domains"
	case f.Kubeconfig != "":
		return "cluster"
	}
	return "trial"
}

// name is a name for the group that no other has.
func (g *Group) name(i int) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, strings.TrimSuffix(path.Base(g.Path), path.Ext(g.Path)))
	return fmt.Sprintf("group%d-%s", i+1, strings.Trim(clean, "-"))
}

func (g *Group) amounts() string {
	var parts []string
	if g.IOPS > 0 {
		parts = append(parts, foreshock.FormatAmount(foreshock.DimIOPS, g.IOPS))
	}
	if g.Throughput > 0 {
		parts = append(parts, foreshock.FormatAmount(foreshock.DimThroughput, g.Throughput))
	}
	return strings.Join(parts, ", ")
}

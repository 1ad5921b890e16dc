package ebpf

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// gain is what one workload gained since the last reading.
type gain struct {
	Delta
	cgroup bool
}

// group adds the series up to workloads: of a disk, both directions and all control groups; of a control group, both
// directions, all disks, and the groups below it, as the host source has it.
func (r *reader) group(deltas []Delta) map[foreshock.ID]*gain {
	found := map[foreshock.ID]*gain{}
	add := func(id string, d *Delta, cgroup bool) {
		g := found[foreshock.ID(id)]
		if g == nil {
			g = &gain{cgroup: cgroup}
			found[foreshock.ID(id)] = g
		}
		g.Merge(d)
	}
	for i := range deltas {
		d := &deltas[i]
		disk, ok := r.names.disk(d.Device)
		if !ok {
			continue // gone meanwhile
		}
		if r.devices.Want(disk) {
			add("disk/"+disk, d, false)
		}
		if r.cfg.Cgroups.Max == 0 || r.names.stacked(d.Device) {
			continue
		}
		for dir := r.names.cgroup(d.Cgroup, time.Now()); dir != "."; dir = path.Dir(dir) {
			if r.cgroups.Want(dir) && r.follows(dir) {
				add("cgroup/"+dir, d, true)
			}
		}
	}
	return found
}

// follows says whether a control group is among those that are followed; the first ones are.
func (r *reader) follows(dir string) bool {
	if r.names.followed[dir] {
		return true
	}
	if len(r.names.followed) >= r.cfg.Cgroups.Max {
		r.env.Drops.Add(name, ingest.DropTooMany, 1)
		r.once("too many control groups", "raise cgroups.max or narrow cgroups.include")
		return false
	}
	r.names.followed[dir] = true
	return true
}

// rewalk is how often folders are searched at most for a control group that is not known yet.
const rewalk = 10 * time.Second

// names finds what the kernel's numbers stand for.
type names struct {
	sysfs, cgroups string
	paths          map[uint64]string // of control groups, by inode
	walked         time.Time
	followed       map[string]bool
}

// newNames looks for version 2 of control groups, and else for the blkio controller of version 1.
func newNames(s *Source) *names {
	n := &names{sysfs: s.cfg.Sysfs, cgroups: s.cfg.Cgroup, followed: map[string]bool{}}
	if _, err := os.Stat(filepath.Join(n.cgroups, "cgroup.controllers")); err != nil {
		n.cgroups = filepath.Join(n.cgroups, "blkio")
	}
	return n
}

// disk gives the name that /proc/diskstats has for a device; none when it has gone.
func (n *names) disk(d Device) (string, bool) {
	target, err := os.Readlink(n.device(d))
	if err != nil {
		return "", false
	}
	// sysfs has to write "!" for the "/" in names such as cciss/c0d0.
	return strings.ReplaceAll(filepath.Base(target), "!", "/"), true
}

func (n *names) device(d Device) string { return filepath.Join(n.sysfs, "dev", "block", d.String()) }

// stacked says whether a device hands its requests on to others (device mapper, RAID, loop). A control group is
// charged for such a request at each device that it passes, so only the lowest one counts for it.
func (n *names) stacked(d Device) bool {
	below, err := os.ReadDir(filepath.Join(n.device(d), "slaves"))
	if err == nil && len(below) > 0 {
		return true
	}
	_, err = os.Stat(filepath.Join(n.device(d), "loop", "backing_file"))
	return err == nil
}

// cgroup gives the folder of a control group below the mount: "." for the mount itself, and for groups that have
// gone or are so new that they will be found the next time.
func (n *names) cgroup(id uint64, now time.Time) string {
	dir, known := n.paths[id]
	if !known && now.Sub(n.walked) >= rewalk {
		n.walk(now)
		dir, known = n.paths[id]
	}
	if !known {
		return "."
	}
	return dir
}

func (n *names) walk(now time.Time) {
	n.walked = now
	n.paths = map[uint64]string{}
	there := map[string]bool{}
	// Folders that vanish meanwhile are passed over.
	_ = filepath.WalkDir(n.cgroups, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		if id, ok := inode(file); ok {
			dir, _ := filepath.Rel(n.cgroups, file)
			n.paths[id] = filepath.ToSlash(dir)
			there[n.paths[id]] = true
		}
		return nil
	})
	for dir := range n.followed {
		if !there[dir] {
			delete(n.followed, dir)
		}
	}
}

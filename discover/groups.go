package discover

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Group is a control group with limits on a disk; 0 where there is none. Of limits for reading and writing the lower one counts.
type Group struct {
	Path       string // below the mount, for example "system.slice/db.service"
	Device     string // "254:0"
	IOPS       float64
	Throughput float64 // bytes per second
}

// mostGroups bounds how many are written, and mostFolders how many are looked at.
const (
	mostGroups  = 10
	mostFolders = 20_000
)

// groups finds groups with limits. Where both versions are mounted, the disks belong to version 1.
func (m Machine) groups() (found []Group) {
	root, v2 := m.path("sys/fs/cgroup/blkio"), false
	if !exists(root) {
		root, v2 = m.path("sys/fs/cgroup"), true
	}
	seen := 0
	_ = filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error { // what cannot be read is left out
		if err != nil || !d.IsDir() {
			return nil
		}
		if seen++; seen > mostFolders || len(found) >= mostGroups {
			return fs.SkipAll
		}
		path, err := filepath.Rel(root, dir)
		if err != nil || path == "." || strings.ContainsAny(path, "\n\"\\") {
			return nil
		}
		found = append(found, limited(dir, filepath.ToSlash(path), v2)...)
		return nil
	})
	return found[:min(len(found), mostGroups)]
}

// limited are the disks on which a group has limits.
func limited(dir, path string, v2 bool) (list []Group) {
	set := func(device, name, value string) {
		x, err := strconv.ParseFloat(value, 64)
		if err != nil || x <= 0 { // "max"
			return
		}
		at := slices.IndexFunc(list, func(g Group) bool { return g.Device == device })
		if at < 0 {
			at = len(list)
			list = append(list, Group{Path: path, Device: device})
		}
		to := &list[at].Throughput
		if strings.HasSuffix(name, "iops") {
			to = &list[at].IOPS
		}
		if *to == 0 || x < *to {
			*to = x
		}
	}
	if v2 {
		for _, line := range lines(filepath.Join(dir, "io.max")) {
			words := strings.Fields(line)
			for _, word := range words[1:] {
				name, value, _ := strings.Cut(word, "=")
				set(words[0], name, value)
			}
		}
		return list
	}
	for file, name := range map[string]string{"read_iops_device": "iops", "write_iops_device": "iops", "read_bps_device": "bps", "write_bps_device": "bps"} {
		for _, line := range lines(filepath.Join(dir, "blkio.throttle."+file)) {
			device, value, _ := strings.Cut(line, " ")
			set(device, name, value)
		}
	}
	return list
}

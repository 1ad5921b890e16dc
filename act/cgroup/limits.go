package cgroup

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/foreshock-io/foreshock/act"
)

// key is a limit, by its name in io.max: riops, wiops, rbps, wbps.
type key string

// throttle are the files of v1.
var throttle = map[key]string{
	"riops": "blkio.throttle.read_iops_device",
	"wiops": "blkio.throttle.write_iops_device",
	"rbps":  "blkio.throttle.read_bps_device",
	"wbps":  "blkio.throttle.write_bps_device",
}

// limits are those of one group on one device.
type limits struct {
	dir    string // of the group
	v2     bool
	device string // "254:0"
	write  func(file, line string) error
}

// checkGroup refuses what is not the path of a group below the root.
func checkGroup(group string) error {
	clean := strings.Trim(group, "/")
	switch {
	case clean == "":
		return errors.New("the root group cannot be limited; name a group below it")
	case !filepath.IsLocal(clean) || filepath.Clean(clean) == "." || slices.Contains(strings.Split(clean, "/"), ".."):
		return fmt.Errorf("the group %q leads out of the tree of groups", group)
	case strings.ContainsAny(clean, "\n\x00"):
		return fmt.Errorf("the group %q has a control character", group)
	}
	return nil
}

// findGroup gives a group's folder. Where both versions are mounted, the disks belong to v1.
func findGroup(root, group string) (dir string, v2 bool, err error) {
	group = filepath.Clean(strings.Trim(group, "/"))
	switch {
	case exists(filepath.Join(root, "blkio")):
		dir = filepath.Join(root, "blkio", group)
	case exists(filepath.Join(root, "cgroup.controllers")):
		dir, v2 = filepath.Join(root, group), true
	default:
		return "", false, fmt.Errorf("%s is neither a cgroup v2 tree nor one with blkio of v1; set root", root)
	}
	if !exists(dir) {
		return "", false, fmt.Errorf("%w: there is no group %s", act.ErrNotFound, dir)
	}
	if v2 && !exists(filepath.Join(dir, "io.max")) {
		return "", false, fmt.Errorf("%w: %s has no io.max; enable the controller: echo +io > %s",
			act.ErrNotFound, dir, filepath.Join(filepath.Dir(dir), "cgroup.subtree_control"))
	}
	return dir, v2, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// get reads the limits that there are.
func (l *limits) get() (map[key]uint64, error) {
	if l.v2 {
		text, err := os.ReadFile(filepath.Join(l.dir, "io.max"))
		if err != nil {
			return nil, kind(err)
		}
		return parseMax(string(text), l.device)
	}
	set := map[key]uint64{}
	for k, file := range throttle {
		text, err := os.ReadFile(filepath.Join(l.dir, file))
		if err != nil {
			return nil, kind(err)
		}
		x, limited, err := parseThrottle(string(text), l.device)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if limited {
			set[k] = x
		}
	}
	return set, nil
}

// parseMax reads the line of a device in io.max: "8:16 rbps=2097152 wbps=max riops=max wiops=120". Keys that it does not know it passes over.
func parseMax(text, device string) (map[key]uint64, error) {
	set := map[key]uint64{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != device {
			continue
		}
		for _, field := range fields[1:] {
			name, value, _ := strings.Cut(field, "=")
			if _, known := throttle[key(name)]; !known || value == "max" {
				continue
			}
			x, err := strconv.ParseUint(value, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("io.max: %q: %w", strings.TrimSpace(line), err)
			}
			set[key(name)] = x
		}
	}
	return set, nil
}

// parseThrottle reads the line of a device in a file of v1: "254:0 500".
func parseThrottle(text, device string) (uint64, bool, error) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name != device {
			continue
		}
		x, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
		if err != nil {
			return 0, false, fmt.Errorf("%q: %w", strings.TrimSpace(line), err)
		}
		return x, x > 0, nil
	}
	return 0, false, nil
}

// set writes limits, and leaves the others. In v2 it is one write; in v1 one for each.
func (l *limits) set(wanted map[key]uint64) error {
	keys := slices.Sorted(maps.Keys(wanted))
	if len(keys) == 0 {
		return fmt.Errorf("%w: nothing would change", act.ErrRefused)
	}
	if l.v2 {
		line := l.device
		for _, k := range keys {
			line += fmt.Sprintf(" %s=%d", k, wanted[k])
		}
		return refused(l.write(filepath.Join(l.dir, "io.max"), line))
	}
	for i, k := range keys {
		err := l.write(filepath.Join(l.dir, throttle[k]), fmt.Sprintf("%s %d", l.device, wanted[k]))
		switch {
		case err != nil && i == 0:
			return refused(err)
		case err != nil:
			return fmt.Errorf("%s, after %s was written: %w", k, keys[0], err)
		}
	}
	return nil
}

// refused says of a write that failed that nothing is in effect: the kernel takes a line whole or not at all.
func refused(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", act.ErrRefused, kind(err))
}

// writeLine writes a line in one write, into a file that is there.
func writeLine(file, line string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// MayChange says whether the files with the limits of a resource can be opened for writing.
func (t *target) MayChange(_ context.Context, resource string) error {
	l, err := t.open(resource)
	if err != nil {
		return err
	}
	set, err := l.get()
	if err != nil {
		return err
	}
	if len(set) == 0 {
		return fmt.Errorf("%s has no limit on %s; set one first, as only limits that are there are changed", resource, l.device)
	}
	for k := range set {
		file := filepath.Join(l.dir, "io.max")
		if !l.v2 {
			file = filepath.Join(l.dir, throttle[k])
		}
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("%w; run as a user that may write it, root most often", kind(err))
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

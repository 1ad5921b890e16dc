package host

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/foreshock-io/foreshock"
)

// hierarchy is how control groups are mounted and what their files are called.
type hierarchy struct {
	root     string // of the groups with I/O counters
	pressure string // of the groups with pressure files, or ""
	version  int
	needs    int // how many counter files a group has
}

// findHierarchy looks for version 2, and else for the blkio controller of version 1, beside which a version 2
// hierarchy may be mounted that knows the pressure ("hybrid").
func findHierarchy(root string) (hierarchy, bool) {
	exists := func(elem ...string) bool {
		_, err := os.Stat(filepath.Join(append([]string{root}, elem...)...))
		return err == nil
	}
	switch {
	case exists("cgroup.controllers"):
		return hierarchy{root: root, pressure: root, version: 2, needs: 1}, true
	case exists("blkio"):
		h := hierarchy{root: filepath.Join(root, "blkio"), version: 1, needs: 2}
		if exists("unified", "cgroup.controllers") {
			h.pressure = filepath.Join(root, "unified")
		}
		return h, true
	}
	return hierarchy{}, false
}

// Files of version 1. The recursive ones include the groups below, as those of version 2 do.
const (
	served    = "blkio.throttle.io_serviced_recursive"
	moved     = "blkio.throttle.io_service_bytes_recursive"
	servedOld = "blkio.throttle.io_serviced" // where the kernel has no recursive ones
	movedOld  = "blkio.throttle.io_service_bytes"
)

func (h hierarchy) isCounter(file string) bool {
	if h.version == 2 {
		return file == "io.stat"
	}
	return file == servedOld || file == movedOld
}

// group names the files of a group.
func (h hierarchy) group(dir string) *group {
	exists := func(file string) bool {
		_, err := os.Stat(file)
		return err == nil
	}
	at := func(file string) string { return filepath.Join(h.root, dir, file) }
	g := &group{path: filepath.ToSlash(dir)}
	switch {
	case h.version == 2:
		g.counters, g.parse = []string{at("io.stat")}, parseVersion2
	case exists(at(served)) && exists(at(moved)):
		g.counters, g.parse = []string{at(served), at(moved)}, parseVersion1
	default:
		g.counters, g.parse = []string{at(servedOld), at(movedOld)}, parseVersion1
	}
	if h.pressure != "" {
		if file := filepath.Join(h.pressure, dir, "io.pressure"); exists(file) {
			g.pressure = file
		}
	}
	return g
}

func parseVersion2(files [][]byte, counts func(device) bool) (ioCounters, error) {
	return parseIOStat(files[0], counts)
}

func parseVersion1(files [][]byte, counts func(device) bool) (total ioCounters, err error) {
	if total.ops, err = parseBlkio(files[0], counts); err != nil {
		return ioCounters{}, err
	}
	total.bytes, err = parseBlkio(files[1], counts)
	return total, err
}

// limits gives what the group may do per second: on each device the lower of the limits on reads and writes, added up over
// the devices that have one. Devices that hand their requests on are looked at where no other has a limit.
// Without limits it says nothing.
func (h hierarchy) limits(dir string, counts func(device) bool) (foreshock.Allocation, error) {
	byDevice, err := h.byDevice(dir)
	if err != nil {
		return foreshock.Allocation{}, err
	}
	var lowest, stacked limit
	for number, l := range byDevice {
		sum := &stacked
		if counts(number) {
			sum = &lowest
		}
		sum.iops += l.iops
		sum.bytes += l.bytes
	}
	var allowed foreshock.Allocation
	if iops := cmp.Or(lowest.iops, stacked.iops); iops > 0 {
		allowed.Set(foreshock.DimIOPS, float64(iops))
	}
	if bytes := cmp.Or(lowest.bytes, stacked.bytes); bytes > 0 {
		allowed.Set(foreshock.DimThroughput, float64(bytes))
	}
	return allowed, nil
}

func (h hierarchy) byDevice(dir string) (map[device]limit, error) {
	limits := map[device]limit{}
	read := func(file string) ([]byte, error) { return os.ReadFile(filepath.Join(h.root, dir, file)) }
	if h.version == 2 {
		data, err := read("io.max")
		if err != nil {
			return nil, err
		}
		return limits, parseIOMax(data, limits)
	}
	for _, file := range []string{"read_iops_device", "write_iops_device", "read_bps_device", "write_bps_device"} {
		data, err := read("blkio.throttle." + file)
		if err != nil {
			return nil, err
		}
		if err := parseThrottle(data, func(d device, amount uint64) {
			l := limits[d]
			if file == "read_iops_device" || file == "write_iops_device" {
				lower(&l.iops, amount)
			} else {
				lower(&l.bytes, amount)
			}
			limits[d] = l
		}); err != nil {
			return nil, err
		}
	}
	return limits, nil
}

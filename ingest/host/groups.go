package host

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// groups are this machine's control groups.
type groups struct {
	known   map[string]*group
	ordered []*group
	round   uint64          // counts scans, to find what has gone
	counted map[device]bool // whether a device's line counts; found anew with each scan
	counts  func(device) bool
	buffer  []byte
}

// group is one control group as it was read last.
type group struct {
	path       string // below the mount; the workload's id without "cgroup/"
	counters   []string
	parse      func(files [][]byte, counts func(device) bool) (ioCounters, error)
	pressure   string // file, or ""
	limits     foreshock.Allocation
	handle     ingest.Handle
	registered bool
	known      bool // last and at are set
	last       ioCounters
	at         time.Time
	waited     counter
	round      uint64
}

func (s *Source) newGroups() *groups {
	g := &groups{known: map[string]*group{}, buffer: make([]byte, 0, 16<<10)}
	g.counts = func(d device) bool {
		counts, known := g.counted[d]
		if !known {
			counts = !s.stacked(d)
			g.counted[d] = counts
		}
		return counts
	}
	return g
}

// stacked says whether a device hands its requests on to others (device mapper, RAID, loop). The kernel charges a
// control group for such a request at each device that it passes, so only the lowest count.
func (s *Source) stacked(d device) bool {
	dir := filepath.Join(s.cfg.Sysfs, "dev", "block", fmt.Sprintf("%d:%d", d.major, d.minor))
	below, err := os.ReadDir(filepath.Join(dir, "slaves"))
	if err == nil && len(below) > 0 {
		return true
	}
	_, err = os.Stat(filepath.Join(dir, "loop", "backing_file"))
	return err == nil
}

// readGroups adds the readings of all control groups.
func (r *reader) readGroups(scan bool) {
	if scan {
		r.scanGroups()
	}
	for _, g := range r.groups.ordered {
		r.readGroup(g)
	}
}

func (r *reader) readGroup(g *group) {
	total, err := r.groupCounters(g)
	if err != nil {
		if !gone(err) { // what has gone is forgotten at the next scan
			r.faults.report("cannot read a control group's counters", reasonOf(err), fmt.Errorf("%s: %w", g.path, err))
		}
		return
	}
	now := time.Now()
	window, last, known := span{at: now, length: now.Sub(g.at)}, g.last, g.known
	g.last, g.at, g.known = total, now, true
	if total == (ioCounters{}) && !g.registered {
		return // it has done nothing so far: no workload yet
	}
	if !g.registered || !ingest.Holds(r.sink, g.handle) {
		if g.handle, g.registered = r.register("cgroup/" + g.path); !g.registered {
			return
		}
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if amount, ok := g.limits.Get(d); ok {
			r.add(g.handle, ingest.AllocatedAt+ingest.Field(d), amount, window)
		}
	}
	r.addPressure(g, window)
	if !known {
		return
	}
	ops, okOps := grown(total.ops, last.ops)
	moved, okBytes := grown(total.bytes, last.bytes)
	if !okOps || !okBytes { // the group was made anew, or one of its devices has gone
		r.env.Drops.Add(name, ingest.DropReset, 1)
		return
	}
	r.add(g.handle, ingest.Ops, float64(ops), window)
	r.add(g.handle, ingest.Bytes, float64(moved), window)
}

// groupCounters reads and adds up a group's counters.
func (r *reader) groupCounters(g *group) (ioCounters, error) {
	var files [2][]byte
	r.groups.buffer = r.groups.buffer[:0]
	for i, file := range g.counters {
		begin := len(r.groups.buffer)
		var err error
		if r.groups.buffer, err = appendFile(r.groups.buffer, file); err != nil {
			return ioCounters{}, err
		}
		files[i] = r.groups.buffer[begin:]
	}
	return g.parse(files[:], r.groups.counts)
}

func (r *reader) addPressure(g *group, window span) {
	if g.pressure == "" {
		return
	}
	var err error
	if r.groups.buffer, err = appendFile(r.groups.buffer[:0], g.pressure); err != nil {
		g.waited.known = false
		if !gone(err) {
			r.faults.report("cannot read a control group's pressure (PSI)", dropUnreadable, err)
		}
		return
	}
	total, err := parsePressure(r.groups.buffer)
	if err != nil {
		g.waited.known = false
		r.faults.report("cannot read a control group's pressure (PSI)", ingest.DropMalformed, fmt.Errorf("%s: %w", g.path, err))
		return
	}
	if micros, ok := g.waited.grow(total); ok {
		r.add(g.handle, ingest.WaitSeconds, float64(micros)/1e6, window)
	}
}

// reasonOf tells a file that could not be read from one that could not be understood.
func reasonOf(err error) ingest.Drop {
	var path *fs.PathError
	if errors.As(err, &path) {
		return dropUnreadable
	}
	return ingest.DropMalformed
}

// appendFile appends all of a file to dst.
func appendFile(dst []byte, file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return dst, err
	}
	defer f.Close()
	for {
		dst = slices.Grow(dst, 512)
		n, err := f.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

// scanGroups finds the control groups, and reads what rarely changes: their limits.
func (r *reader) scanGroups() {
	g := r.groups
	g.round++
	g.counted = map[device]bool{}
	h, ok := findHierarchy(r.cfg.Cgroup)
	if !ok {
		r.faults.once(slog.LevelInfo, "no control groups with I/O counters", fmt.Errorf("%s has neither cgroup.controllers nor blkio", r.cfg.Cgroup))
	} else if over := r.walk(h, "."); over > 0 {
		r.faults.drops.Add(name, ingest.DropTooMany, over)
		r.faults.once(slog.LevelWarn, "too many control groups", fmt.Errorf("%d above the %d that are followed; raise cgroups.max or narrow cgroups.include",
			over, r.cfg.Cgroups.Max))
	}
	g.ordered = g.ordered[:0]
	for path, group := range g.known {
		if group.round != g.round {
			delete(g.known, path)
			continue
		}
		g.ordered = append(g.ordered, group)
	}
	slices.SortFunc(g.ordered, func(a, b *group) int { return cmp.Compare(a.path, b.path) })
}

// walk follows the groups below dir and says how many are above the bound.
func (r *reader) walk(h hierarchy, dir string) (over int) {
	folder, err := os.Open(filepath.Join(h.root, dir))
	if err != nil {
		return 0 // removed meanwhile, or not for us to see
	}
	entries, err := folder.ReadDir(-1)
	folder.Close()
	if err != nil && !gone(err) {
		r.faults.report("cannot list control groups", dropUnreadable, err)
	}
	var below []string
	counters := 0
	for _, e := range entries {
		if e.IsDir() {
			below = append(below, e.Name())
		} else if h.isCounter(e.Name()) {
			counters++
		}
	}
	if dir != "." && counters == h.needs && r.cgroups.Want(dir) && !r.follow(h, dir) {
		over++
	}
	slices.Sort(below)
	for _, name := range below {
		over += r.walk(h, path.Join(dir, name))
	}
	return over
}

// follow makes a group known and reads its limits; false when there are too many.
func (r *reader) follow(h hierarchy, dir string) bool {
	g := r.groups.known[dir]
	if g == nil {
		if len(r.groups.known) >= r.cfg.Cgroups.Max {
			return false
		}
		g = h.group(dir)
		r.groups.known[dir] = g
	}
	g.round = r.groups.round
	limits, err := h.limits(dir, r.groups.counts)
	if err != nil && !gone(err) {
		r.faults.report("cannot read a control group's limits", reasonOf(err), fmt.Errorf("%s: %w", dir, err))
	}
	g.limits = limits
	return true
}

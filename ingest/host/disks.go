package host

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/ingest"
	"github.com/prometheus/procfs"
	"github.com/prometheus/procfs/blockdevice"
)

// disks are this machine's block devices.
type disks struct {
	proc  procfs.FS
	block blockdevice.FS
	known map[string]*disk
	round uint64 // counts reads, to find what has gone
	read  span
}

// disk is one device as it was read last.
type disk struct {
	name       string
	handle     ingest.Handle
	registered bool
	wanted     bool // by the settings, and counted by the kernel
	fresh      bool // appeared in this round: there is nothing to compare with
	last       diskCounters
	round      uint64
}

// diskCounters are the counters of a device that are used.
type diskCounters [7]uint64

// Their places: requests and sectors of 512 bytes read and written, milliseconds spent reading and writing, and
// milliseconds times requests in flight.
const (
	readOps = iota
	writeOps
	readSectors
	writeSectors
	readTime
	writeTime
	weightedTime
)

const sectorSize = 512

func (s *Source) newDisks() (*disks, error) {
	remedy := func(err error) error {
		return fmt.Errorf("read this machine's disks: %w; the host source needs Linux: set procfs and sysfs to where they are mounted", err)
	}
	proc, err := procfs.NewFS(s.cfg.Procfs)
	if err != nil {
		return nil, remedy(err)
	}
	block, err := blockdevice.NewFS(s.cfg.Procfs, s.cfg.Sysfs)
	if err != nil {
		return nil, remedy(err)
	}
	return &disks{proc: proc, block: block, known: map[string]*disk{}}, nil
}

// readDisks adds the readings of all devices.
func (r *reader) readDisks(scan bool) {
	stats, err := r.disks.block.ProcDiskstats()
	now := time.Now()
	if err != nil {
		reason := dropUnreadable
		if len(stats) > 0 { // some lines were understood: the file is there, and damaged
			reason = ingest.DropMalformed
		}
		r.faults.report("cannot read the block devices", reason, err)
		return
	}
	d := r.disks
	d.round++
	d.read = span{at: now, length: now.Sub(d.read.at)}
	for i := range stats {
		d.see(&stats[i])
	}
	waited, known := r.machinePressure()
	for i := range stats {
		disk := d.known[stats[i].DeviceName]
		if disk.fresh || scan {
			disk.wanted = r.wantsDisk(disk.name)
		}
		r.readDisk(disk, countersOf(&stats[i]))
		if disk.registered && known && !disk.fresh {
			r.add(disk.handle, ingest.WaitSeconds, waited, d.read)
		}
	}
	for name, disk := range d.known {
		if disk.round != d.round {
			delete(d.known, name)
			r.faults.log.Info("a block device has gone", "device", name)
		}
	}
}

// see marks a device as there, and makes it known.
func (d *disks) see(stats *blockdevice.Diskstats) {
	known := d.known[stats.DeviceName]
	if known == nil {
		known = &disk{name: stats.DeviceName}
		d.known[stats.DeviceName] = known
	}
	known.fresh = known.round == 0
	known.round = d.round
}

func countersOf(s *blockdevice.Diskstats) diskCounters {
	return diskCounters{s.ReadIOs, s.WriteIOs, s.ReadSectors, s.WriteSectors, s.ReadTicks, s.WriteTicks, s.WeightedIOTicks}
}

// readDisk adds what a device did since the last read. One that never did anything (an unused loop device, an empty
// drive) is no workload until it does; after that, doing nothing is a reading.
func (r *reader) readDisk(d *disk, now diskCounters) {
	last := d.last
	d.last = now
	if !d.wanted || now == (diskCounters{}) {
		return
	}
	if !d.registered || !ingest.Holds(r.sink, d.handle) {
		if d.handle, d.registered = r.register("disk/" + d.name); !d.registered {
			return
		}
	}
	if d.fresh {
		return
	}
	delta, ok := now.since(&last)
	if !ok { // the device was replaced between two reads
		r.env.Drops.Add(name, ingest.DropReset, 1)
		return
	}
	r.addDisk(d.handle, &delta)
}

// since is what was counted since last, and false when any of the counters began again: then none can be compared.
//
// Times are unsigned milliseconds of 32 bits whatever the machine (Documentation/admin-guide/iostats.rst): the weighted
// one wraps after a day and a half at a queue depth of 32. The others are as wide as the kernel's long, which is at
// least as wide as ours.
func (now *diskCounters) since(last *diskCounters) (delta diskCounters, ok bool) {
	for i := range now {
		grown := grown
		if i >= readTime || bits.UintSize == 32 {
			grown = grown32
		}
		if delta[i], ok = grown(now[i], last[i]); !ok {
			return diskCounters{}, false
		}
	}
	return delta, true
}

func (r *reader) addDisk(handle ingest.Handle, delta *diskCounters) {
	at := r.disks.read
	r.add(handle, ingest.Ops, float64(delta[readOps]+delta[writeOps]), at)
	r.add(handle, ingest.Bytes, float64(delta[readSectors]+delta[writeSectors])*sectorSize, at)
	r.add(handle, ingest.OpSeconds, float64(delta[readTime]+delta[writeTime])/1000, at)
	r.add(handle, ingest.QueueSeconds, float64(delta[weightedTime])/1000, at)
}

// machinePressure is how many seconds since the last read some task of the machine waited for I/O.
func (r *reader) machinePressure() (float64, bool) {
	psi, err := r.disks.proc.PSIStatsForResource("io")
	if err != nil || psi.Some == nil {
		r.pressure.known = false
	}
	switch {
	case err != nil && errors.Is(err, fs.ErrNotExist):
		r.faults.once(slog.LevelInfo, "this kernel tells no pressure (PSI)", err)
		return 0, false
	case err != nil:
		r.faults.report("cannot read the machine's pressure (PSI)", dropUnreadable, err)
		return 0, false
	case psi.Some == nil:
		return 0, false
	}
	micros, ok := r.pressure.grow(psi.Some.Total)
	return float64(micros) / 1e6, ok
}

// wantsDisk says whether a device is to be measured: the settings want it, it is no part of a disk that is
// measured itself, and the kernel counts its requests.
func (r *reader) wantsDisk(name string) bool {
	if !r.devices.Want(name) {
		return false
	}
	if whole, ok := wholeDisk(name); ok && r.disks.known[whole] != nil && r.devices.Want(whole) {
		return false
	}
	setting, err := os.ReadFile(filepath.Join(r.cfg.Sysfs, "block", strings.ReplaceAll(name, "/", "!"), "queue", "iostats"))
	if err == nil && strings.TrimSpace(string(setting)) == "0" {
		r.faults.once(slog.LevelWarn, "a block device is not counted by the kernel", fmt.Errorf("%s: write 1 to /sys/block/%[1]s/queue/iostats to measure it", name))
		return false
	}
	return true
}

// wholeDisk is the name of the disk that a partition of this name would belong to: sda1 to sda, nvme0n1p1 to nvme0n1.
func wholeDisk(name string) (string, bool) {
	isDigit := func(c byte) bool { return c >= '0' && c <= '9' }
	base := strings.TrimRight(name, "0123456789")
	if base == name || base == "" {
		return "", false
	}
	if disk, ok := strings.CutSuffix(base, "p"); ok && disk != "" && isDigit(disk[len(disk)-1]) {
		return disk, true
	}
	return base, true
}

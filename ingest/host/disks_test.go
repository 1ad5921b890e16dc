package host

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// diskstats is a disk that did so many reads of 4096 bytes and 2 ms each.
func diskstats(reads int) string {
	return fmt.Sprintf("   8       0 sda %d 0 %d %d 0 0 0 0 0 9 %[3]d 0 0 0 0\n", reads, 8*reads, 2*reads)
}

func TestGrown(t *testing.T) {
	f := func(grown func(_, _ uint64) (uint64, bool), last, now, want uint64, wantOK bool) {
		t.Helper()
		if got, ok := grown(now, last); got != want || ok != wantOK {
			t.Errorf("from %d to %d: %d, %t; want %d, %t", last, now, got, ok, want, wantOK)
		}
	}
	f(grown, 5, 7, 2, true)
	f(grown, 7, 5, 0, false)
	f(grown, math.MaxUint32, 5, 0, false)
	f(grown32, 5, 7, 2, true)
	f(grown32, math.MaxUint32, 0, 1, true)
	f(grown32, math.MaxUint32-9, 90, 100, true)
	f(grown32, math.MaxUint32, 1<<31, 0, false) // fell by half: no wrap
	f(grown32, 1<<31, 3, 0, false)              // began again before it could wrap
	f(grown32, math.MaxUint32+1, 3, 0, false)   // wider than 32 bits
}

func TestKernels(t *testing.T) {
	f := func(file string, want []foreshock.ID, change ...func(*Config)) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join("testdata", "diskstats", file))
		if err != nil {
			t.Fatal(err)
		}
		m := newMachine(t, map[string]string{"proc/diskstats": string(data)}, change...)
		m.step()
		m.step()
		slices.Sort(m.sink.ids)
		if !slices.Equal(m.sink.ids, want) || len(m.drops.List()) > 0 {
			t.Errorf("%s: workloads %v, want %v; dropped %v", file, m.sink.ids, want, m.drops.List())
		}
		for _, id := range m.sink.ids {
			m.want(id, 0, 0, 0, 0, math.NaN()) // idle is a reading, and no pressure file is none
		}
	}
	include := func(expression string) func(*Config) { return func(c *Config) { c.Devices.Include = expression } }
	exclude := func(expression string) func(*Config) { return func(c *Config) { c.Devices.Exclude = expression } }
	f("linux-2.6.32", []foreshock.ID{"disk/dm-0", "disk/sda"})
	f("linux-2.6.32", []foreshock.ID{"disk/sda2"}, include("sda2")) // a partition by itself
	f("linux-4.18", []foreshock.ID{"disk/cciss/c0d0", "disk/sda", "disk/sdb"})
	f("linux-6.18", []foreshock.ID{"disk/loop0", "disk/md127", "disk/nvme0n1", "disk/nvme1n1"})
	f("linux-6.18", []foreshock.ID{"disk/nvme0n1", "disk/nvme1n1"}, include("nvme.*"))
	f("linux-6.18", []foreshock.ID{"disk/nvme0n1p1", "disk/nvme0n1p128", "disk/nvme1n1"}, exclude("loop.*|md.*|nvme0n1"))
}

func TestWholeDisk(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		if got, _ := wholeDisk(name); got != want {
			t.Errorf("%s is part of %q, want %q", name, got, want)
		}
	}
	f("sda", "")
	f("sda1", "sda")
	f("sdaa12", "sdaa")
	f("nvme0n1", "nvme0n") // no such disk
	f("nvme0n1p2", "nvme0n1")
	f("mmcblk0p1", "mmcblk0")
	f("mmcblk0boot0", "mmcblk0boot")
	f("loop3p1", "loop3")
	f("dm-10", "dm-")
	f("12", "")
	f("p1", "p")
}

// What one interval adds up to: requests, bytes, seconds of requests, weighted seconds.
func TestDisk(t *testing.T) {
	f := func(before, after string, want ...float64) *machine {
		t.Helper()
		m := newMachine(t, map[string]string{"proc/diskstats": "8 0 sda " + before + "\n"})
		m.step()
		m.sink.clear()
		m.write("proc/diskstats", "8 0 sda "+after+"\n")
		m.step()
		m.want("disk/sda", want...)
		return m
	}
	none := []float64{math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	//  reads . sectors ms  writes . sectors ms . . weighted
	f("10 0 80 20 5 0 40 50 0 1 70", "13 0 104 26 6 0 48 60 0 2 90", 4, 4*4096, 0.016, 0.020)
	f("10 0 80 20 5 0 40 50 0 1 70", "10 0 80 20 5 0 40 50 0 1 70", 0, 0, 0, 0)
	// The times are 32 bits wide and wrap, each for itself.
	f("10 0 80 4294967290 5 0 40 4294967295 0 1 4294967000", "12 0 96 4 6 0 48 9 0 2 704", 3, 3*4096, 0.020, 1)
	// Began again: nothing is said for this interval, and it is counted.
	m := f("10 0 80 20 5 0 40 50 0 1 70", "2 0 16 4 1 0 8 10 0 1 14", none...)
	if m.dropped(ingest.DropReset) != 1 {
		t.Errorf("dropped %v, want one reset", m.drops.List())
	}
	m.write("proc/diskstats", "8 0 sda 3 0 24 5 1 0 8 10 0 1 15\n")
	m.step()
	m.want("disk/sda", 1, 4096, 0.001, 0.001) // counts on from the new beginning
	// A device of the same name with many requests behind it: the times look like a wrap, the requests do not.
	f("10 0 80 4294967290 5 0 40 50 0 1 70", "2 0 16 4 6 0 48 60 0 2 90", none...)
	if bits.UintSize == 64 {
		f("4294967295 0 80 20 5 0 40 50 0 1 70", "2 0 96 24 6 0 48 60 0 2 90", none...)
	}
}

func TestHotPlug(t *testing.T) {
	sdb := func(reads int) string {
		return fmt.Sprintf("   8      16 sdb %d 0 %d 1 0 0 0 0 0 1 1\n", reads, 8*reads)
	}
	m := newMachine(t, map[string]string{"proc/diskstats": diskstats(5) + sdb(500)})
	m.step()
	m.write("proc/diskstats", diskstats(6)) // gone
	m.step()
	m.write("proc/diskstats", diskstats(7)+sdb(900)) // another one: 900 is no growth
	m.step()
	m.write("proc/diskstats", diskstats(8)+sdb(903))
	m.step()
	m.want("disk/sda", 3)
	m.want("disk/sdb", 3)
	if len(m.sink.ids) != 2 || len(m.drops.List()) != 0 {
		t.Errorf("workloads %v, dropped %v", m.sink.ids, m.drops.List())
	}
}

// A loop device that did nothing is no workload; its first requests are counted in full.
func TestUnusedDevice(t *testing.T) {
	unused := "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
	m := newMachine(t, map[string]string{"proc/diskstats": unused})
	m.step()
	m.step()
	if len(m.sink.ids) != 0 {
		t.Fatalf("workloads %v, want none", m.sink.ids)
	}
	m.write("proc/diskstats", "   7       0 loop0 4 0 32 2 0 0 0 0 0 2 2 0 0 0 0 0 0\n")
	m.step()
	m.want("disk/loop0", 4, 4*4096, 0.002, 0.002)
}

// A device whose requests the kernel does not count would look idle.
func TestUncountedDevice(t *testing.T) {
	m := newMachine(t, map[string]string{"proc/diskstats": diskstats(5), "sys/block/sda/queue/iostats": "0\n"})
	m.step()
	m.write("proc/diskstats", diskstats(6))
	m.step()
	if len(m.sink.ids) != 0 {
		t.Errorf("workloads %v, want none", m.sink.ids)
	}
	m.write("sys/block/sda/queue/iostats", "1\n")
	m.rescan = time.Time{}
	m.step()
	m.write("proc/diskstats", diskstats(7))
	m.step()
	m.want("disk/sda", 1)
}

func TestMachinePressure(t *testing.T) {
	psi := func(total int) string {
		return fmt.Sprintf("some avg10=0.03 avg60=0.05 avg300=0.10 total=%d\nfull avg10=0.03 avg60=0.04 avg300=0.06 total=1\n", total)
	}
	m := newMachine(t, map[string]string{"proc/diskstats": diskstats(5), "proc/pressure/io": psi(1_000_000)})
	m.step()
	m.write("proc/pressure/io", psi(1_250_000))
	m.step()
	m.want("disk/sda", 0, 0, 0, 0, 0.25)
	m.write("proc/pressure/io", "some avg10=x\n")
	m.step()
	m.write("proc/pressure/io", psi(1_300_000)) // over an unknown time: no reading
	m.step()
	m.want("disk/sda", 0, 0, 0, 0, 0.25)
	if m.dropped(dropUnreadable) != 1 {
		t.Errorf("dropped %v", m.drops.List())
	}
}

func TestDamagedDiskstats(t *testing.T) {
	m := newMachine(t, map[string]string{"proc/diskstats": diskstats(5)})
	m.step()
	m.write("proc/diskstats", diskstats(6)+"   8 16 sdb x y z\n")
	m.step()
	m.write("proc/diskstats", diskstats(7))
	m.step()
	m.want("disk/sda", 2) // nothing is lost
	if m.dropped(ingest.DropMalformed) != 1 {
		t.Errorf("dropped %v, want one malformed", m.drops.List())
	}
}

// The disks of this machine move when a file is written to the disk.
func TestThisMachine(t *testing.T) {
	if _, err := os.Stat("/proc/diskstats"); errors.Is(err, os.ErrNotExist) {
		t.Skip("no /proc/diskstats: run this on Linux with /proc mounted")
	}
	var drops ingest.Drops
	env := ingest.Env{Step: 10 * time.Second, Drops: &drops}
	source, err := New(Defaults(env), env)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t}
	if m.reader, err = source.newReader(&m.sink); err != nil {
		t.Fatal(err)
	}
	m.step()
	if len(m.disks.known) == 0 {
		t.Skip("this machine has no block devices")
	}
	const size = 4 << 20
	file, err := os.CreateTemp(".", "written-*.tmp")
	if err != nil {
		t.Skipf("cannot write here: %v", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	for range 8 {
		if _, err := file.Write(make([]byte, size/8)); err != nil {
			t.Fatal(err)
		}
		if err := file.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	m.step()
	most := 0.0
	for _, id := range m.sink.ids {
		if ops, moved := m.sink.sum(id, ingest.Ops), m.sink.sum(id, ingest.Bytes); ops >= 8 {
			most = math.Max(most, moved)
		}
	}
	if most < size {
		if _, ok := diskOf(t, file.Name()); !ok {
			t.Skip("the file's file system is on no block device (tmpfs, overlay, network)")
		}
		t.Errorf("%d bytes were synced to disk; the busiest of %v moved %.0f", size, m.sink.ids, most)
	}
	if list := drops.List(); len(list) != 0 {
		t.Errorf("dropped %v", list)
	}
}

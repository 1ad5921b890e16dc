package ebpf

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/prometheus/procfs/blockdevice"
	"golang.org/x/sync/errgroup"
)

// open gives a tracer, or skips the test where the machine does not allow one.
func open(t *testing.T, opts Options) *Tracer {
	t.Helper()
	tracer, err := Open(opts)
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tracer.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return tracer
}

// loopDevice makes a block device over a file, past the page cache, and takes it away after the test.
func loopDevice(t *testing.T, size int) (path string, dev Device) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("making a loop device takes root; run the tests as root")
	}
	file := filepath.Join(t.TempDir(), "disk.img")
	// Written, not only truncated: reads of holes would never reach the disk.
	if err := os.WriteFile(file, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("losetup", "--find", "--show", "--direct-io=on", file).Output()
	if err != nil {
		t.Skipf("losetup --direct-io=on: %v; it takes util-linux and a kernel with loop devices", err)
	}
	path = strings.TrimSpace(string(out))
	t.Cleanup(func() {
		if out, err := exec.Command("losetup", "--detach", path).CombinedOutput(); err != nil {
			t.Errorf("losetup --detach %s: %v: %s", path, err, out)
		}
	})
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return path, Device{Major: uint32(st.Rdev >> 8 & 0xfff), Minor: uint32(st.Rdev&0xff | st.Rdev>>12&0xfff00)}
}

const block = 4096

// tolerance is the share of requests that the kernel may keep from a tracing program: it does not run one in
// every context.
const tolerance = 0.1

// exercise reads and writes n blocks each at random places past the page cache, four at a time.
func exercise(t *testing.T, path string, size, n int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_DIRECT, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var group errgroup.Group
	for worker := range uint64(4) {
		group.Go(func() error {
			random := rand.New(rand.NewPCG(worker, 1))
			buf := aligned(block)
			for range n / 4 {
				if _, err := f.ReadAt(buf, random.Int64N(int64(size/block))*block); err != nil {
					return err
				}
				if _, err := f.WriteAt(buf, random.Int64N(int64(size/block))*block); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// aligned gives memory that direct I/O takes.
func aligned(n int) []byte {
	buf := make([]byte, n+block)
	skip := block - int(uintptr(unsafe.Pointer(&buf[0]))%block)
	return buf[skip : skip+n]
}

func diskstats(t *testing.T, name string) blockdevice.IOStats {
	t.Helper()
	fs, err := blockdevice.NewDefaultFS()
	if err != nil {
		t.Fatal(err)
	}
	all, err := fs.ProcDiskstats()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.DeviceName == name {
			return d.IOStats
		}
	}
	t.Fatalf("/proc/diskstats has no %s", name)
	return blockdevice.IOStats{}
}

func TestAgainstDiskstats(t *testing.T) {
	const size, n = 16 << 20, 4000
	tracer := open(t, Options{})
	path, dev := loopDevice(t, size)
	name := filepath.Base(path)
	if _, err := tracer.Read(); err != nil {
		t.Fatal(err)
	}

	// In virtual machines the kernel at times runs no tracing program at some completions, in bursts: a burst is measured again.
	var before, after blockdevice.IOStats
	var reading Reading
	for range 3 {
		before = diskstats(t, name)
		exercise(t, path, size, n)
		after = diskstats(t, name)
		var err error
		if reading, err = tracer.Read(); err != nil {
			t.Fatal(err)
		}
		done, seen := after.ReadIOs-before.ReadIOs+after.WriteIOs-before.WriteIOs, uint64(0)
		for _, direction := range []Direction{Read, Write} {
			if d := find(reading, Key{Device: dev, Direction: direction}); d != nil {
				seen += d.Ops
			}
		}
		if float64(seen) > (1-tolerance/2)*float64(done) {
			break
		}
		t.Logf("%d of %d requests were seen; again", seen, done)
	}

	f := func(direction Direction, ops, sectors, ms uint64) {
		t.Helper()
		d := find(reading, Key{Device: dev, Direction: direction})
		if d == nil {
			t.Fatalf("no %ss of %s were seen", direction, path)
		}
		if math.Abs(float64(d.Ops)/float64(ops)-1) > tolerance {
			t.Errorf("%d %ss, diskstats says %d, done were %d", d.Ops, direction, ops, n)
		}
		if math.Abs(float64(d.Bytes)/float64(sectors*512)-1) > tolerance {
			t.Errorf("%d bytes %s, diskstats says %d", d.Bytes, direction, sectors*512)
		}
		// diskstats cuts each request's time to whole nanoseconds, the sum to milliseconds.
		want := float64(ms) / 1e3 / float64(ops)
		if math.Abs(d.Mean()-want) > max(50e-6, 0.2*want) {
			t.Errorf("mean %s latency %.6f s, diskstats says %.6f", direction, d.Mean(), want)
		}
		if d.Errors != 0 || d.WaitSum > d.LatencySum {
			t.Errorf("%s: %d errors, waited %v of %v", direction, d.Errors, d.WaitSum, d.LatencySum)
		}
		checkShape(t, d)
		t.Logf("%s: %d requests (diskstats %d), mean %.6f s (%.6f), p50 %.6f, p99 %.6f", direction, d.Ops, ops,
			d.Mean(), want, d.Latency.Quantile(0.5), d.Latency.Quantile(0.99))
	}
	f(Read, after.ReadIOs-before.ReadIOs, after.ReadSectors-before.ReadSectors, after.ReadTicks-before.ReadTicks)
	f(Write, after.WriteIOs-before.WriteIOs, after.WriteSectors-before.WriteSectors, after.WriteTicks-before.WriteTicks)
}

// checkShape compares the histogram with the exact sum: the kernel's buckets must be those of Bounds.
func checkShape(t *testing.T, d *Delta) {
	t.Helper()
	var lower, upper time.Duration
	for i, n := range d.Latency {
		from, to := Bounds(i)
		if i == 0 {
			from = 0
		}
		lower += time.Duration(n) * from
		upper += time.Duration(n) * to
	}
	if d.LatencySum < lower || d.LatencySum > upper {
		t.Errorf("the latencies sum to %v, the histogram says from %v to %v", d.LatencySum, lower, upper)
	}
}

func find(r Reading, key Key) *Delta {
	for i := range r.Deltas {
		if r.Deltas[i].Key == key {
			return &r.Deltas[i]
		}
	}
	return nil
}

func TestReadTwice(t *testing.T) {
	const size, n = 1 << 20, 1000
	tracer := open(t, Options{})
	path, dev := loopDevice(t, size)
	key := Key{Device: dev, Direction: Write}
	var total uint64
	for range 3 {
		if _, err := tracer.Read(); err != nil {
			t.Fatal(err)
		}
		exercise(t, path, size, n)
		reading, err := tracer.Read()
		if err != nil {
			t.Fatal(err)
		}
		d := find(reading, key)
		if d == nil || d.Ops < n-n*tolerance || d.Ops > n+n*tolerance {
			t.Fatalf("after %d writes the reading is %+v", n, d)
		}
		total += d.Ops
	}
	reading, err := tracer.Read()
	if err != nil {
		t.Fatal(err)
	}
	if d := find(reading, key); d != nil && d.Ops > 0 {
		t.Errorf("%d further writes, after nothing was written", d.Ops)
	}
	if total < 3*(n-n*tolerance) {
		t.Errorf("%d writes in all, want %d", total, 3*n)
	}
}

func TestRoomRunsOut(t *testing.T) {
	const size, n = 1 << 20, 1000
	one := open(t, Options{})
	tracer := open(t, Options{MaxMemory: minSeries * one.cpus * seriesBytes})
	if tracer.room != minSeries {
		t.Fatalf("room for %d series, want %d", tracer.room, minSeries)
	}
	// Fill the room with devices that are not there.
	for i := range uint32(minSeries) {
		key := blockSeriesKey{Device: 4000<<minorBits | i}
		err := tracer.objects.Measured.Put(key, make([]blockSeries, tracer.cpus))
		if errors.Is(err, syscall.E2BIG) {
			break // this machine's disks took the rest
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path, dev := loopDevice(t, size)
	exercise(t, path, size, n)
	reading, err := tracer.Read()
	if err != nil {
		t.Fatal(err)
	}
	if reading.Unmeasured < 2*(n-n*tolerance) {
		t.Errorf("%d unmeasured requests, want %d", reading.Unmeasured, 2*n)
	}

	// A minute later the idle ones make room.
	if err := tracer.forget(time.Now().Add(2 * forgetIdle)); err != nil {
		t.Fatal(err)
	}
	exercise(t, path, size, n)
	reading, err = tracer.Read()
	if err != nil {
		t.Fatal(err)
	}
	if d := find(reading, Key{Device: dev, Direction: Read}); d == nil || d.Ops < n-n*tolerance {
		t.Errorf("after making room the reads are %+v", d)
	}
}

func TestTooLittleMemory(t *testing.T) {
	_, err := Open(Options{MaxMemory: 1000})
	if err == nil || errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "allow at least") {
		t.Errorf("got %v", err)
	}
}

func TestClose(t *testing.T) {
	tracer := open(t, Options{})
	for range 2 {
		if err := tracer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tracer.Read(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
}

func BenchmarkRead(b *testing.B) {
	tracer, err := Open(Options{})
	if err != nil {
		b.Skip(err)
	}
	defer tracer.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tracer.Read(); err != nil {
			b.Fatal(err)
		}
	}
}

package host

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

func ioStat(requests int) string {
	return fmt.Sprintf("8:0 rbytes=%d wbytes=0 rios=%d wios=0 dbytes=0 dios=0\n", 4096*requests, requests)
}

func pressure(total int) string {
	return fmt.Sprintf("some avg10=0 avg60=0 avg300=0 total=%d\n", total)
}

// next reads as if the time of a scan had come.
func (m *machine) next() {
	m.t.Helper()
	m.rescan = time.Time{}
	m.step()
}

func TestVersion2(t *testing.T) {
	m := newMachine(t, map[string]string{
		"proc/diskstats":                             "",
		"cgroup/cgroup.controllers":                  "cpu io\n",
		"cgroup/io.stat":                             ioStat(99), // the root is the machine, not a group
		"cgroup/app.slice/cgroup.procs":              "",         // no I/O controller here
		"cgroup/app.slice/db.service/io.stat":        ioStat(10),
		"cgroup/app.slice/db.service/io.pressure":    pressure(100),
		"cgroup/app.slice/db.service/io.max":         fixture(t, "io.max"),
		"cgroup/app.slice/idle.service/io.stat":      "",
		"cgroup/app.slice/idle.service/io.pressure":  pressure(7),
		"cgroup/init.scope/io.stat":                  ioStat(4),
		"cgroup/app.slice/boot.mount/io.stat":        ioStat(4),
		"cgroup/app.slice/db.service/nested/io.stat": ioStat(3),
	})
	m.step()
	if want := []foreshock.ID{"cgroup/app.slice/db.service", "cgroup/app.slice/db.service/nested"}; !slices.Equal(m.sink.ids, want) {
		t.Fatalf("workloads %v, want %v", m.sink.ids, want)
	}
	m.write("cgroup/app.slice/db.service/io.stat", ioStat(25))
	m.write("cgroup/app.slice/db.service/io.pressure", pressure(500_100))
	m.write("cgroup/app.slice/idle.service/io.stat", ioStat(2))
	m.step()
	nan := math.NaN()
	m.want("cgroup/app.slice/db.service", 15, 15*4096, nan, nan, 0.5)
	m.want("cgroup/app.slice/db.service/nested", 0, 0, nan, nan, nan)
	m.want("cgroup/app.slice/idle.service", 2, 8192, nan, nan, nan)
	if n := len(m.drops.List()); n != 0 {
		t.Errorf("dropped %v: %s", m.drops.List(), m.log.String())
	}
	// Limits: the lower of both directions, added up over the devices.
	for d, want := range map[foreshock.Dimension]float64{foreshock.DimIOPS: 1120, foreshock.DimThroughput: 3145728} {
		i := slices.IndexFunc(m.sink.readings["cgroup/app.slice/db.service"], func(r ingest.Reading) bool {
			return r.Field == ingest.AllocatedAt+ingest.Field(d)
		})
		if i < 0 {
			t.Errorf("no %s is allocated", d)
		} else if r := m.sink.readings["cgroup/app.slice/db.service"][i]; r.Value != want || r.Span != 0 {
			t.Errorf("%s: %+v, want %v", d, r, want)
		}
	}
}

func TestVersion1(t *testing.T) {
	files := map[string]string{
		"proc/diskstats": "",
		"cgroup/blkio/testbed/blkio.throttle.io_serviced":       "254:0 Read 10\n254:0 Write 1\nTotal 11\n",
		"cgroup/blkio/testbed/blkio.throttle.io_service_bytes":  "254:0 Read 40960\n254:0 Write 4096\nTotal 45056\n",
		"cgroup/blkio/testbed/blkio.throttle.read_iops_device":  "254:0 500\n",
		"cgroup/blkio/testbed/blkio.throttle.write_iops_device": "",
		"cgroup/blkio/testbed/blkio.throttle.read_bps_device":   "",
		"cgroup/blkio/testbed/blkio.throttle.write_bps_device":  "",
		"cgroup/unified/cgroup.controllers":                     "",
		"cgroup/unified/testbed/io.pressure":                    pressure(0),
	}
	f := func(suffix string) {
		t.Helper()
		m := newMachine(t, files)
		dir := "cgroup/blkio/testbed/blkio.throttle."
		m.write(dir+"io_serviced"+suffix, files[dir+"io_serviced"])
		m.write(dir+"io_service_bytes"+suffix, files[dir+"io_service_bytes"])
		m.step()
		m.write(dir+"io_serviced"+suffix, fixture(t, "blkio.throttle.io_serviced"))
		m.write(dir+"io_service_bytes"+suffix, fixture(t, "blkio.throttle.io_service_bytes"))
		m.write("cgroup/unified/testbed/io.pressure", pressure(2000))
		m.step()
		m.want("cgroup/testbed", 1062-11, (1062-11)*4096, math.NaN(), math.NaN(), 0.002)
		if got := m.sink.sum("cgroup/testbed", ingest.AllocatedAt+ingest.Field(foreshock.DimIOPS)); got != 1000 { // 500, twice
			t.Errorf("allocated IOPS of two readings add up to %v, want 1000", got)
		}
		if got := m.sink.sum("cgroup/testbed", ingest.AllocatedAt+ingest.Field(foreshock.DimThroughput)); !math.IsNaN(got) {
			t.Errorf("allocated throughput %v, and nothing limits it", got)
		}
	}
	f("")
	f("_recursive") // counts the groups below, too, and is used where it is there
}

// The kernel charges a request at each device that it passes: only the lowest counts.
func TestStackedDevices(t *testing.T) {
	stat := func(n int) string {
		return fmt.Sprintf("8:0 rbytes=%d rios=%d\n253:0 rbytes=%[1]d rios=%[2]d\n7:0 rbytes=%[1]d rios=%[2]d\n", 4096*n, n)
	}
	m := newMachine(t, map[string]string{
		"proc/diskstats":                  "",
		"sys/dev/block/253:0/slaves/sda":  "",
		"sys/dev/block/8:0/size":          "9",
		"sys/dev/block/7:0/loop/autocear": "0",
		"cgroup/cgroup.controllers":       "io\n",
		"cgroup/a/io.stat":                stat(1),
		"cgroup/a/io.max":                 "253:0 rbps=max wbps=max riops=300 wiops=max\n",
	})
	m.write("sys/dev/block/7:0/loop/backing_file", "/var/disk.img\n")
	m.step()
	m.write("cgroup/a/io.stat", stat(6))
	m.step()
	m.want("cgroup/a", 5, 5*4096)
	iops := ingest.AllocatedAt + ingest.Field(foreshock.DimIOPS)
	if got := m.sink.sum("cgroup/a", iops); got != 600 {
		t.Errorf("a limit on the mapped device only: two readings of 300 add up to %v", got)
	}
	m.sink.clear()
	m.write("cgroup/a/io.max", "8:0 riops=200\n253:0 riops=300\n")
	m.next()
	if got := m.sink.sum("cgroup/a", iops); got != 200 {
		t.Errorf("limits on both: %v, want that of the lowest device, 200", got)
	}
}

// Groups come and go; one of the same name is another group.
func TestGroupsComeAndGo(t *testing.T) {
	m := newMachine(t, map[string]string{"proc/diskstats": "", "cgroup/cgroup.controllers": "io\n", "cgroup/a/io.stat": ioStat(10)})
	m.step()
	m.remove("cgroup/a")
	m.step()
	m.write("cgroup/a/io.stat", ioStat(4)) // between two scans
	m.step()
	if m.dropped(ingest.DropReset) != 1 {
		t.Errorf("dropped %v, want one reset", m.drops.List())
	}
	m.write("cgroup/b/io.stat", ioStat(1))
	m.remove("cgroup/a")
	m.next()
	m.write("cgroup/a/io.stat", ioStat(50))
	m.next()
	m.write("cgroup/a/io.stat", ioStat(51))
	m.write("cgroup/b/io.stat", ioStat(8))
	m.step()
	m.want("cgroup/a", 1)
	m.want("cgroup/b", 7)
	m.remove("cgroup/cgroup.controllers")
	m.next()
	if len(m.groups.known) != 0 {
		t.Errorf("%d groups of a mount that has gone", len(m.groups.known))
	}
	if m.dropped(ingest.DropMalformed)+m.dropped(dropUnreadable) != 0 {
		t.Errorf("what has gone is no fault: %v", m.drops.List())
	}
}

func TestGroupFaults(t *testing.T) {
	m := newMachine(t, map[string]string{
		"proc/diskstats": "", "cgroup/cgroup.controllers": "io\n",
		"cgroup/a/io.stat": ioStat(10), "cgroup/a/io.pressure": pressure(1),
		"cgroup/b/io.stat": ioStat(10),
	})
	m.step()
	m.write("cgroup/a/io.stat", "8:0 rios=x\n")
	m.write("cgroup/a/io.max", "8:0 riops=x\n")
	for range 5 {
		m.next()
	}
	m.write("cgroup/a/io.stat", ioStat(14))
	m.write("cgroup/b/io.stat", ioStat(14))
	m.write("cgroup/a/io.pressure", "what?")
	m.step()
	m.want("cgroup/a", 4)
	m.want("cgroup/b", 4)
	if got := m.dropped(ingest.DropMalformed); got != 5+5+1 {
		t.Errorf("%d malformed, want 11: %v", got, m.drops.List())
	}
	if n := strings.Count(m.log.String(), "WARN"); n != 3 {
		t.Errorf("%d warnings, want one per cause:\n%s", n, m.log.String())
	}
}

func TestManyGroups(t *testing.T) {
	files := map[string]string{"proc/diskstats": "", "cgroup/cgroup.controllers": "io\n"}
	for i := range 20 {
		files[fmt.Sprintf("cgroup/g%02d/io.stat", i)] = ioStat(1)
	}
	m := newMachine(t, files, func(c *Config) { c.Cgroups.Max, c.Cgroups.Exclude = 5, "g0[13]" })
	m.step()
	if want := []foreshock.ID{"cgroup/g00", "cgroup/g02", "cgroup/g04", "cgroup/g05", "cgroup/g06"}; !slices.Equal(m.sink.ids, want) {
		t.Errorf("workloads %v, want %v", m.sink.ids, want)
	}
	if m.dropped(ingest.DropTooMany) != 13 || !strings.Contains(m.log.String(), "raise cgroups.max") {
		t.Errorf("dropped %v, log %s", m.drops.List(), m.log.String())
	}
	none := newMachine(t, files, func(c *Config) { c.Cgroups.Max = 0 })
	none.step()
	if len(none.sink.ids) != 0 {
		t.Errorf("workloads %v with cgroups.max 0", none.sink.ids)
	}
}

func TestNoCgroups(t *testing.T) {
	m := newMachine(t, map[string]string{"proc/diskstats": diskstats(1)})
	m.remove("cgroup")
	m.next()
	m.next()
	if len(m.drops.List()) != 0 || strings.Count(m.log.String(), "no control groups") != 1 {
		t.Errorf("dropped %v, log %s", m.drops.List(), m.log.String())
	}
}

// A read of 500 control groups with pressure, and every tenth one with the search for new ones.
func BenchmarkRead500Cgroups(b *testing.B) {
	if runtime.GOOS == "windows" {
		b.Skip("control groups are read on Linux")
	}
	files := map[string]string{"proc/diskstats": diskstats(1), "cgroup/cgroup.controllers": "io\n"}
	for i := range 500 {
		dir := fmt.Sprintf("cgroup/kubepods.slice/pod%03d.slice/container.scope/", i)
		files[dir+"io.stat"] = fixture(b, "io.stat")
		files[dir+"io.pressure"] = fixture(b, "io.pressure")
		files[dir+"io.max"] = fixture(b, "io.max")
	}
	m := newMachine(b, files)
	m.read()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%10 == 0 {
			m.rescan = time.Time{}
		}
		if got := len(m.read()); got < 500*5 {
			b.Fatalf("%d readings", got)
		}
	}
}

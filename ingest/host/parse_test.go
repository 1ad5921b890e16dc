package host

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
)

func all(device) bool { return true }

func fixture(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "cgroup", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestParseIOStat(t *testing.T) {
	f := func(data string, counts func(device) bool, ops, bytes uint64) {
		t.Helper()
		if got, err := parseIOStat([]byte(data), counts); err != nil || got != (ioCounters{ops, bytes}) {
			t.Errorf("%q: %+v, %v; want %d requests, %d bytes", data, got, err, ops, bytes)
		}
	}
	f("", all, 0, 0)
	f("\n", all, 0, 0)
	f("8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n", all, 3, 12288)
	f("8:0 rbytes=4096 wbytes=8192 rios=1 wios=2", all, 3, 12288)
	f("8:0 \n8:16 rios=1", all, 1, 0)
	f("8:16 8:0 rios=1 rbytes=7", func(d device) bool { return d == device{8, 0} }, 1, 7)
	f("8:16 8:0 rios=1 rbytes=7", func(d device) bool { return d == device{8, 16} }, 0, 0)
	notMapped := func(d device) bool { return d.major != 253 }
	f(fixture(t, "io.stat"), notMapped, 192+353+8950+1252, 1459200+314773504+90430464+299008000)

	bad := func(data string) {
		t.Helper()
		if got, err := parseIOStat([]byte(data), all); err == nil {
			t.Errorf("%q is taken as %+v", data, got)
		}
	}
	bad("8:0 rios=x")
	bad("8:0 rios=-1")
	bad("8:0 rios=18446744073709551616")
	bad("8:0 rios=")
	bad("sda rios=1")
	bad("<html>")
}

func TestParseBlkio(t *testing.T) {
	f := func(data string, want uint64) {
		t.Helper()
		if got, err := parseBlkio([]byte(data), all); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", data, got, err, want)
		}
	}
	f("", 0)
	f("Total 0\n", 0)
	f(fixture(t, "blkio.throttle.io_serviced"), 37+5+1000+20)
	f(fixture(t, "blkio.throttle.io_service_bytes"), 4096*(37+5+1000+20))

	bad := func(data string) {
		t.Helper()
		if got, err := parseBlkio([]byte(data), all); err == nil {
			t.Errorf("%q is taken as %d", data, got)
		}
	}
	bad("8:0 Read x")
	bad("8:0 Read 1 2")
	bad("sda Read 1")
}

func TestParsePressure(t *testing.T) {
	f := func(data string, want uint64, wantOK bool) {
		t.Helper()
		if got, err := parsePressure([]byte(data)); got != want || (err == nil) != wantOK {
			t.Errorf("%q: %d, %v; want %d", data, got, err, want)
		}
	}
	f(fixture(t, "io.pressure"), 8537362, true)
	f("full total=3\nsome total=4\n", 4, true)
	f("full total=3\n", 0, false)
	f("some avg10=0.00\n", 0, false)
	f("some total=x\n", 0, false)
	f("", 0, false)
}

func TestParseLimits(t *testing.T) {
	f := func(data string, want map[device]limit) {
		t.Helper()
		got := map[device]limit{}
		if err := parseIOMax([]byte(data), got); err != nil || !maps.Equal(got, want) {
			t.Errorf("%q: %v, %v; want %v", data, got, err, want)
		}
	}
	f("", nil)
	f("8:0 rbps=max wbps=max riops=max wiops=max\n", nil)
	f(fixture(t, "io.max"), map[device]limit{{8, 16}: {120, 2097152}, {259, 3}: {1000, 1048576}})

	throttle := func(data string, want uint64, wantOK bool) {
		t.Helper()
		var got uint64
		err := parseThrottle([]byte(data), func(_ device, amount uint64) { got += amount })
		if got != want || (err == nil) != wantOK {
			t.Errorf("%q: %d, %v; want %d", data, got, err, want)
		}
	}
	throttle("", 0, true)
	throttle("8:16 1000\n254:0 400\n", 1400, true)
	throttle("8:16\n", 0, false)
	throttle("8:16 max\n", 0, false)
}

// Whatever is in a file, the parsers end, and what they take is what adding up by hand would take.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"io.stat", "io.max", "io.pressure", "blkio.throttle.io_serviced", "blkio.throttle.io_service_bytes"} {
		f.Add([]byte(fixture(f, file)))
	}
	f.Add([]byte("8:0 8:16 rios=1\n8:0 1000\nTotal 4\nsome total=5"))
	f.Fuzz(func(t *testing.T, data []byte) {
		twice := append(append(append([]byte{}, data...), '\n'), data...)
		if one, err := parseIOStat(data, all); err == nil {
			if two, err := parseIOStat(twice, all); err != nil || two.ops != 2*one.ops || two.bytes != 2*one.bytes {
				t.Errorf("io.stat: %+v, twice the same is %+v, %v", one, two, err)
			}
			if none, err := parseIOStat(data, func(device) bool { return false }); err != nil || none != (ioCounters{}) {
				t.Errorf("io.stat: %+v of no device, %v", none, err)
			}
		}
		if one, err := parseBlkio(data, all); err == nil {
			if two, err := parseBlkio(twice, all); err != nil || two != 2*one {
				t.Errorf("blkio: %d, twice the same is %d, %v", one, two, err)
			}
		}
		if one, err := parsePressure(data); err == nil {
			if two, err := parsePressure(twice); err != nil || two != one {
				t.Errorf("pressure: %d, then %d, %v", one, two, err)
			}
		}
		limits := map[device]limit{}
		if parseIOMax(data, limits) == nil {
			for d, l := range limits {
				if l == (limit{}) {
					t.Errorf("io.max: %v has no limit, and is there", d)
				}
			}
		}
		sum := 0
		if parseThrottle(data, func(device, uint64) { sum++ }) == nil && sum > len(data)/5+1 {
			t.Errorf("throttle: %d limits in %d bytes", sum, len(data))
		}
	})
}

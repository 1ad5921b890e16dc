package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Demand is what a replay reads; what a replay would count and pass over is told.
func TestDemand(t *testing.T) {
	write := func(text string) string {
		file := filepath.Join(t.TempDir(), "vol.csv")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	f := func(text string, want ...float64) {
		t.Helper()
		got, err := Demand(write(text))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Demand) != len(want) {
			t.Fatalf("%+v", got)
		}
		for i, x := range want {
			if x < 0 != got.Missing[i] || x >= 0 && got.Demand[i] != x {
				t.Errorf("%+v, want %v", got, want)
			}
		}
	}
	f("time,iops\n2026-03-01 00:00:00,1\n2026-03-01 00:01:00,2\n", 1, 2)
	f("time,iops\n2026-03-01 00:01:00,2\n2026-03-01 00:00:00,1\n", 1, 2) // the order does not matter
	f("unix_seconds,iops\n1767571200.0,1\n1767571260.0,2\n", 1, 2)
	f("time, IOPS\n1767571200000, 1\n1767571260000, NaN\n1767571320000, 3\n1767571380000,4\n", 1, -1, 3, 4)
	f("time,iops\n1767571200.0,1\n1767571200.5,2\n1767571201.0,3\n1767571201.5,4\n"+seconds(2, 60), (1.5+3.5+58*9)/60)
	fault := func(text, want string) {
		t.Helper()
		if _, err := Demand(write(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	fault("", "is empty")
	fault("time,iops\n1,2\n", "1 rows; at least 2 are needed")
	fault("time,latency_ms\n1,2\n61,2\n", "no row has iops")
	fault("id,time,iops\na,1,2\nb,1,2\n", "it has 2 workloads (a, b), and one is simulated")
	fault("time,iops\n2026-10-25 02:00:00,2\n2026-10-25 02:30:00,2\n2026-10-25 02:00:00,2\n2026-10-25 02:30:00,2\n", "2 rows have the time of another; leave one row for each time, and where a clock was put back")
	fault("time,iops\n1,2\n61,x\n121,3\n", `line 3: iops: "x" is no number: 61,x; correct it`)
	fault("time,iops\n1,2\n61\n121,3\n", "line 3: it has 1 cells, and there are 2 columns")
}

// seconds are rows of 9 for each half of a second.
func seconds(from, to int) string {
	var b strings.Builder
	for i := 2 * from; i < 2*to; i++ {
		b.WriteString("17675712" + string(rune('0'+i/20)) + string(rune('0'+i/2%10)) + "." + string(rune('0'+i%2*5)) + ",9\n")
	}
	return b.String()
}

package providers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every limit and ratio of EBS at its boundary: the last amount that is allowed, and the first that is not.
func TestLimitsOfEBS(t *testing.T) {
	types, err := VolumeTypes("ebs", "")
	if err != nil {
		t.Fatal(err)
	}
	f := func(name string, size, iops, throughput float64, broken string) {
		t.Helper()
		err := types[name].Check(size, iops, throughput)
		if (err == nil) != (broken == "") || err != nil && !strings.Contains(err.Error(), broken) {
			t.Errorf("%s of %g GiB, %g IOPS, %g MiB/s: %v, want %q", name, size, iops, throughput, err, broken)
		}
	}
	f("gp3", 1, 3000, 125, "")
	f("gp3", 0, 3000, 125, "0 GiB is not between 1 and 65536")
	f("gp3", 65536, 3000, 125, "")
	f("gp3", 65537, 3000, 125, "65537 GiB")
	f("gp3", 10, 2999, 125, "2999 IOPS is not between")
	f("gp3", 160, 80000, 2000, "")
	f("gp3", 65536, 80001, 125, "80001 IOPS is not between")
	f("gp3", 159, 80000, 125, "79500, the most for 159 GiB")
	f("gp3", 159, 79500, 125, "")
	f("gp3", 6, 3000, 125, "") // 500 a GiB is the same
	f("gp3", 5, 3000, 125, "") // the baseline holds at every size
	f("gp3", 5, 3001, 125, "3000, the most for 5 GiB")
	f("gp3", 7, 3500, 125, "")
	f("gp3", 7, 3501, 125, "8 GiB would allow it")
	f("gp3", 100, 3000, 124, "124 MiB/s is not between")
	f("gp3", 100, 3000, 750, "")
	f("gp3", 100, 3000, 751, "3004 IOPS would allow it")
	f("gp3", 16, 8000, 2000, "")
	f("gp3", 15, 8000, 2000, "7500, the most for 15 GiB")
	f("gp3", 16, 7999, 2000, "1999, the most for 7999 IOPS")
	f("gp3", 100, 20000, 2001, "2001 MiB/s is not between")
	f("gp3", 100.5, 3000, 125, "not a whole number")
	f("io2", 4, 100, 0, "")
	f("io2", 3, 100, 0, "3 GiB")
	f("io2", 65536, 256000, 0, "")
	f("io2", 65537, 100, 0, "65537 GiB")
	f("io2", 256, 256000, 0, "")
	f("io2", 255, 256000, 0, "255000, the most for 255 GiB")
	f("io2", 300, 256001, 0, "256001 IOPS")
	f("io2", 4, 99, 0, "99 IOPS")
	f("io2", 4, 4000, 0, "")
	f("io2", 4, 4001, 0, "5 GiB would allow it")
	f("io2", 4, 100, 125, "io2 volumes have no throughput")
	f("io1", 4, 200, 0, "")
	f("io1", 4, 201, 0, "200, the most for 4 GiB")
	f("io1", 1280, 64000, 0, "")
	f("io1", 1279, 64000, 0, "1280 GiB would allow it")
	f("io1", 16384, 64001, 0, "64001 IOPS")
	f("io1", 16385, 100, 0, "16385 GiB")
	f("io1", 3, 100, 0, "3 GiB")
	f("gp2", 1, 0, 0, "")
	f("gp2", 16384, 0, 0, "")
	f("gp2", 16385, 0, 0, "16385 GiB")
	f("gp2", 100, 3000, 0, "gp2 volumes have no IOPS")
	f("gp2", 100, 0, 250, "gp2 volumes have no throughput")
	for _, name := range []string{"st1", "sc1"} {
		f(name, 125, 0, 0, "")
		f(name, 124, 0, 0, "124 GiB")
		f(name, 16384, 0, 0, "")
		f(name, 16385, 0, 0, "16385 GiB")
	}
	f("standard", 1, 0, 0, "")
	f("standard", 1024, 0, 0, "")
	f("standard", 1025, 0, 0, "1025 GiB")
	if len(types) != 7 {
		t.Errorf("%d types are known", len(types))
	}
	for _, f := range builtin.Volumes {
		if err := f.faults(); err != nil {
			t.Error(err)
		}
	}
	for name, v := range types {
		if v.Changes != 4 || v.Window != 24*time.Hour || len(v.States) != 4 {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// What the bounds say is allowed is, and one more is not.
func TestBoundsAreTight(t *testing.T) {
	types, err := VolumeTypes("ebs", "")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := types[rapid.SampledFrom([]string{"gp3", "io2", "io1"}).Draw(t, "type")]
		size := float64(rapid.IntRange(int(v.Size.Min), 2000).Draw(t, "size"))
		iops := v.MostIOPS(size)
		throughput := v.MostThroughput(iops)
		if err := v.Check(size, iops, throughput); err != nil {
			t.Fatalf("the most is too much: %v", err)
		}
		if v.Check(size, iops+1, throughput) == nil || v.Check(size, iops, throughput+1) == nil {
			t.Fatal("more than the most is allowed")
		}
		if v.LeastSize(iops) > size || v.LeastIOPS(throughput) > iops {
			t.Fatal("the least is above what is allowed")
		}
	})
}

// Someone who knows better states a type anew, in whole and with its source.
func TestOwnVolumeTypes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "types.yaml")
	f := func(text, wrong string) map[string]VolumeType {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		types, err := VolumeTypes("ebs", file)
		if (err == nil) != (wrong == "") || err != nil && !(strings.Contains(err.Error(), wrong) && strings.Contains(err.Error(), file)) {
			t.Errorf("%v, want %q", err, wrong)
		}
		return types
	}
	const outpost = "volumes:\n- {provider: ebs, source: a rack, as_of: 2026-01-02, changes: 4, window: 24h, states: {completed: done}," +
		" types: [{name: gp3, size: {min: 1, max: 16384}, iops: {min: 3000, max: 16000}, throughput: {min: 125, max: 1000}, iops_per_gib: 500}]}\n"
	types := f(outpost, "")
	if types["gp3"].IOPS.Max != 16000 || types["io2"].IOPS.Max != 256000 {
		t.Errorf("%+v", types)
	}
	f(strings.Replace(outpost, "source: a rack, ", "", 1), "source and as_of")
	f(strings.Replace(outpost, "2026-01-02", "lately", 1), "source and as_of")
	f(strings.Replace(outpost, "max: 16000", "max: 1", 1), "is no range")
	f(strings.Replace(outpost, "completed: done", "completed: over", 1), "state completed")
	f(strings.Replace(outpost, "iops_per_gib", "iops_per_gb", 1), "iops_per_gb")
	f(strings.Replace(outpost, ", window: 24h", "", 1), "together")
	f(strings.Replace(outpost, "max: 16000", "max: 10MiB", 1), ":2:177: a number is expected, for example 16000")
	f("volumes: []\n---\nvolumes: []\n", "types.yaml:2: only one document is read")
	f("volumes:\n- {provider: ebs, window: 1 day}\n", "types.yaml:2:27: a duration is expected")
	f("volumes:\n- {provider: ebs, source: x, as_of: 2026-08-07, changes: 4, window: 1d, works_after: 1d}\n", "unknown field \"works_after\"")
	f("volumes:\n- {provider: ebs, source: x, as_of: 2026-08-07, changes: 4, window: 1d, types: []}\n", "")
}

// Every limit and ratio of Azure's managed disks at its boundary, and which tiers a disk may have.
func TestLimitsOfAzure(t *testing.T) {
	types, err := VolumeTypes("azure-disks", "")
	if err != nil {
		t.Fatal(err)
	}
	f := func(name string, size, iops, throughput float64, broken string) {
		t.Helper()
		err := types[name].Check(size, iops, throughput)
		if (err == nil) != (broken == "") || err != nil && !strings.Contains(err.Error(), broken) {
			t.Errorf("%s of %g GiB, %g IOPS, %g MB/s: %v, want %q", name, size, iops, throughput, err, broken)
		}
	}
	const v2, ultra = "PremiumV2_LRS", "UltraSSD_LRS"
	f(v2, 1, 3000, 125, "")
	f(v2, 0, 3000, 125, "0 GiB is not between 1 and 65536")
	f(v2, 65536, 3000, 125, "")
	f(v2, 65537, 3000, 125, "65537 GiB")
	f(v2, 10, 2999, 125, "2999 IOPS is not between")
	f(v2, 6, 3000, 750, "")
	f(v2, 6, 3001, 125, "3000, the most for 6 GiB")
	f(v2, 8, 4000, 1000, "") // the documentation's examples
	f(v2, 8, 4001, 125, "9 GiB would allow it")
	f(v2, 10, 5000, 125, "")
	f(v2, 160, 80000, 2000, "")
	f(v2, 159, 80000, 125, "160 GiB would allow it")
	f(v2, 65536, 80001, 125, "80001 IOPS is not between")
	f(v2, 100, 3000, 124, "124 MB/s is not between")
	f(v2, 100, 3000, 750, "")
	f(v2, 100, 3000, 751, "3004 IOPS would allow it")
	f(v2, 100, 8000, 2000, "")
	f(v2, 100, 7999, 2000, "1999, the most for 7999 IOPS")
	f(v2, 100, 20000, 2001, "2001 MB/s is not between")
	f(v2, 10.5, 3000, 125, "not a whole number")
	for size, caps := range map[float64][2]float64{4: {4000, 1000}, 8: {8000, 2000}, 16: {16000, 4000}, 32: {32000, 8000}, 64: {64000, 10000}, 128: {128000, 10000}, 256: {256000, 10000}, 512: {400000, 10000}, 65536: {400000, 10000}} {
		f(ultra, size, caps[0], caps[1], "")
		f(ultra, size, caps[0]+1, 1, "IOPS")
		f(ultra, size, caps[0], caps[1]+1, "MB/s")
	}
	f(ultra, 3, 100, 1, "3 GiB is not between 4 and 65536")
	f(ultra, 65537, 100, 1, "65537 GiB")
	f(ultra, 4, 99, 1, "99 IOPS is not between 100 and 400000")
	f(ultra, 4, 100, 0, "0 MB/s is not between 1 and 10000")
	f(ultra, 4, 100, 25, "")
	f(ultra, 4, 100, 26, "104 IOPS would allow it")
	f("Premium_LRS", 32767, 0, 0, "")
	f("Premium_LRS", 32768, 0, 0, "32768 GiB")
	f("StandardSSD_LRS", 32768, 0, 0, "32768 GiB")
	f("Standard_LRS", 100, 500, 0, "Standard_LRS volumes have no IOPS")

	tiers := func(size float64, want string) {
		t.Helper()
		for _, name := range []string{"Premium_LRS", "Premium_ZRS"} {
			var got []string
			for _, tier := range types[name].TiersAt(size) {
				got = append(got, tier.Name)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s of %g GiB: %v, want %s", name, size, got, want)
			}
		}
	}
	tiers(4, "P1 P2 P3 P4 P6 P10 P15 P20 P30 P40 P50")
	tiers(5, "P2 P3 P4 P6 P10 P15 P20 P30 P40 P50")
	tiers(128, "P10 P15 P20 P30 P40 P50")
	tiers(129, "P15 P20 P30 P40 P50")
	tiers(4096, "P50")
	tiers(4097, "P60 P70 P80")
	tiers(16384, "P70 P80")
	tiers(32767, "P80")
	for name, v := range types {
		counted := name == v2 || name == ultra
		if (v.Changes == 4 && v.Window == 24*time.Hour) != counted || v.CreationCounts != (name == v2) || (v.WorksAfter == time.Hour) != (name == ultra) ||
			v.Bytes() != 1e6 || (v.TierDownEvery == 12*time.Hour) != (len(v.Tiers) == 14) {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// Every limit and ratio of Google's disks at its boundary.
func TestLimitsOfGCP(t *testing.T) {
	types, err := VolumeTypes("gcp", "")
	if err != nil {
		t.Fatal(err)
	}
	f := func(name string, size, iops, throughput float64, broken string) {
		t.Helper()
		err := types[name].At(size).Check(size, iops, throughput)
		if (err == nil) != (broken == "") || err != nil && !strings.Contains(err.Error(), broken) {
			t.Errorf("%s of %g GiB, %g IOPS, %g MiB/s: %v, want %q", name, size, iops, throughput, err, broken)
		}
	}
	const balanced, extreme, throughput = "hyperdisk-balanced", "hyperdisk-extreme", "hyperdisk-throughput"
	f(balanced, 3, 1500, 140, "3 GiB is not between 4 and 65536")
	f(balanced, 4, 2000, 140, "") // small sizes have just their ratio
	f(balanced, 4, 1999, 140, "1999 IOPS is not between 2000 and")
	f(balanced, 4, 2001, 140, "2000, the most for 4 GiB")
	f(balanced, 5, 2500, 140, "")
	f(balanced, 5, 2499, 140, "2499 IOPS is not between 2500 and")
	f(balanced, 5, 2501, 140, "6 GiB would allow it")
	f(balanced, 6, 3000, 140, "")
	f(balanced, 6, 2999, 140, "2999 IOPS is not between 3000 and 160000")
	f(balanced, 6, 3001, 140, "7 GiB would allow it")
	f(balanced, 65536, 160000, 625, "")
	f(balanced, 65536, 160001, 2400, "160001 IOPS is not between")
	f(balanced, 65537, 3000, 140, "65537 GiB")
	f(balanced, 320, 160000, 2400, "")
	f(balanced, 319, 160000, 2400, "320 GiB would allow it")
	f(balanced, 100, 3000, 139, "139 MiB/s is not between 140 and 2400")
	f(balanced, 100, 3000, 750, "")
	f(balanced, 100, 3000, 751, "3004 IOPS would allow it")
	f(balanced, 4, 2000, 500, "")
	f(balanced, 4, 2000, 501, "500, the most for 2000 IOPS")
	f(balanced, 100, 9600, 2400, "")
	f(balanced, 100, 20000, 2401, "2401 MiB/s is not between")
	f(balanced, 100, 35840, 140, "")
	f(balanced, 100, 35841, 140, "140 MiB/s are below 141, the least for 35841 IOPS")
	f(balanced, 320, 160000, 624, "below 625")
	f(balanced, 10.5, 3000, 140, "not a whole number")
	const available = "hyperdisk-balanced-high-availability"
	f(available, 4, 2000, 140, "")
	f(available, 200, 100000, 1200, "")
	f(available, 65536, 100001, 1200, "100001 IOPS is not between")
	f(available, 200, 100000, 1201, "1201 MiB/s is not between")
	f(available, 199, 100000, 1200, "200 GiB would allow it")
	f(extreme, 63, 128, 0, "63 GiB is not between 64 and 65536")
	f(extreme, 64, 128, 0, "")
	f(extreme, 64, 127, 0, "127 IOPS is not between 128 and")
	f(extreme, 65, 129, 0, "129 IOPS is not between 130 and")
	f(extreme, 65, 130, 0, "")
	f(extreme, 64, 76800, 0, "")
	f(extreme, 64, 76801, 0, "65 GiB would allow it")
	f(extreme, 292, 350000, 0, "")
	f(extreme, 291, 350000, 0, "349200, the most for 291 GiB")
	f(extreme, 1000, 350001, 0, "350001 IOPS")
	f(extreme, 65536, 131072, 0, "")
	f(extreme, 65536, 131071, 0, "131071 IOPS is not between 131072 and")
	f(extreme, 1000, 5000, 100, "hyperdisk-extreme volumes have no throughput")
	f(throughput, 2047, 0, 20, "2047 GiB is not between 2048 and 32768")
	f(throughput, 2048, 0, 20, "")
	f(throughput, 2048, 0, 19, "19 MiB/s is not between 20 and")
	f(throughput, 2048, 0, 180, "")
	f(throughput, 2048, 0, 181, "181 MiB/s is not between 20 and 180")
	f(throughput, 2049, 0, 20, "20 MiB/s is not between 21 and") // 10 a TiB
	f(throughput, 2049, 0, 21, "")
	f(throughput, 32768, 0, 320, "")
	f(throughput, 32768, 0, 319, "319 MiB/s is not between 320 and 2400")
	f(throughput, 32768, 0, 2400, "")
	f(throughput, 32768, 0, 2401, "2401 MiB/s is not between")
	f(throughput, 32769, 0, 400, "32769 GiB")
	f(throughput, 2048, 1000, 20, "hyperdisk-throughput volumes have no IOPS")
	for _, name := range []string{"pd-standard", "pd-balanced", "pd-ssd"} {
		f(name, 10, 0, 0, "")
		f(name, 9, 0, 0, "9 GiB")
		f(name, 65536, 0, 0, "")
		f(name, 65537, 0, 0, "65537 GiB")
		f(name, 100, 3000, 0, "have no IOPS")
	}
	f("pd-extreme", 500, 0, 0, "")
	f("pd-extreme", 499, 0, 0, "499 GiB")
	for name, v := range types {
		if hyper := strings.HasPrefix(name, "hyperdisk"); v.Each != hyper || (v.Changes == 1 && v.Window == 4*time.Hour) != hyper {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// What is enough for a size, or for IOPS, is, and one more is not.
func TestWhatIsEnough(t *testing.T) {
	types, err := VolumeTypes("gcp", "")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := types[rapid.SampledFrom([]string{"hyperdisk-balanced", "hyperdisk-extreme", "hyperdisk-throughput"}).Draw(t, "type")]
		size := float64(rapid.IntRange(int(v.Size.Min), int(v.Size.Max)-1).Draw(t, "size"))
		at := v.At(size)
		iops := float64(rapid.IntRange(int(at.IOPS.Min), int(at.MostIOPS(size))).Draw(t, "iops"))
		throughput := at.LeastThroughput(iops)
		if err := at.Check(size, iops, throughput); err != nil {
			t.Fatal(err)
		}
		most := v.MostSize(iops, throughput)
		if err := v.At(most).Check(most, iops, throughput); err != nil && iops <= v.At(most).MostIOPS(most) {
			t.Fatalf("%g GiB: %v", most, err)
		}
		if more := v.At(most + 1); most < size || most < v.Size.Max && more.Check(most+1, iops, throughput) == nil {
			t.Fatalf("at most %g GiB, but %g are allowed", most, most+1)
		}
		if with := v.MostIOPSWith(throughput); v.Throughput.Max > 0 && (with < iops || v.LeastThroughput(with) > throughput || with < v.IOPS.Max && v.LeastThroughput(with+1) <= throughput) {
			t.Fatalf("%g MiB/s are enough for %g IOPS", throughput, with)
		}
	})
}

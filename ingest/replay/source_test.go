package replay

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// folding is a sink with a virtual clock that folds as the program does.
type folding struct {
	length   time.Duration
	ids      []foreshock.ID
	folds    []*ingest.Fold
	steps    []foreshock.Step
	clocks   []time.Time // when each step was complete
	now      time.Time
	advances int
	dropped  map[ingest.Drop]int
	backward bool
	most     int // workloads
	limit    int // of the work, then stop is called
	work     int // advances, each for every workload
	stop     func()
}

func newFolding(step time.Duration) *folding {
	return &folding{length: step, dropped: map[ingest.Drop]int{}, most: 100_000}
}

func (f *folding) atMost(n int, stop func()) { f.limit, f.stop = n, stop }

func (f *folding) Register(id foreshock.ID, about ingest.About) (ingest.Handle, error) {
	if len(f.ids) >= f.most {
		return 0, ingest.ErrTooMany
	}
	f.ids = append(f.ids, id)
	f.folds = append(f.folds, ingest.NewFold(about.Step, about.Lateness))
	return ingest.Handle(len(f.ids) - 1), nil
}

func (f *folding) Push(ctx context.Context, batch []ingest.Reading) error {
	for i := range batch {
		r := &batch[i]
		if time.UnixMilli(r.Time).Sub(f.now) > 5*time.Minute {
			f.dropped[ingest.DropFuture]++
			continue
		}
		f.close(int(r.Handle), r.Time)
		if why := f.folds[r.Handle].Add(r); why != "" {
			f.dropped[why]++
		}
	}
	return ctx.Err()
}

func (f *folding) close(i int, ms int64) {
	var step foreshock.Step
	for f.folds[i].Close(ms, &step) {
		step.ID = f.ids[i]
		f.steps = append(f.steps, step)
		f.clocks = append(f.clocks, f.now)
	}
}

func (f *folding) Slow(ingest.Operation) {}

func (f *folding) Advance(ctx context.Context, now time.Time) error {
	f.backward = f.backward || now.Before(f.now)
	f.now = now
	f.advances++
	f.work += 1 + len(f.folds)
	if f.stop != nil && f.work > f.limit {
		f.stop()
	}
	for i := range f.folds {
		f.close(i, now.UnixMilli())
	}
	return ctx.Err()
}

// run replays a file into a folding sink.
func run(t testing.TB, file string, opts Options) (*folding, Report) {
	t.Helper()
	r, err := Open(file, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sink := newFolding(r.Step())
	if err := r.Run(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	if sink.backward {
		t.Errorf("%s: the clock went back", file)
	}
	for i := range sink.steps {
		if late := sink.clocks[i].Sub(sink.steps[i].Time); late <= 0 || late > sink.steps[i].Length {
			t.Errorf("%s: the step that ends at %v was complete at %v", file, sink.steps[i].Time, sink.clocks[i])
			break
		}
	}
	return sink, r.Report()
}

func TestSteps(t *testing.T) {
	f := func(content string, opts Options, want string) {
		t.Helper()
		sink, _ := run(t, write(t, "vol.csv", content), opts)
		got := ""
		for i := range sink.steps {
			x, _ := sink.steps[i].Values.Get(foreshock.IOPS)
			got += fmt.Sprintf(" %s=%g", sink.steps[i].Time.Format("15:04:05"), x)
		}
		if got != " "+want || len(sink.dropped) > 0 {
			t.Errorf("%q\nfolds to%s\nwant     %s; dropped %v", content, got, want, sink.dropped)
		}
	}
	// A row that is stamped t belongs to the step that ends at t+step. Holes stay holes.
	f("time,iops\n600,1\n900,2\n1200,3\n", Options{}, "00:15:00=1 00:20:00=2 00:25:00=3")
	f("time,iops\n600,1\n900,2\n2400,3\n", Options{}, "00:15:00=1 00:20:00=2 00:45:00=3")
	f("time,iops\n0,1\n300,2\n600,3\n", Options{}, "00:05:00=1 00:10:00=2 00:15:00=3")
	// Rows beside the grid, and rows that are stamped early and late.
	f("time,iops\n840,1\n1140,2\n1440,3\n1740,4\n", Options{}, "00:20:00=1 00:25:00=2 00:30:00=3 00:35:00=4")
	f("time,iops\n600,1\n900,2\n1201,3\n1499,4\n1800,5\n2110,6\n2300,7\n2700,8\n", Options{},
		"00:15:00=1 00:20:00=2 00:25:00=3 00:30:00=4 00:35:00=5 00:40:00=6 00:45:00=7 00:50:00=8")
	// The first of two rows with one time counts.
	f("time,iops\n600,1\n900,2\n900,4\n1200,3\n", Options{}, "00:15:00=1 00:20:00=2 00:25:00=3")
	// Longer steps are means of rows, however many; shorter ones leave holes.
	f("time,iops\n600,1\n660,2\n720,3\n780,4\n840,5\n900,6\n", Options{Step: 5 * time.Minute}, "00:15:00=3 00:20:00=6")
	var seconds strings.Builder
	for i := range 600 {
		fmt.Fprintf(&seconds, "%d,%d\n", 3600+i, i/300)
	}
	f("time,iops\n"+seconds.String(), Options{Step: 5 * time.Minute}, "01:05:00=0 01:10:00=1")
	f("time,iops\n600,1\n900,2\n", Options{Step: time.Minute}, "00:15:00=1 00:20:00=2")
}

// Steps longer than the five minutes that a sink believes ahead of its clock.
func TestLongSteps(t *testing.T) {
	var days strings.Builder
	for i := range 30 {
		fmt.Fprintf(&days, "2014-04-%02d,%d\n", i+1, i)
	}
	sink, report := run(t, write(t, "days.csv", "timestamp,value\n"+days.String()), Options{})
	if len(sink.steps) != 30 || len(sink.dropped) > 0 || report.Step != 24*time.Hour {
		t.Errorf("%d steps of %v, dropped %v", len(sink.steps), report.Step, sink.dropped)
	}
}

// The clock goes through a gap step by step, and through a very long one in bounded time.
func TestGaps(t *testing.T) {
	sink, _ := run(t, write(t, "vol.csv", "time,iops\n600,1\n610,2\n1610,3\n"), Options{})
	if sink.advances < 100 || sink.advances > 110 {
		t.Errorf("%d advances over 101 steps", sink.advances)
	}
	sink, _ = run(t, write(t, "vol.csv", "time,iops\n600,1\n610,2\n9999999610,3\n"), Options{})
	if len(sink.steps) != 3 || sink.advances > 2*longGap+10 {
		t.Errorf("%d steps, %d advances over three centuries", len(sink.steps), sink.advances)
	}
}

func TestManyWorkloads(t *testing.T) {
	var content strings.Builder
	content.WriteString("time,id,iops,allocated_iops\n")
	for second := range 3 {
		for id := range 5000 {
			fmt.Fprintf(&content, "%d,vol%d,%d,3000\n", 10*second, id, id)
		}
	}
	file := write(t, "fleet.csv", content.String())
	sink, _ := run(t, file, Options{})
	if len(sink.steps) != 15000 || len(sink.ids) != 5000 || len(sink.dropped) > 0 {
		t.Fatalf("%d steps of %d workloads, dropped %v", len(sink.steps), len(sink.ids), sink.dropped)
	}
	if x, _ := sink.steps[0].Allocated.Get(foreshock.DimIOPS); x != 3000 {
		t.Errorf("allocated %v", sink.steps[0].Allocated)
	}
	r, err := Open(file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	few := newFolding(r.Step())
	few.most = 100
	if err := r.Run(t.Context(), few); err != nil {
		t.Fatal(err)
	}
	if wrong := r.Report().Wrong; len(few.steps) != 300 || len(wrong) != 1 || wrong[0].Reason != ingest.DropTooMany || wrong[0].Count != 3*4900 {
		t.Errorf("%d steps; wrong %+v", len(few.steps), wrong)
	}
}

// live is a sink without a virtual clock.
type live struct{ ingest.Sink }

func TestLive(t *testing.T) {
	source, err := New(Config{Path: write(t, "vol.csv", "time,iops\n1,1\n")}, ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	err = source.Run(t.Context(), live{})
	if err == nil || !strings.Contains(err.Error(), "needs a virtual clock") || !strings.Contains(err.Error(), "foreshock replay ") {
		t.Errorf("into a live sink: %v", err)
	}
	if err := source.Run(t.Context(), newFolding(time.Second)); err != nil {
		t.Error(err)
	}
}

func TestStopped(t *testing.T) {
	r, err := Open(write(t, "vol.csv", "time,iops\n1,1\n2,1\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ctx, newFolding(time.Second)); err != nil {
		t.Errorf("stopped: %v", err)
	}
}

// Recorded demand of real systems: every row comes out as the step that ends with it.
func TestSharedTraces(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/traces/*.csv")
	if len(files) == 0 {
		t.Skip("no ../shared/traces: put the traces of SCALEBENCH beside the repository")
	}
	for _, file := range files {
		sink, report := run(t, file, Options{})
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")[1:]
		if len(report.Wrong) > 0 || report.Duplicates > 0 || len(sink.dropped) > 0 || len(sink.steps) != len(lines) {
			t.Errorf("%s: %d rows, %d steps, wrong %+v, dropped %v", file, len(lines), len(sink.steps), report.Wrong, sink.dropped)
			continue
		}
		for i, line := range lines {
			var stamp int64
			var iops, bytes float64
			if _, err := fmt.Sscanf(strings.ReplaceAll(line, ",", " "), "%d %g %g", &stamp, &iops, &bytes); err != nil {
				t.Fatal(err)
			}
			s := &sink.steps[i]
			gotIOPS, _ := s.Values.Get(foreshock.IOPS)
			gotBytes, _ := s.Values.Get(foreshock.Throughput)
			if gotIOPS != iops || gotBytes != bytes || s.Time.Unix() != stamp+int64(s.Length/time.Second) {
				t.Fatalf("%s: line %q became %+v", file, line, s)
			}
		}
	}
}

func TestSharedNAB(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/nab/data/*/*.csv")
	if len(files) == 0 {
		t.Skip("no ../shared/nab: put the data of the Numenta Anomaly Benchmark beside the repository")
	}
	for _, file := range files {
		sink, report := run(t, file, Options{})
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Count(strings.TrimSpace(string(data)), "\n")
		negative := int64(0)
		for _, w := range report.Wrong {
			if w.Reason == ingest.DropNegative {
				negative = w.Count
				continue
			}
			t.Errorf("%s: %+v", file, w)
		}
		if report.Rows+negative != int64(want) {
			t.Errorf("%s: %d of %d rows", file, report.Rows, want)
		}
		// Steps are rows, but for rows with one time and rows that share a step.
		if lost := report.Rows - report.Duplicates - int64(len(sink.steps)); lost < 0 || lost*200 > report.Rows || len(sink.dropped) > 0 {
			t.Errorf("%s: %d rows, %d duplicates, %d steps, dropped %v", file, report.Rows, report.Duplicates, len(sink.steps), sink.dropped)
		}
		t.Logf("%s: %d rows, %d steps of %v (%s), %d negative, %d duplicates", filepath.Base(file), report.Rows, len(sink.steps), report.Step, report.StepNote, negative, report.Duplicates)
	}
}

func TestGrid(t *testing.T) {
	f := func(native time.Duration, note string, stamps ...int64) {
		t.Helper()
		var rows []row
		for _, s := range stamps {
			rows = append(rows, row{time: s * 1000})
		}
		got, why := detectGrid(rows)
		if got.native != native.Milliseconds() || !strings.Contains(why, note) {
			t.Errorf("%v: every %d ms, %s; want %v, %s", stamps, got.native, why, native, note)
		}
	}
	f(10*time.Second, "no workload has two rows", 5)
	f(10*time.Second, "no workload has two rows", 5, 5, 5)
	f(300*time.Second, "75.0 %", 0, 300, 600, 900, 1800)
	f(300*time.Second, "42.9 %", 0, 300, 900, 1200, 1800, 3000, 3300, 4200)              // rows are missing
	f(60*time.Second, "about the median", 0, 57, 116, 177, 239, 302, 366, 431, 497, 564) // 57, 59, 61, …
	f(138*time.Second, "about the median", 0, 137, 275, 414, 548, 683, 823, 965, 1096)
}

// Whatever the stamp, a row is placed where the step that holds it ends after the row does, and rows keep their order.
func TestPlace(t *testing.T) {
	for _, g := range []grid{{300_000, 0}, {300_000, 240_000}, {300_000, 149_999}, {1, 0}, {7, 3}, {60_000, 59_999}} {
		before := int64(math.MinInt64)
		for k := int64(1); k < 500; k++ {
			stamp := g.phase + k*g.native
			at := g.place(stamp, g.native)
			end := ceil(at, g.native)
			if end < stamp+g.native || end >= stamp+2*g.native {
				t.Fatalf("%+v: the row at %d is placed in the step that ends at %d", g, stamp, end)
			}
			if at <= before {
				t.Fatalf("%+v: the row at %d is placed at %d, the one before at %d", g, stamp, at, before)
			}
			before = at
		}
	}
}

// A month of minutes of one volume, through the fold.
func BenchmarkRun(b *testing.B) {
	var content strings.Builder
	content.WriteString("unix_seconds,iops,bytes_per_sec\n")
	const rows = 30 * 24 * 60
	for i := range rows {
		fmt.Fprintf(&content, "%d,%d.5,%d\n", 1375394400+60*i, i%1000, i%1000*4096)
	}
	file := write(b, "vol.csv", content.String())
	b.SetBytes(int64(content.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if sink, _ := run(b, file, Options{}); len(sink.steps) != rows {
			b.Fatal(len(sink.steps))
		}
	}
}

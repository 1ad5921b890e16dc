package ebpf

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// recorder keeps what a source pushes, and tells of each batch.
type recorder struct {
	mu      sync.Mutex
	ids     []foreshock.ID
	values  map[foreshock.ID]map[ingest.Field]float64 // the last
	batches chan struct{}
}

func newRecorder() *recorder {
	return &recorder{values: map[foreshock.ID]map[ingest.Field]float64{}, batches: make(chan struct{}, 1)}
}

func (r *recorder) Register(id foreshock.ID, _ ingest.About) (ingest.Handle, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids = append(r.ids, id)
	return ingest.Handle(len(r.ids) - 1), nil
}

func (r *recorder) Push(_ context.Context, batch []ingest.Reading) error {
	r.mu.Lock()
	for _, reading := range batch {
		id := r.ids[reading.Handle]
		if r.values[id] == nil {
			r.values[id] = map[ingest.Field]float64{}
		}
		r.values[id][reading.Field] = reading.Value
	}
	r.mu.Unlock()
	select {
	case r.batches <- struct{}{}:
	default:
	}
	return nil
}

func (r *recorder) Slow(ingest.Operation) {}

func (r *recorder) last(id foreshock.ID) map[ingest.Field]float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.values[id]
}

// run starts a source and gives what it pushes; it is stopped after the test.
func run(t *testing.T, s *Source) *recorder {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	sink, done := newRecorder(), make(chan error, 1)
	go func() { done <- s.Run(ctx, sink) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return sink
}

func TestRun(t *testing.T) {
	const size, n = 4 << 20, 200
	open(t, Options{}) // or skip
	path, _ := loopDevice(t, size)
	s, err := made(func(c *Config) {
		c.Interval = 200 * time.Millisecond
		c.Devices.Include = filepath.Base(path)
		c.Replace = true
	})
	if err != nil {
		t.Fatal(err)
	}
	sink := run(t, s)
	id := foreshock.ID("disk/" + filepath.Base(path))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for sink.last(id) == nil {
		if ctx.Err() != nil {
			t.Fatalf("nothing of %s was pushed for a minute", id)
		}
		exercise(t, path, size, n)
		<-sink.batches
	}
	got := sink.last(id)
	p50, p95, p99 := got[ingest.LatencyP50], got[ingest.LatencyP95], got[ingest.LatencyP99]
	if !(0 < p50 && p50 <= p95 && p95 <= p99 && p99 < 60) || !(got[ingest.Latency] > 0) || len(got) != 4 {
		t.Errorf("pushed %v", got)
	}
	if len(sink.ids) == 0 || sink.ids[0] != id {
		t.Errorf("registered %v", sink.ids)
	}
}

func TestCgroup(t *testing.T) {
	const size, n = 8 << 20, 2000
	tracer := open(t, Options{Cgroups: true})
	path, dev := loopDevice(t, size)
	s, err := made(func(c *Config) { c.Cgroups.Max = 1000 })
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{Source: s, log: s.env.Log, names: newNames(s)}
	parent, folder := nestedCgroup(t, r.names.cgroups)
	script := `echo $$ > "$1/cgroup.procs" && exec dd if="$2" of=/dev/null bs=4096 count=2000 iflag=direct status=none`
	if out, err := exec.Command("sh", "-c", script, "sh", folder, path).CombinedOutput(); err != nil {
		t.Fatalf("dd: %v: %s", err, out)
	}
	reading, err := tracer.Read()
	if err != nil {
		t.Fatal(err)
	}

	relative, err := filepath.Rel(r.names.cgroups, folder)
	if err != nil {
		t.Fatal(err)
	}
	var inside *Delta
	for i, d := range reading.Deltas {
		if d.Device == dev && r.names.cgroup(d.Cgroup, time.Now()) == relative {
			inside = &reading.Deltas[i]
		}
	}
	if inside == nil {
		t.Fatalf("nothing was seen of control group %s on %s", relative, path)
	}
	if inside.Ops > n || inside.Ops < n-n*tolerance || inside.Bytes != inside.Ops*block {
		t.Errorf("%d requests of %d bytes in the control group, want %d", inside.Ops, inside.Bytes, n)
	}

	// The loop device hands its requests on to the disk with the file, which is charged for the group too:
	// only that one counts for the group, and for the group above.
	found := r.group(reading.Deltas)
	disk, own := found[foreshock.ID("disk/"+filepath.Base(path))], found[foreshock.ID("cgroup/"+relative)]
	above := found[foreshock.ID("cgroup/"+filepath.Base(parent))]
	if disk == nil || disk.cgroup || disk.Ops < inside.Ops {
		t.Errorf("the disk has %+v", disk)
	}
	if own == nil || !own.cgroup || own.Ops > n+n*tolerance || own.Ops < n-n*tolerance {
		t.Errorf("the control group has %+v", own)
	}
	if above == nil || above.Ops != own.Ops {
		t.Errorf("the control group above has %+v", above)
	}
}

// nestedCgroup makes two empty control groups, one below the other, in which block I/O is told apart.
func nestedCgroup(t *testing.T, root string) (parent, child string) {
	t.Helper()
	version2 := filepath.Base(root) != "blkio"
	if version2 {
		enabled, err := os.ReadFile(filepath.Join(root, "cgroup.subtree_control"))
		if err != nil || !slices.Contains(strings.Fields(string(enabled)), "io") {
			t.Skip("control groups have no io controller: echo +io > " + root + "/cgroup.subtree_control")
		}
	}
	make := func(in, pattern string) string {
		folder, err := os.MkdirTemp(in, pattern)
		if err != nil {
			t.Skipf("make a control group: %v; run as root where %s is writable", err, root)
		}
		t.Cleanup(func() {
			if err := os.Remove(folder); err != nil {
				t.Errorf("remove control group: %v", err)
			}
		})
		return folder
	}
	parent = make(root, "foreshock-test-")
	if version2 {
		if err := os.WriteFile(filepath.Join(parent, "cgroup.subtree_control"), []byte("+io"), 0); err != nil {
			t.Skipf("tell I/O apart below %s: %v", parent, err)
		}
	}
	return parent, make(parent, "below-")
}

func TestTooManyCgroups(t *testing.T) {
	s, err := made(func(c *Config) { c.Cgroups.Max = 2 })
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{Source: s, log: s.env.Log, names: newNames(s)}
	f := func(dir string, want bool) {
		t.Helper()
		if got := r.follows(dir); got != want {
			t.Errorf("%s is followed: %v", dir, got)
		}
	}
	f("a", true)
	f("b", true)
	f("c", false)
	f("a", true)
	r.names.walk(time.Now()) // a and b have gone
	f("c", true)
}

func TestInFlight(t *testing.T) {
	const size, n = 4 << 20, 4000
	tracer := open(t, Options{})
	path, dev := loopDevice(t, size)
	inFlight := func() uint64 {
		reading, err := tracer.Read()
		if err != nil {
			t.Fatal(err)
		}
		var total uint64
		for _, d := range reading.Deltas {
			if d.Device == dev {
				total += d.InFlight
			}
		}
		return total
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		exercise(t, path, size, n)
	}()
	var highest uint64
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			highest = max(highest, inFlight())
		}
	}
	if highest == 0 || highest > 64 {
		t.Errorf("at most %d requests were in flight, by four workers", highest)
	}
	// What was not seen ending goes when its request is used again.
	for range 100 {
		if inFlight() == 0 {
			return
		}
		exercise(t, path, size, 100)
	}
	t.Errorf("%d requests are in flight, without any", inFlight())
}

func TestUnknownCgroup(t *testing.T) {
	n := &names{cgroups: t.TempDir()}
	now := time.Now()
	f := func(id uint64, now time.Time, want string) {
		t.Helper()
		if got := n.cgroup(id, now); got != want {
			t.Errorf("control group %d is in %q, want %q", id, got, want)
		}
	}
	f(math.MaxUint64, now, ".")
	folder := filepath.Join(n.cgroups, "a.slice", "b.service")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	id, ok := inode(folder)
	if !ok {
		t.Fatal("no inode")
	}
	f(id, now.Add(rewalk-1), ".") // searched for too recently
	f(id, now.Add(rewalk), "a.slice/b.service")
}

func TestDiskName(t *testing.T) {
	n := &names{sysfs: t.TempDir()}
	folder := filepath.Join(n.sysfs, "dev", "block")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for number, target := range map[string]string{
		"8:16": "../../devices/pci0000:00/ata1/block/sdb", "104:0": "../../devices/cciss0/block/cciss!c0d0",
	} {
		if err := os.Symlink(target, filepath.Join(folder, number)); err != nil {
			t.Fatal(err)
		}
	}
	f := func(major, minor uint32, want string) {
		t.Helper()
		if got, ok := n.disk(Device{major, minor}); got != want || ok != (want != "") {
			t.Errorf("%d:%d is called %q, want %q", major, minor, got, want)
		}
	}
	f(8, 16, "sdb")
	f(104, 0, "cciss/c0d0")
	f(8, 32, "")
}

// The fallback is tried for real: a child of this test gives up all rights first.
func TestWithoutRights(t *testing.T) {
	if os.Getenv("EBPF_TEST_CHILD") != "" {
		s, err := made(nil)
		if err != nil {
			t.Fatal(err)
		}
		s.env.Log = slog.New(slog.NewTextHandler(os.Stdout, nil))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := s.Run(ctx, newRecorder()); err != nil {
			t.Errorf("run: %v", err)
		}
		return
	}
	if os.Getuid() != 0 {
		t.Skip("the test gives up rights, so it takes root")
	}
	setpriv, err := exec.LookPath("setpriv")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("setpriv is not there; it comes with util-linux")
	}
	// The test's program lies in a folder that only root may enter: rights are dropped, the user is kept.
	child := exec.Command(setpriv, "--bounding-set=-all", "--inh-caps=-all", os.Args[0], "-test.run=^TestWithoutRights$", "-test.v")
	child.Env = append(os.Environ(), "EBPF_TEST_CHILD=1")
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if n := strings.Count(string(out), "continuing without latency percentiles"); n != 1 || !strings.Contains(string(out), needRights[:20]) {
		t.Errorf("the fallback was logged %d times: %s", n, out)
	}
}

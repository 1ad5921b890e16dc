package ebpf

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
)

// Bounds on the number of series. The kernel's memory for them is taken at once, for each CPU.
const (
	minSeries        = 16
	maxSeries        = 512 // 256 devices, two directions
	maxSeriesCgroups = 8192
	seriesBytes      = 5*8 + Buckets*4 // struct series in bpf/block.bpf.c
	forgetIdle       = time.Minute
	firstBatch       = 64
	minorBits        = 20 // of a device number inside the kernel
)

// Keys of the map of losses; enum loss in bpf/block.bpf.c.
const (
	lossUnmeasured = iota
	lossUntracked
)

// Remedies.
const (
	needKernel = "it takes Linux 5.11 or later, built with CONFIG_DEBUG_INFO_BTF"
	needRights = "run as root, or give the program CAP_BPF and CAP_PERFMON; " +
		"a container's seccomp profile or kernel lockdown can forbid it too"
)

// Tracer measures the block requests of this machine from Open to Close. Not safe for concurrent use.
type Tracer struct {
	objects blockObjects
	links   []link.Link
	cpus    int
	room    int // series that the kernel has room for

	batchKeys   []blockSeriesKey
	batchValues []blockSeries // cpus values per key

	last     map[blockSeriesKey]*remembered
	lastLost lost
}

// remembered is a series as it was read last.
type remembered struct {
	counters
	changed time.Time
}

// Open loads the measuring programs into the kernel and attaches them. They stay until Close, or until the
// process ends, however it ends. Errors of the kernel wrap ErrUnsupported.
func Open(opts Options) (*Tracer, error) {
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, unsupported("count CPUs", err, needKernel)
	}
	if opts.MaxMemory == 0 {
		opts.MaxMemory = defaultMemory
	}
	t := &Tracer{cpus: cpus, room: seriesFor(opts, cpus), last: map[blockSeriesKey]*remembered{}}
	if opts.MaxMemory < minSeries*cpus*seriesBytes {
		return nil, fmt.Errorf("trace block requests: %d bytes are too few for %d CPUs; allow at least %d",
			opts.MaxMemory, cpus, minSeries*cpus*seriesBytes)
	}
	t.grow(min(firstBatch, t.room))
	kernel := btf.NewCache() // lives no longer than this call: it takes some 10 MB
	if err := checkKernel(kernel); err != nil {
		return nil, err
	}
	if err := t.load(kernel, opts.Cgroups); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

func seriesFor(opts Options, cpus int) int {
	limit := maxSeries
	if opts.Cgroups {
		limit = maxSeriesCgroups
	}
	return min(opts.MaxMemory/(cpus*seriesBytes), limit)
}

// checkKernel looks for what would otherwise go wrong in obscure ways, or unseen: on kernels before 5.11 the
// first argument of the tracepoint was the queue.
func checkKernel(kernel *btf.Cache) error {
	types, err := kernel.Kernel()
	if err != nil {
		return unsupported("read the kernel's types (/sys/kernel/btf/vmlinux)", err, needKernel)
	}
	var issue *btf.Typedef
	if err := types.TypeByName("btf_trace_block_rq_issue", &issue); err != nil {
		return unsupported("find tracepoint block_rq_issue", err, needKernel)
	}
	if pointer, ok := issue.Type.(*btf.Pointer); ok {
		// A context that all tracepoints have, and the request.
		if f, ok := pointer.Target.(*btf.FuncProto); ok && len(f.Params) == 2 {
			return nil
		}
	}
	return unsupported("tracepoint block_rq_issue", errors.New("other arguments than known"), needKernel)
}

func (t *Tracer) load(kernel *btf.Cache, cgroups bool) error {
	// Before Linux 5.11 maps counted against RLIMIT_MEMLOCK; on later ones this does nothing.
	if err := rlimit.RemoveMemlock(); err != nil {
		return refused("raise the limit of locked memory", err)
	}
	spec, err := loadBlock()
	if err != nil {
		return fmt.Errorf("read the embedded program: %w", err)
	}
	if size := int(spec.Maps[blockMapMeasured].ValueSize); size != seriesBytes {
		return fmt.Errorf("the embedded program counts in %d bytes, not %d; run go generate", size, seriesBytes)
	}
	spec.Maps[blockMapMeasured].MaxEntries = uint32(t.room)
	if cgroups {
		if err := spec.Variables[blockVarPerCgroup].Set(uint32(1)); err != nil {
			return fmt.Errorf("set %s: %w", blockVarPerCgroup, err)
		}
	}
	if err := spec.LoadAndAssign(&t.objects, &ebpf.CollectionOptions{Cache: kernel}); err != nil {
		return refused("load", err)
	}
	// Completions first, so that nothing issued is left without its end.
	for _, program := range []*ebpf.Program{t.objects.OnComplete, t.objects.OnIssue} {
		l, err := link.AttachTracing(link.TracingOptions{Program: program})
		if err != nil {
			return refused("attach", err)
		}
		t.links = append(t.links, l)
	}
	return nil
}

func refused(doing string, err error) error {
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EPERM) {
		return unsupported(doing, err, needRights)
	}
	return unsupported(doing, err, needKernel)
}

func unsupported(doing string, err error, remedy string) error {
	return fmt.Errorf("%w: %s: %w; %s", ErrUnsupported, doing, err, remedy)
}

// Close detaches the programs and frees the kernel's memory. Closing twice does nothing.
func (t *Tracer) Close() error {
	var faults []error
	for _, l := range t.links {
		faults = append(faults, l.Close())
	}
	t.links = nil
	faults = append(faults, t.objects.Close())
	t.objects = blockObjects{}
	return errors.Join(faults...)
}

// Read gives what was measured since the last Read, the first time since Open.
func (t *Tracer) Read() (Reading, error) {
	var reading Reading
	if t.objects.Measured == nil {
		return reading, fmt.Errorf("read block requests: %w", os.ErrClosed)
	}
	now := time.Now()
	var cursor ebpf.MapBatchCursor
	for {
		n, err := t.objects.Measured.BatchLookup(&cursor, t.batchKeys, t.batchValues, nil)
		if errors.Is(err, syscall.ENOSPC) {
			t.grow(2 * len(t.batchKeys)) // one hash bucket holds more; the cursor has not moved
			continue
		}
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return Reading{}, fmt.Errorf("read block requests: %w", err)
		}
		for i := range n {
			if d, ok := t.fold(t.batchKeys[i], t.batchValues[i*t.cpus:(i+1)*t.cpus], now); ok {
				reading.Deltas = append(reading.Deltas, d)
			}
		}
		if err != nil {
			break
		}
	}
	missing, err := t.readLost()
	if err != nil {
		return Reading{}, err
	}
	reading.Unmeasured = missing.unmeasured - t.lastLost.unmeasured
	reading.Untracked = missing.untracked - t.lastLost.untracked
	t.lastLost = missing
	return reading, t.forget(now)
}

func (t *Tracer) grow(keys int) {
	t.batchKeys = make([]blockSeriesKey, keys)
	t.batchValues = make([]blockSeries, keys*t.cpus)
}

// fold sums a series over the CPUs and takes off what was read before.
func (t *Tracer) fold(key blockSeriesKey, perCPU []blockSeries, now time.Time) (Delta, bool) {
	var sum counters
	for i := range perCPU {
		s := &perCPU[i]
		sum.latency += s.LatencyNs
		sum.wait += s.WaitNs
		sum.bytes += s.Bytes
		sum.errors += s.Errors
		sum.inFlight += s.InFlight
		for b, n := range &s.Buckets {
			sum.buckets[b] += n
		}
	}
	last, known := t.last[key]
	if !known {
		last = &remembered{changed: now}
		t.last[key] = last
	}
	d, active := sum.since(&last.counters)
	if sum != last.counters {
		last.changed = now
	}
	last.counters = sum
	d.Key = Key{
		Device:    Device{Major: key.Device >> minorBits, Minor: key.Device & (1<<minorBits - 1)},
		Cgroup:    key.Cgroup,
		Direction: Direction(key.Write),
	}
	return d, active
}

// lost is what was not seen since tracing began.
type lost struct{ unmeasured, untracked uint64 }

// readLost adds what found no room to what came while the same program ran on the same CPU, which the kernel
// then passes over: the interrupt of one disk can come while another disk's completion is being measured.
func (t *Tracer) readLost() (lost, error) {
	var sum lost
	for why, reason := range []struct {
		total   *uint64
		program *ebpf.Program
	}{
		lossUnmeasured: {&sum.unmeasured, t.objects.OnComplete},
		lossUntracked:  {&sum.untracked, t.objects.OnIssue},
	} {
		perCPU := make([]uint64, t.cpus)
		if err := t.objects.Losses.Lookup(uint32(why), &perCPU); err != nil {
			return lost{}, fmt.Errorf("read lost block requests: %w", err)
		}
		stats, err := reason.program.Stats()
		if err != nil {
			return lost{}, fmt.Errorf("read statistics of a program: %w", err)
		}
		*reason.total = stats.RecursionMisses
		for _, n := range perCPU {
			*reason.total += n
		}
	}
	return sum, nil
}

// forget frees the series of devices and cgroups that are idle, when room becomes scarce. A request that is
// being counted at that very moment may be lost; nothing else is.
func (t *Tracer) forget(now time.Time) error {
	if len(t.last) < t.room-t.room/4 {
		return nil
	}
	for key, r := range t.last {
		if now.Sub(r.changed) < forgetIdle {
			continue
		}
		if err := t.objects.Measured.Delete(key); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("free block request series: %w", err)
		}
		delete(t.last, key)
	}
	return nil
}

// inode is the number by which the kernel knows a control group.
func inode(folder string) (uint64, bool) {
	var st syscall.Stat_t
	err := syscall.Stat(folder, &st)
	return st.Ino, err == nil
}

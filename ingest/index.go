package ingest

import (
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// IndexConfig says what an Index serves.
type IndexConfig struct {
	Rules  *Rules
	Sink   Sink
	Drops  *Drops
	About  About
	Limits IndexLimits
}

// IndexLimits are the part of a source's settings that bounds its index. Zero values mean the defaults.
type IndexLimits struct {
	MaxSeries     int           `yaml:"max_series"`      // mapped series at most; default 1,000,000
	MaxLabelBytes int64         `yaml:"max_label_bytes"` // of their labels together; default 512 MiB
	Idle          time.Duration `yaml:"idle"`            // a series unseen for this long is forgotten; default 30m
	MaxGap        time.Duration `yaml:"max_gap"`         // a counter unread for longer begins anew, since when it rose is unknown; default 10m
}

// Check says what is wrong with the limits, or nothing.
func (l IndexLimits) Check() error {
	var faults []error
	check := func(ok bool, text string) {
		if !ok {
			faults = append(faults, errors.New(text))
		}
	}
	check(l.MaxSeries >= 0 && l.MaxSeries <= 1<<28, "max_series must be 1 to 268435456, or 0 for 1,000,000")
	check(l.MaxLabelBytes >= 0, "max_label_bytes must be above 0, or 0 for 512 MiB")
	check(l.Idle == 0 || l.Idle >= time.Minute, "idle must be 1m or more, or 0 for 30m")
	check(l.MaxGap == 0 || l.MaxGap >= time.Second && l.MaxGap <= 24*time.Hour, "max_gap must be 1s to 24h, or 0 for 10m")
	return errors.Join(faults...)
}

// Index knows which series map to what, and the last value of each: it makes readings of samples. A series that no
// rule maps costs nothing, or 16 bytes of a bounded memory when a rule has its name. Series are told apart by all of
// their labels, and found by a hash whose key is secret. An Index is safe for concurrent use.
type Index struct {
	cfg    IndexConfig
	seed   maphash.Seed
	began  time.Time
	series atomic.Int64
	bytes  atomic.Int64
	swept  atomic.Int64 // shards swept so far
	shards [1 << shardBits]shard
	no     negatives
	batch  sync.Pool
	holder Holder // the sink, where it lets workloads go
}

// NewIndex makes an empty index.
func NewIndex(cfg IndexConfig) *Index {
	l := &cfg.Limits
	l.MaxSeries = orDefault(l.MaxSeries, 1_000_000)
	l.MaxLabelBytes = orDefault(l.MaxLabelBytes, 512<<20)
	l.Idle = orDefault(l.Idle, 30*time.Minute)
	l.MaxGap = orDefault(l.MaxGap, 10*time.Minute)
	x := &Index{cfg: cfg, seed: maphash.MakeSeed(), began: time.Now()}
	x.no.init(l.MaxSeries / 4)
	x.holder, _ = cfg.Sink.(Holder)
	x.batch.New = func() any { return &Batch{x: x} }
	return x
}

func orDefault[T int | int64 | time.Duration](x, otherwise T) T {
	if x == 0 {
		return otherwise
	}
	return x
}

// IndexSize is how much an index holds.
type IndexSize struct {
	Series     int
	LabelBytes int64
}

// Size says how much the index holds.
func (x *Index) Size() IndexSize { return IndexSize{int(x.series.Load()), x.bytes.Load()} }

func (x *Index) shardOf(hash uint64) *shard { return &x.shards[hash>>(64-shardBits)] }

// seconds is how long the index has lived. It runs on the machine's own clock: how long a series is unseen has
// nothing to do with the times that samples carry.
func (x *Index) seconds() uint32 { return uint32(time.Since(x.began)/time.Second) + 1 }

// sweep evicts idle series from the next shards, when it is time for them: each is looked through eight times in the
// idle time, so that the work spreads over the batches.
func (x *Index) sweep(now uint32) {
	idle := uint32(x.cfg.Limits.Idle / time.Second)
	due := int64(now) * 8 << shardBits / int64(idle)
	if n := x.swept.Load(); n < due && now > idle && x.swept.CompareAndSwap(n, n+1) {
		x.evict(&x.shards[n&(1<<shardBits-1)], now-idle)
	}
}

func (x *Index) evict(s *shard, since uint32) {
	s.mu.Lock()
	gone, size := s.evict(since)
	s.mu.Unlock()
	x.release(gone, size)
}

func (x *Index) release(series, size int) {
	x.series.Add(int64(-series))
	x.bytes.Add(int64(-size))
}

// reserve takes room for a further series with a key of the given size, and says whether there was.
func (x *Index) reserve(size int) bool {
	series, bytes := x.series.Add(1), x.bytes.Add(int64(size))
	if series <= int64(x.cfg.Limits.MaxSeries) && bytes <= x.cfg.Limits.MaxLabelBytes {
		return true
	}
	x.release(1, size)
	return false
}

// negatives remembers series that have the name of a rule and still are not mapped, by 128 bits of hash with secret
// keys. Its memory is fixed; what falls out of it is looked at anew.
type negatives struct {
	mu    sync.Mutex
	seed  maphash.Seed
	slots [][ways]fingerprint
	next  uint32
	size  int
}

const ways = 4

type fingerprint struct{ a, b uint64 }

func (n *negatives) init(size int) {
	n.seed = maphash.MakeSeed()
	n.size = 1 << 10
	for n.size*ways < size {
		n.size <<= 1
	}
}

// The lowest bit of a fingerprint says why.
const (
	notMapped uint64 = 0
	notNamed  uint64 = 1 // mapped, but no valid id can be made
)

func (n *negatives) find(hash uint64, key []byte) (why uint64, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.slots == nil {
		return 0, false
	}
	second := maphash.Bytes(n.seed, key)
	for _, f := range n.slots[hash&uint64(n.size-1)] {
		if f.a == hash && f.b>>1 == second>>1 {
			return f.b & 1, true
		}
	}
	return 0, false
}

func (n *negatives) add(hash uint64, key []byte, why uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.slots == nil {
		n.slots = make([][ways]fingerprint, n.size)
	}
	n.next++
	n.slots[hash&uint64(n.size-1)][n.next%ways] = fingerprint{hash, maphash.Bytes(n.seed, key)&^1 | why}
}

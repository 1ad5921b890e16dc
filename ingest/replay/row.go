package replay

import (
	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// numCells bounds the fields that a row may have: the gauges, and what is allocated.
const numCells = int(ingest.AllocatedAt) + foreshock.NumDimensions

// row is what was recorded of one workload in one step.
type row struct {
	time  int64 // its begin, Unix milliseconds
	order uint64
	id    uint32
	has   uint32 // bit per cell
	cells [numCells]float64
}

func (w *row) set(f ingest.Field, x float64) {
	w.cells[f] = x
	w.has |= 1 << f
}

func (w *row) get(f ingest.Field) (float64, bool) { return w.cells[f], w.has&(1<<f) != 0 }

// queue holds rows and gives the earliest first; of one time, in the order of the file. It is a binary heap.
type queue struct {
	rows  []row
	count uint64
}

func (q *queue) len() int { return len(q.rows) }

func (q *queue) less(i, j int) bool {
	a, b := &q.rows[i], &q.rows[j]
	return a.time < b.time || a.time == b.time && a.order < b.order
}

func (q *queue) push(w row) {
	w.order = q.count
	q.count++
	q.rows = append(q.rows, w)
	for i := len(q.rows) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.less(i, parent) {
			break
		}
		q.rows[i], q.rows[parent] = q.rows[parent], q.rows[i]
		i = parent
	}
}

func (q *queue) pop() row {
	first, end := q.rows[0], len(q.rows)-1
	q.rows[0] = q.rows[end]
	q.rows = q.rows[:end]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < end; child++ {
			if q.less(child, least) {
				least = child
			}
		}
		if least == i {
			return first
		}
		q.rows[i], q.rows[least] = q.rows[least], q.rows[i]
		i = least
	}
}

// ids numbers the workloads.
type ids struct {
	names  []foreshock.ID
	number map[string]uint32
}

// maxIDs bounds the workloads of a file.
const maxIDs = 1 << 20

func (t *ids) of(name []byte) (uint32, error) {
	if n, ok := t.number[string(name)]; ok {
		return n, nil
	}
	id := foreshock.ID(name)
	if err := id.Check(); err != nil {
		return 0, fault{ingest.DropBadID, err.Error()}
	}
	if len(t.names) >= maxIDs {
		return 0, fault{ingest.DropTooMany, "too many workloads in one file; split it"}
	}
	if t.number == nil {
		t.number = map[string]uint32{}
	}
	n := uint32(len(t.names))
	t.names = append(t.names, id)
	t.number[string(id)] = n
	return n, nil
}

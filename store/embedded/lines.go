package embedded

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/foreshock-io/foreshock"
)

// lines are events as JSON, still without their numbers: those are known only when they are written.
type lines struct {
	list  [][]byte
	bytes int // of the body they make, at most
}

// numberSize is the most that `"seq":N,` and the line's end take.
const numberSize = len(`"seq":18446744073709551615,`) + 1

func encode(events []*foreshock.Event) (lines, error) {
	l := lines{list: make([][]byte, len(events))}
	for i, e := range events {
		unnumbered := *e
		unnumbered.Seq = 0
		line, err := json.Marshal(&unnumbered)
		if err != nil {
			return lines{}, fmt.Errorf("%s event: %w", e.Type, err)
		}
		l.list[i] = line
		l.bytes += len(line) + numberSize
	}
	if l.bytes > maxBody {
		return lines{}, fmt.Errorf("%d events take %d bytes; at most %d can be appended at once", len(events), l.bytes, maxBody)
	}
	return l, nil
}

// body numbers the lines from first.
func (l lines) body(first uint64) []byte {
	b := make([]byte, 0, l.bytes)
	for i, line := range l.list {
		b = append(b, `{"seq":`...)
		b = strconv.AppendUint(b, first+uint64(i), 10)
		b = append(b, ',')
		b = append(b, line[1:]...)
		b = append(b, '\n')
	}
	return b
}

// events decodes the frame's events with a number of at least from.
func (f *frame) events(from uint64, each func(*foreshock.Event) error) error {
	seq := f.first
	for line := range bytes.Lines(f.body) {
		if seq >= from {
			e := new(foreshock.Event)
			if err := json.Unmarshal(line, e); err != nil {
				return badFrame(fmt.Sprintf("event %d: %v", seq, err))
			}
			if e.Seq != seq {
				return badFrame(fmt.Sprintf("event %d calls itself %d", seq, e.Seq))
			}
			if err := each(e); err != nil {
				return err
			}
		}
		seq++
	}
	if seq != f.first+uint64(f.count) {
		return badFrame(fmt.Sprintf("the frame has %d events, not %d", seq-f.first, f.count))
	}
	return nil
}

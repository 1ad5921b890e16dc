package app

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/simulate"
)

// SimulateLines is the controller of a simulated volume over lines of JSON, by the protocol of package simulate: it answers hello and each
// sample with actions and done, until bye or the end of in. Between them it tells what was seen and decided, in lines of other types. Samples that are
// not later than the one before them, and lines that do not begin as an object does, are passed over. Of the first of each say is told, and at the end
// what readings were of no use.
func SimulateLines(c config.Config, in io.Reader, out, say io.Writer) error {
	s := &lines{config: c, say: say, told: map[string]bool{}, out: bufio.NewWriterSize(out, 1<<16)}
	s.encoder = json.NewEncoder(s.out)
	s.encoder.SetEscapeHTML(false)
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 0, 1<<16), longestLine)
	for scanner.Scan() {
		s.number++
		over, err := s.take(scanner.Bytes())
		if err != nil {
			return fmt.Errorf("standard input, line %d: %w", s.number, err)
		}
		if over {
			break
		}
	}
	s.dropped()
	if errors.Is(scanner.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("standard input, line %d: it is longer than %d bytes; write one JSON object per line", s.number+1, longestLine)
	}
	return scanner.Err()
}

const longestLine = 1 << 20

// lines is a run over the line protocol.
type lines struct {
	config  config.Config
	say     io.Writer
	told    map[string]bool // what was told once
	number  int             // of the line
	before  int64           // time of the sample before, or of hello
	step    int64           // seconds
	out     *bufio.Writer
	encoder *json.Encoder
	id      string
	quoted  []byte // the volume's ID as JSON
	loop    *Loop  // nil before hello
	message simulate.Message
}

// take answers a line; over says that it was the last.
func (s *lines) take(line []byte) (over bool, err error) {
	if s.number == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	switch line = bytes.TrimSpace(line); {
	case len(line) == 0:
		return false, nil
	case line[0] != '{':
		s.once("line", "it is no JSON object; it and all further ones like it are passed over")
		return false, nil
	}
	m := &s.message
	if err := m.Parse(line); err != nil {
		return false, err
	}
	switch m.Type {
	case "hello":
		return false, s.hello()
	case "sample":
		return false, s.sample()
	case "bye":
		return true, nil
	}
	return false, nil // an action's result shows in the next sample
}

func (s *lines) hello() error {
	if s.loop != nil {
		return errors.New("a second hello; start one process per run")
	}
	v, err := s.message.Volume()
	if err != nil {
		return err
	}
	s.id = s.message.ID
	if s.quoted, err = json.Marshal(s.id); err != nil {
		return err
	}
	if s.loop, err = NewLoop(s.config, LoopOptions{Volume: v, Event: s.tell}); err != nil {
		return err
	}
	s.before, s.step = v.Start.Unix(), int64(v.Step/time.Second)
	return s.answer(s.before, nil)
}

func (s *lines) sample() error {
	switch {
	case s.loop == nil:
		return errors.New("a sample before hello; send hello first")
	case s.message.ID != "" && s.message.ID != s.id:
		return fmt.Errorf("a sample of %q, but hello named %q; start one process per volume", s.message.ID, s.id)
	}
	sample, err := s.message.Sample()
	if err != nil {
		return err
	}
	asked, err := s.loop.Answer(sample)
	switch apart, step := sample.Time-s.before, s.step; {
	case errors.Is(err, errNotLater):
		s.once("order", "%v; it and all further ones like it are passed over", err)
		return s.answer(sample.Time, nil)
	case err != nil:
		return err
	case apart != step:
		s.once("step", "the sample comes %d s after what was before it, and hello told of steps of %d s; see whether step_s is right", apart, step)
	}
	s.before = sample.Time
	return s.answer(sample.Time, asked)
}

// once tells of the first line of which there is something of a kind to tell.
func (s *lines) once(kind, format string, args ...any) {
	if !s.told[kind] {
		s.told[kind] = true
		fmt.Fprintf(s.say, "foreshock: standard input, line %d: %s\n", s.number, fmt.Sprintf(format, args...))
	}
}

// dropped tells which readings were not taken, and why.
func (s *lines) dropped() {
	if s.loop == nil {
		return
	}
	for _, d := range s.loop.Dropped() {
		fmt.Fprintf(s.say, "foreshock: standard input: %d readings of the samples were not taken (%s); correct them, or write null where nothing was measured\n", d.Count, d.Reason)
	}
}

// answer writes the actions and done, and lets them go.
func (s *lines) answer(t int64, asked []float64) error {
	line := s.out.AvailableBuffer()
	for _, amount := range asked {
		line = strconv.AppendInt(append(line, `{"type":"action","t":`...), t, 10)
		line = append(append(append(line, `,"id":`...), s.quoted...), `,"provisioned":`...)
		line = append(strconv.AppendFloat(line, amount, 'f', -1, 64), "}\n"...)
	}
	line = strconv.AppendInt(append(line, `{"type":"done","t":`...), t, 10)
	line = append(line, "}\n"...)
	if _, err := s.out.Write(line); err != nil {
		return err
	}
	return s.out.Flush()
}

// tell writes what happened, but for the steps of actions, whose type would be taken for the actions themselves.
func (s *lines) tell(e *foreshock.Event) {
	if e.Type != foreshock.EventAction {
		_ = s.encoder.Encode(e) // an error of the output comes again with the answer
	}
}

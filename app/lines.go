package app

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/simulate"
)

// SimulateLines is the controller of a simulated volume over lines of JSON, by the protocol of package simulate: it answers hello and each
// sample with actions and done, until bye or the end of in. Between them it tells what was seen and decided, in lines of other types. Samples that are
// not later than the one before them are passed over; of the first it tells say.
func SimulateLines(c config.Config, in io.Reader, out, say io.Writer) error {
	s := &lines{config: c, say: say, out: bufio.NewWriterSize(out, 1<<16)}
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
			return nil
		}
	}
	if errors.Is(scanner.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("standard input: a line is longer than %d bytes; write one JSON object per line", longestLine)
	}
	return scanner.Err()
}

const longestLine = 1 << 20

// lines is a run over the line protocol.
type lines struct {
	config  config.Config
	say     io.Writer
	told    bool // of a sample that was passed over
	number  int  // of the line
	out     *bufio.Writer
	encoder *json.Encoder
	id      string
	quoted  []byte // the volume's ID as JSON
	loop    *Loop  // nil before hello
	message simulate.Message
}

// take answers a line; over says that it was the last.
func (s *lines) take(line []byte) (over bool, err error) {
	if line = bytes.TrimSpace(line); len(line) == 0 {
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
	return s.answer(*s.message.Time, nil)
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
	switch {
	case errors.Is(err, errNotLater) && !s.told:
		s.told = true
		fmt.Fprintf(s.say, "foreshock: standard input, line %d: %v; it and all further ones like it are passed over\n", s.number, err)
	case err != nil && !errors.Is(err, errNotLater):
		return err
	}
	return s.answer(sample.Time, asked)
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

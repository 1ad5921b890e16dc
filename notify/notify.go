// Package notify tells other programs what happens: anomalies, decisions, actions and verdicts.
//
// The journal has everything; what is told here may be lost, and is counted then. A notifier never holds up who tells it.
package notify

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/foreshock-io/foreshock"
)

// Notifier tells somebody of events. It is safe for concurrent use.
type Notifier interface {
	// Restore hears, the oldest first and before Run, what happened before the program started or took a new configuration. Nobody is
	// told of it, but of what still holds.
	Restore(e *foreshock.Event)
	// Take hears what happens. It returns at once and does not change the event.
	Take(e *foreshock.Event)
	// Run tells until ctx ends; of what waits then it tells for a moment more.
	Run(ctx context.Context)
	Counts() Counts
}

// Counts say what came of what was to be told since the start.
type Counts struct {
	Sent    int64 `json:"sent"`
	Failed  int64 `json:"failed"`  // given up after the last try
	Dropped int64 `json:"dropped"` // too many waited
	Waiting int   `json:"waiting"`
}

// Factory offers a notifier to configuration files.
type Factory struct {
	Name string
	New  func(decode func(any) error, env Env) (Notifier, error)
}

// Env is what the program lends to a notifier.
type Env struct {
	Log  *slog.Logger
	Name string // the name that the configuration gives to this notifier
}

// Filter says of what is told.
type Filter struct {
	On       []string           `yaml:"on"`       // types of events: anomaly, decision, action, evaluation, correction, pause, note; default the first four
	Severity foreshock.Severity `yaml:"severity"` // the least that an anomaly has or had, to be told of: low, medium, high; default medium
}

// DefaultFilter is the filter where a file says nothing.
func DefaultFilter() Filter {
	return Filter{
		On:       []string{foreshock.EventAnomaly, foreshock.EventDecision, foreshock.EventAction, foreshock.EventEvaluation},
		Severity: foreshock.Medium,
	}
}

var types = []string{
	foreshock.EventAnomaly, foreshock.EventDecision, foreshock.EventAction, foreshock.EventEvaluation, foreshock.EventCorrection,
	foreshock.EventPause, foreshock.EventNote,
}

// Check says what is wrong with the filter.
func (f Filter) Check() error {
	for _, name := range f.On {
		if !slices.Contains(types, name) {
			return fmt.Errorf("on: %w", foreshock.NoSuch("type of event", name, types))
		}
	}
	if len(f.On) == 0 {
		return fmt.Errorf("on is empty, so that nothing would be told; there is: %s", strings.Join(types, ", "))
	}
	return nil
}

// Takes says whether to tell of an event. Of decisions it takes those that want something, of actions each state from which people see
// where it stands: proposed, intent, and how it ended.
func (f Filter) Takes(e *foreshock.Event) bool {
	switch {
	case !slices.Contains(f.On, e.Type):
		return false
	case e.Anomaly != nil:
		return e.Anomaly.Worst >= f.Severity
	case e.Decision != nil:
		return e.Decision.Kind >= foreshock.Grow
	case e.Change != nil:
		return e.Change.State == foreshock.Proposed || e.Change.State == foreshock.Intent || e.Change.State.Terminal()
	}
	return true
}

package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
)

// An action that is done and does not work yet says from when on it will.
func TestSentenceOfAnActionThatIsToWork(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	f := func(state foreshock.ActionState, works time.Time, want bool) {
		t.Helper()
		e := &foreshock.Event{Time: now, Type: foreshock.EventAction, Change: &foreshock.ActionChange{State: state, Effective: works}}
		if got := api.Sentence(e); strings.Contains(got, "works from 05:04:00 UTC") != want {
			t.Errorf("%s, works at %s: %s", state, works, got)
		}
	}
	f(foreshock.Done, now.Add(4*time.Minute), true)
	f(foreshock.Done, now.Add(-time.Minute), false)
	f(foreshock.Done, time.Time{}, false)
	f(foreshock.Called, now.Add(4*time.Minute), false)
}

package api_test

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
)

// A time that the program has written can be asked for as it stands, and so can an age; what is to come cannot be written as an age.
func TestMomentReadsWhatIsWritten(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	f := func(text string, want time.Time) {
		t.Helper()
		if got, err := api.Moment("at", text); err != nil || !got.Equal(want) {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
	f("2026-03-02T12:00:00Z", at)
	f("2026-03-02 12:00:00Z", at) // as explain writes it
	f("2026-03-02 12:00", at)
	f("2026-03-02T13:00:00+01:00", at)
	f("2026-03-02", at.Add(-12*time.Hour))
	f("", time.Time{})
	if got, err := api.Moment("at", "90m"); err != nil || time.Since(got) < 90*time.Minute || time.Since(got) > 91*time.Minute {
		t.Errorf("90m: %s, %v", got, err)
	}
	for _, text := range []string{"-5m", "90", "yesterday", "12:00"} {
		if got, err := api.Moment("at", text); err == nil {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// What was missed is past.
func TestOpinionOfWhatIsToCome(t *testing.T) {
	f := func(at time.Time, wrong bool) {
		t.Helper()
		if err := api.CheckOpinion(foreshock.Opinion{Workload: "disk/a", Says: foreshock.Missed, At: at}); (err != nil) != wrong {
			t.Errorf("%s: %v", at, err)
		}
	}
	f(time.Time{}, false)
	f(time.Now().Add(-time.Hour), false)
	f(time.Now().Add(time.Hour), true)
}

package detect

import (
	"testing"

	"github.com/foreshock-io/foreshock"
)

// What was learned of a threshold since an opinion stays when that is taken back, within what it has been.
func TestTakeBack(t *testing.T) {
	was, is := foreshock.Stand{Value: 1, Bias: 1, Alarms: 3}, foreshock.Stand{Value: 1.1, Bias: 1.15, Alarms: 2}
	f := func(now, want foreshock.Stand) {
		t.Helper()
		at := foreshock.Threshold{Value: now.Value, Bias: now.Bias, Alarms: now.Alarms}
		takeBack(&at, now, &foreshock.Correction{What: "threshold", From: 1, To: 1.1, Was: &was, Is: &is})
		if got := stand(&at); got != want {
			t.Errorf("%+v: %+v, want %+v", now, got, want)
		}
	}
	f(is, was)
	f(foreshock.Stand{Value: 1.1, Bias: 1.15, Alarms: 1.5}, foreshock.Stand{Value: 1, Bias: 1, Alarms: 2.5}) // some is forgotten
	f(foreshock.Stand{Value: 1.2, Bias: 2.3, Alarms: 2}, foreshock.Stand{Value: 1.2, Bias: 2, Alarms: 3})    // somebody has said more; the value is the detector's
	f(foreshock.Stand{Value: 1.1, Bias: 0.5, Alarms: 2}, foreshock.Stand{Value: 1, Bias: 0.5, Alarms: 3})    // no lower than it was
}

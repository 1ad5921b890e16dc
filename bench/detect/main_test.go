package main

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/bench/nab"
	"github.com/foreshock-io/foreshock/pipeline"
)

// An anomaly is one, however long, and as severe as its worst row.
func TestAlarms(t *testing.T) {
	f := func(rows, right string, all, hits [foreshock.High + 1]int) {
		t.Helper()
		severity := make([]foreshock.Severity, len(rows))
		for i, r := range rows {
			severity[i] = foreshock.Severity(r - '0')
		}
		var a alarms
		a.count(severity, func(row int) bool { return right[row] == 'x' }, func(row int) bool { return row >= 2 })
		if a.all != all || a.right != hits {
			t.Errorf("%s: %+v, want %v and %v", rows, a, all, hits)
		}
	}
	f("0000000", "xxxxxxx", [4]int{}, [4]int{})
	f("0012310", "....x..", [4]int{3: 1}, [4]int{3: 1})
	f("0011011", ".....x.", [4]int{1: 2}, [4]int{1: 1})
	f("3300022", "xx.....", [4]int{2: 1}, [4]int{}) // the first two rows do not count
	f("1112000", "...x...", [4]int{2: 1}, [4]int{2: 1})
}

// The half's threshold comes from the other half.
func TestCrossed(t *testing.T) {
	file := func(hit, false_ float64) nab.Scored {
		scores := make([]float64, 100)
		scores[50], scores[90] = hit, false_
		return nab.Judge([]nab.Window{{First: 50, Last: 59}}, scores)
	}
	same := []nab.Scored{file(0.9, 0.5), file(0.9, 0.5)}
	if r := crossed(same, nab.Profiles[0]); r.Score != 100 || r.Found != 2 {
		t.Errorf("alike: %+v", r)
	}
	apart := []nab.Scored{file(0.9, 0.8), file(0.7, 0.5)}
	if r := crossed(apart, nab.Profiles[0]); r.Found != 1 || r.FalseRows != 1 {
		t.Errorf("apart: %+v: the first half's threshold misses the second's window, the second's takes the first's false row", r)
	}
}

// A score that is written may not be 1, and one row's verdict may not change another's.
func TestJudge(t *testing.T) {
	times := []time.Time{time.Unix(0, 0), time.Unix(60, 0)}
	d := detector{"fixed", false, func(time.Duration, int) (observe, error) {
		return func(_ time.Time, row []float64) pipeline.Verdict { return pipeline.Verdict{Score: row[0]} }, nil
	}}
	v, err := judge(d, times, [][]float64{{1}, {0}})
	if err != nil {
		t.Fatal(err)
	}
	if v.scores[0] != 0.5 || v.scores[1] != 0 {
		t.Errorf("%v", v.scores)
	}
}

// Streams without anomalies are the same each time.
func TestWatch(t *testing.T) {
	steady := func(int) float64 { return 42 }
	alarms, anomalies, err := watch(steady)
	if err != nil || alarms != (rate{}) || anomalies != (rate{}) {
		t.Errorf("a constant: %v and %v, %v", alarms, anomalies, err)
	}
	_, anomalies, err = watch(func(i int) float64 { // a day at ten times the level, in the third week
		if i >= 2*stepsPerWeek+100 && i < 2*stepsPerWeek+388 {
			return 1000 + float64(i%7)
		}
		return 100 + float64(i%7)
	})
	if err != nil || anomalies.first != 0 || anomalies.later == 0 {
		t.Errorf("an incident: %v, %v", anomalies, err)
	}
}

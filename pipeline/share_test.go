package pipeline

import (
	"log/slog"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/profile"
)

// Until when one counts among those who share a resource is a matter of its data and of the asker's, not of who was told first that it has left.
func TestOneThatLeftCountsByTheData(t *testing.T) {
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	f := func(heardBefore bool, after time.Duration, want float64, shared bool) {
		t.Helper()
		r := &New(Stages{}, Options{Virtual: true, Forget: time.Hour}).resources
		policy := &decide.Policy{Name: "p", Target: "t"}
		one, other := &workload{id: "one", handle: 1, policy: policy, resource: "x"}, &workload{id: "other", handle: 2, policy: policy, resource: "x"}
		for _, w := range []*workload{one, other} {
			r.watch("p", "t", "x", w.id, w.handle, ingest.About{})
		}
		iops := func(x float64) (a foreshock.Allocation) {
			a.Set(foreshock.DimIOPS, x)
			return a
		}
		until := begin.Add(time.Hour)
		r.sum(other, served, iops(10), begin, until)
		r.left(until, other)
		if heardBefore {
			r.count("p", until.Add(time.Minute)) // somebody whose data are further on asks
		}
		all, also := r.sum(one, served, iops(1), begin.Add(after), never)
		if got, _ := all.Get(foreshock.DimIOPS); got != want || also != shared {
			t.Errorf("after %s, heard before %t: %g, shared %t", after, heardBefore, got, also)
		}
	}
	for _, heardBefore := range []bool{false, true} {
		f(heardBefore, time.Hour, 11, true)
		f(heardBefore, time.Hour+time.Second, 1, false)
		f(heardBefore, 3*time.Hour, 1, false)
	}
}

// One that left while its data were late is fresh again when it comes back, also where nobody asked in between.
func TestOneThatComesBackIsNotSilent(t *testing.T) {
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	p := New(Stages{Policies: []decide.Policy{{Name: "p", Match: []string{"**"}, Target: "t"}}},
		Options{Log: slog.New(slog.DiscardHandler), Virtual: true, Forget: time.Hour, Step: time.Minute, Most: 1})
	o := p.owners[0]
	come := func(at time.Time) *workload {
		h, err := p.Register("vol/a", ingest.About{Source: "test"})
		if err != nil {
			t.Fatal(err)
		}
		w := o.held(h)
		o.setQuality(w, foreshock.Fresh, at)
		w.last.Time = at
		return w
	}
	w := come(begin)
	o.setQuality(w, foreshock.Late, begin.Add(3*time.Minute))
	o.left(w, begin.Add(time.Hour))
	come(begin.Add(2 * time.Hour))
	if n := p.resources.count("p", begin.Add(3*time.Hour)); n.size != 1 || n.silent != 0 {
		t.Errorf("of %d resources %d are silent", n.size, n.silent)
	}
}

// An action on a resource that is shared ends the watch of the one before, whichever of its users that was for.
func TestAnActionOfAnotherUserSupersedes(t *testing.T) {
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	var told []foreshock.Evaluation
	p := New(Stages{Policies: []decide.Policy{{Name: "p", Match: []string{"**"}, Target: "t", Resource: "pool"}}},
		Options{Log: slog.New(slog.DiscardHandler), Virtual: true, Step: time.Minute, Most: 2, Event: func(e *foreshock.Event) {
			if e.Evaluation != nil {
				told = append(told, *e.Evaluation)
			}
		}})
	for i, id := range []foreshock.ID{"vol/a", "vol/b", "vol/b"} {
		if _, err := p.Register(id, ingest.About{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		at := begin.Add(time.Duration(i) * time.Minute)
		a := foreshock.Action{ID: string(rune('1' + i)), Workload: id, Target: "t", Resource: "pool", Evidence: at}
		p.ActionChanged(&foreshock.Event{Time: at, Change: &foreshock.ActionChange{Action: a, State: foreshock.Done}})
		if len(told) != i || i > 0 && (told[i-1].Action != string(rune('0'+i)) || told[i-1].Verdict != foreshock.Unclear) {
			t.Fatalf("with action %s these are judged: %+v", a.ID, told)
		}
	}
}

// A decision upon what is shared knows what the others ask beside the workload's own demand; where nothing is shared, or nothing is known, nobody asks.
func TestStateHasWhatOthersAsk(t *testing.T) {
	o := New(Stages{}, Options{Virtual: true}).owners[0]
	f := func(all, own, want float64) {
		t.Helper()
		w := &workload{id: "vol/a", profile: profile.New("vol/a", "test", time.Minute)}
		for a, x := range map[*foreshock.Allocation]float64{&w.asked: all, &w.demand: own} {
			if x > 0 {
				a.Set(foreshock.DimIOPS, x)
			}
		}
		s := o.state(w, time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC))
		if x, known := s.Others.Get(foreshock.DimIOPS); known != (want > 0) || known && x != want {
			t.Errorf("of %g its own are %g, and others ask for %g, %t; want %g", all, own, x, known, want)
		}
	}
	f(600, 400, 200)
	f(400, 400, 0)
	f(600, 0, 600)
	f(0, 0, 0)
}

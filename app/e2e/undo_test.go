package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// correction is one line of GET /corrections.
type correction struct {
	Seq      uint64  `json:"seq"`
	Actor    string  `json:"actor"`
	What     string  `json:"what"`
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	Undoes   uint64  `json:"undoes"`
	UndoneBy uint64  `json:"undone_by"`
}

func (p *program) corrections() (list []correction) {
	p.t.Helper()
	p.ask("/corrections", &list)
	return list
}

// TestUndo takes a correction of the threshold back; what was before holds over a restart, and nothing is undone twice.
func TestUndo(t *testing.T) {
	t.Parallel()
	const id = "vol/a"
	file := config(t, t.TempDir(), fmt.Sprintf("step: 100ms\nsources: [{remotewrite: {rules: %s, step: 100ms, lateness: 20ms}}]\n", volumeRules))
	step := func(p *program) workload {
		if err := p.send(well("a", 100, time.Now())); err != nil {
			t.Fatal(err)
		}
		w, _ := p.workload(id)
		return w
	}
	post := func(p *program, path, body string, want int) {
		t.Helper()
		if code, answer, _, err := request(http.MethodPost, p.url+"/api/v1"+path, "", body); err != nil || code != want {
			t.Fatalf("POST %s: status %d, want %d: %s %v", path, code, want, answer, err)
		}
	}

	p := start(t, "-c", file)
	past := history("a", 1000, time.Now())
	if err := p.send(past[:len(past)-3]); err != nil { // without the last, an anomaly: those move the threshold as well
		t.Fatal(err)
	}
	p.waitSteps(id, 20)
	post(p, "/opinions", `{"workload": "vol/a", "anomaly": "none", "says": "false_alarm"}`, http.StatusNotFound)
	var moved correction
	p.until("moves the threshold by an opinion", func() bool {
		post(p, "/opinions", `{"workload": "vol/a", "says": "false_alarm"}`, http.StatusOK)
		for _, c := range p.corrections() {
			if c.What == "threshold" && c.From < c.To {
				moved = c
				return true
			}
		}
		return false
	})
	number := fmt.Sprint(moved.Seq)
	if said := command(t, "undo", number, "--why", "it was right", "--server", p.url); !strings.Contains(said.stdout, "undone "+number) {
		t.Fatalf("undo says %+v", said)
	}
	var back correction
	p.until("lists the undoing", func() bool {
		list := p.corrections()
		back = list[len(list)-1]
		return back.Undoes == moved.Seq
	})
	if back.Actor == "" || back.To >= back.From {
		t.Errorf("%+v does not take %+v back, with who did it", back, moved)
	}
	if table := command(t, "corrections", id, "-o", "csv", "--server", p.url).stdout; !strings.Contains(table, "it was right; undone: ") {
		t.Errorf("corrections lists:\n%s", table)
	}
	post(p, "/corrections/"+number+"/undo", "", http.StatusConflict)
	for _, e := range p.events("opinion") {
		post(p, fmt.Sprintf("/corrections/%d/undo", e.Seq), "", http.StatusConflict)
	}
	p.stop()

	p = start(t, "-c", file)
	var stored, w workload
	p.until("goes on from the stored profile", func() bool { stored = step(p); return stored.Steps > 20 })
	p.until("scores by it", func() bool { w = step(p); return w.Steps > stored.Steps }) // a step is shown with the threshold that it was scored by
	if w.Threshold != back.To {
		t.Errorf("after a restart the threshold is %g, it was put back to %g", w.Threshold, back.To)
	}
	post(p, "/corrections/"+number+"/undo", "", http.StatusConflict)
	post(p, fmt.Sprintf("/corrections/%d/undo", back.Seq), "", http.StatusOK)
	p.until("scores by the threshold from before the undoing", func() bool { return step(p).Threshold > back.To })
}

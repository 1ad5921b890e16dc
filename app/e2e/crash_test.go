package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/store/embedded"
)

// provider is infrastructure behind a webhook that does whatever it is told, as often as it is told: it is the judge of what was
// asked, and outlives the program. It is in no hurry.
type provider struct {
	*httptest.Server
	t testing.TB

	mu     sync.Mutex // guards what follows
	iops   map[string]float64
	effect map[string][]effect // by action
	stale  []string            // actions that were made for another amount than there was
	called chan struct{}
}

// effect is a change that was made.
type effect struct {
	resource string
	to       float64
}

func newProvider(t testing.TB) *provider {
	p := &provider{t: t, iops: map[string]float64{}, effect: map[string][]effect{}, called: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /resources/{name}", p.read)
	mux.HandleFunc("GET /actions/{id}", p.follow)
	mux.HandleFunc("POST /actions", p.change)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

const firstIOPS = 1000

func (p *provider) allocated(resource string) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if x, ok := p.iops[resource]; ok {
		return x
	}
	return firstIOPS
}

func (p *provider) read(w http.ResponseWriter, r *http.Request) {
	p.answer(w, map[string]any{
		"allocated": map[string]float64{"iops": p.allocated(r.PathValue("name"))},
		"rules":     map[string]any{"iops": map[string]any{"min": 100, "max": 1e6, "quantum": 1, "down": true}},
	})
}

// follow says of an action that was carried out that it is done, and knows no other.
func (p *provider) follow(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	done := p.effect[r.PathValue("id")]
	p.mu.Unlock()
	if len(done) == 0 {
		http.NotFound(w, r)
		return
	}
	p.answer(w, map[string]any{"state": "done", "observed": map[string]float64{"iops": done[0].to}})
}

func (p *provider) answer(w http.ResponseWriter, value any) {
	if err := json.NewEncoder(w).Encode(value); err != nil {
		p.t.Log(err)
	}
}

func (p *provider) change(w http.ResponseWriter, r *http.Request) {
	var c struct {
		ID, Resource string
		From, To     map[string]float64
	}
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case p.called <- struct{}{}:
	default:
	}
	takeTime()
	if c.From["iops"] != p.allocated(c.Resource) {
		p.mu.Lock()
		p.stale = append(p.stale, c.ID)
		p.mu.Unlock()
	}
	p.mu.Lock()
	p.iops[c.Resource] = c.To["iops"]
	p.effect[c.ID] = append(p.effect[c.ID], effect{c.Resource, c.To["iops"]})
	p.mu.Unlock()
	takeTime()
	w.WriteHeader(http.StatusAccepted)
}

// takeTime takes mostly no time, and sometimes much.
func takeTime() {
	time.Sleep(time.Duration(rand.ExpFloat64() * float64(15*time.Millisecond)))
}

// TestCrash kills the program at random moments while it acts, and checks that no action is carried out twice and none is lost.
func TestCrash(t *testing.T) {
	kills := 40
	if testing.Short() {
		kills = 10
	}
	if s := os.Getenv("CRASH_N"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("CRASH_N: %v", err)
		}
		kills = n
	}
	t.Parallel()
	judge := newProvider(t)
	folder := t.TempDir()
	file := config(t, folder, fmt.Sprintf(crashConfig, volumeRules, judge.URL))
	p := start(t, "-c", file)
	firstVerdict(t, p, judge)
	p.kill()

	var before []string
	for n := range kills {
		p = start(t, "-c", file)
		checkJournal(t, p)
		volumes := []string{}
		for i := range 3 {
			volumes = append(volumes, fmt.Sprintf("%d-%d", n, i))
		}
		press(t, p, judge, append(volumes, before...), n%2 == 0)
		p.kill()
		before = volumes
	}

	p = start(t, "-c", file)
	checkJournal(t, p)
	var actions []change
	p.until("brings every action to its end", func() bool {
		p.ask("/actions", &actions)
		for i := range actions {
			if !actions[i].terminal() {
				return false
			}
		}
		return true
	})
	p.stop()
	settle(t, judge, folder+"/data", kills)
}

const crashConfig = `
mode: auto
step: 100ms
snapshot: 1s
log: {level: warn}
sources:
  - remotewrite:
      rules: %s
      step: 100ms
      lateness: 20ms
profile: {trusted_steps: 20}
detect: {severity: {medium_steps: 1, high_steps: 1}}
targets:
  - webhook: {url: %q, secret: "a secret of thirty-two characters", tries: 1}
executor: {settle: 1s, follow_every: 20ms, calls_per_second: 1000, burst: 1000, break_after: 0}
policies:
  - name: all
    match: ["vol/**"]
    mode: auto
    target: webhook
    bounds: {iops: {min: 100}}
    cooldown: 100ms
    lead_time: 100ms
    limits: {at_once: -1, per_hour: -1, per_day: -1, share: -1, stop_after: -1}
`

// history is a while of a volume that is well, up to a time, and then a step in which it is not.
func history(volume string, iops float64, until time.Time) (list []sample) {
	for i := judged; i > 0; i-- {
		list = append(list, well(volume, 100+float64(i%5), until.Add(-time.Duration(i)*stepLength))...)
	}
	return append(list, unwell(volume, iops, until)...)
}

func well(volume string, iops float64, at time.Time) []sample {
	return []sample{
		{volume, "vol_iops", at, iops},
		{volume, "vol_latency_seconds", at, 0.001},
		{volume, "vol_queue_depth", at, iops * 0.001},
	}
}

func unwell(volume string, allocated float64, at time.Time) []sample {
	return []sample{
		{volume, "vol_iops", at, 0.98 * allocated},
		{volume, "vol_latency_seconds", at, 0.1},
		{volume, "vol_queue_depth", at, 0.098 * allocated},
	}
}

// firstVerdict brings one action to its verdict: before that, a policy acts on nothing else.
func firstVerdict(t *testing.T, p *program, judge *provider) {
	t.Helper()
	if err := p.send(history("first", firstIOPS, time.Now())); err != nil {
		t.Fatal(err)
	}
	p.drive("judges the first action", func(at time.Time) []sample {
		if judge.allocated("first") == firstIOPS {
			return unwell("first", firstIOPS, at)
		}
		return well("first", 100, at)
	}, func() bool { return len(p.events("evaluation")) > 0 })
}

// press makes volumes act until the program is to be killed: soon after the provider was called, or at any time.
func press(t *testing.T, p *program, judge *provider, volumes []string, whenCalled bool) {
	t.Helper()
	select {
	case <-judge.called:
	default:
	}
	now := time.Now()
	var list []sample
	for _, v := range volumes {
		list = append(list, history(v, judge.allocated(v), now)...)
	}
	end := time.After(time.Duration(rand.Int64N(int64(8 * stepLength))))
	called := judge.called
	if whenCalled {
		end = time.After(30 * time.Second)
	} else {
		called = nil
	}
	tick := time.NewTicker(stepLength)
	defer tick.Stop()
	for {
		if err := p.send(list); err != nil {
			t.Fatal(err)
		}
		select {
		case <-called:
			time.Sleep(time.Duration(rand.Int64N(int64(60 * time.Millisecond))))
			return
		case <-end:
			return
		case <-tick.C:
			now, list = time.Now(), nil
			for _, v := range volumes {
				list = append(list, unwell(v, judge.allocated(v), now)...)
			}
		}
	}
}

func checkJournal(t *testing.T, p *program) {
	t.Helper()
	if said := p.out.String(); strings.Contains(said, "damaged") {
		t.Fatalf("after a kill the journal cannot be read:\n%s", said)
	}
}

// settle compares what the journal tells with what the provider did.
func settle(t *testing.T, judge *provider, data string, kills int) {
	t.Helper()
	states := map[string]foreshock.ActionState{}
	called := map[string]bool{}
	last := uint64(0)
	s, err := embedded.Open(data, embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Journal().Read(context.Background(), 1, func(e *foreshock.Event) error {
		if last++; e.Seq != last {
			return fmt.Errorf("event %d follows event %d", e.Seq, last-1)
		}
		if e.Change == nil {
			return nil
		}
		id := e.Change.Action.ID
		if states[id].Terminal() && states[id] != foreshock.Parked {
			t.Errorf("action %s is %s after it was %s", id, e.Change.State, states[id])
		}
		states[id] = e.Change.State
		called[id] = called[id] || e.Change.State == foreshock.Called
		return nil
	})
	if err != nil {
		t.Errorf("the journal cannot be read: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}

	judge.mu.Lock()
	defer judge.mu.Unlock()
	duplicates, lost, count := 0, 0, map[foreshock.ActionState]int{}
	for id, state := range states {
		count[state]++
		effects := len(judge.effect[id])
		switch {
		case !state.Terminal():
			t.Errorf("action %s is left at %s", id, state)
			lost++
		case state == foreshock.Done && effects == 0, effects > 0 && state != foreshock.Done && state != foreshock.Parked:
			t.Errorf("action %s is %s, the provider did it %d times", id, state, effects)
			lost++
		}
	}
	for id, effects := range judge.effect {
		duplicates += len(effects) - 1
		if len(effects) > 1 {
			t.Errorf("action %s was carried out %d times", id, len(effects))
		}
		if _, known := states[id]; !known || !called[id] {
			t.Errorf("the provider was called for action %s before the journal had it", id)
			lost++
		}
	}
	if len(judge.stale) > 0 {
		t.Errorf("%d actions were made for another amount than there was: %q", len(judge.stale), judge.stale)
	}
	t.Logf("kills=%d actions=%d effects=%d duplicates=%d lost=%d done=%d parked=%d refused=%d failed=%d expired=%d events=%d", kills, len(states), len(judge.effect),
		duplicates, lost, count[foreshock.Done], count[foreshock.Parked], count[foreshock.Refused], count[foreshock.Failed], count[foreshock.Expired], last)
	if len(judge.effect) < kills/2 {
		t.Errorf("only %d actions were carried out over %d kills: that shows little", len(judge.effect), kills)
	}
}

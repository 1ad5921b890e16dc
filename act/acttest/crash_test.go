package acttest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/store/embedded"
)

// The test binary is also the daemon that dies and the provider that judges, each a process of its own.
func TestMain(m *testing.M) {
	switch os.Getenv("ACTTEST_ROLE") {
	case "provider":
		os.Exit(beProvider())
	case "daemon":
		os.Exit(beDaemon())
	}
	os.Exit(m.Run())
}

// The exit codes of the daemon.
const (
	exitWell       = 0
	exitUnreadable = 3 // the journal
	exitBroken     = 4
	exitDied       = 9 // at the fail point
)

// beProvider serves until its standard input is closed.
func beProvider() int {
	file, err := os.OpenFile(os.Getenv("ACTTEST_LEDGER"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitBroken
	}
	volumes := map[string]*acttest.Volume{}
	for i := range 200 {
		v := volume()
		v.Changes = 0
		volumes[volumeName(i)] = v
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitBroken
	}
	p := acttest.NewProvider(volumes, file)
	go func() { _ = http.Serve(listener, p.Handler()) }() //nolint:gosec // the callers are this test's
	fmt.Printf("http://%s\n", listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return exitWell
}

func volumeName(i int) string { return "vol-" + strconv.Itoa(i) }

// daemon is what acts: the real journal, ledger and executor.
type daemon struct {
	provider string
	executor *act.Executor
	ledger   *act.Ledger
	changed  chan struct{}
}

// beDaemon does what ACTTEST_DO says: "one VOLUME ID" takes one action to its end, "load" acts on and on until it is killed, "drain" ends
// what is open.
func beDaemon() int {
	journal, err := embedded.OpenJournal(os.Getenv("ACTTEST_DIR"), embedded.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitUnreadable
	}
	d := &daemon{provider: os.Getenv("ACTTEST_PROVIDER"), ledger: act.NewLedger(), changed: make(chan struct{}, 1)}
	err = journal.Read(context.Background(), 1, func(e *foreshock.Event) error { d.ledger.Apply(e); return nil })
	if err = errors.Join(err, journal.Damaged()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitUnreadable
	}
	point := os.Getenv("ACTTEST_POINT")
	cfg := acttest.Quick()
	cfg.Parallel = loadVolumes
	d.executor = act.New(act.Options{
		Config: cfg, Targets: map[string]act.Target{"p": acttest.Dial(d.provider)}, Ledger: d.ledger, Recorder: journal,
		FailPoint: func(name string) {
			if name == point {
				os.Exit(exitDied)
			}
		},
		Notify: func(*foreshock.Event) {
			select {
			case d.changed <- struct{}{}:
			default:
			}
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.executor.Run(ctx) }()
	fmt.Println("ready")

	do := strings.Fields(os.Getenv("ACTTEST_DO"))
	switch do[0] {
	case "one":
		err = d.one(do[1], do[2])
	case "load":
		d.load()
	}
	if err == nil {
		err = d.drain()
	}
	cancel()
	if err = errors.Join(err, <-ended, journal.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitBroken
	}
	return exitWell
}

// one submits an action, also when it is known already.
func (d *daemon) one(volume, id string) error {
	return d.executor.Submit(foreshock.Action{
		ID: id, Workload: foreshock.ID(volume), Policy: "p", Target: "p", Resource: volume, Mode: foreshock.Auto,
		From: amounts(float64(foreshock.DimIOPS), 3000), To: amounts(float64(foreshock.DimIOPS), 4500), Expires: time.Now().Add(time.Hour),
	})
}

// loadVolumes is how many volumes are acted upon at the same time under load.
const loadVolumes = 64

// load acts on many volumes, up and down, in changing moods.
func (d *daemon) load() {
	var working sync.WaitGroup
	for v := range loadVolumes {
		working.Go(func() {
			name := volumeName(v)
			for {
				mood := acttest.Fine
				if rand.IntN(2) == 0 {
					mood = acttest.Moods[rand.IntN(len(acttest.Moods))]
				}
				if err := setMood(d.provider, name, mood); err != nil {
					return
				}
				now, err := d.executor.Read(context.Background(), "p", name)
				if err != nil {
					return
				}
				iops, _ := now.Allocated.Get(foreshock.DimIOPS)
				to := 3000 + float64(rand.IntN(5000))
				if to == iops {
					continue
				}
				a := foreshock.Action{
					ID: fmt.Sprintf("%d-%d-%d", os.Getpid(), v, time.Now().UnixNano()), Workload: foreshock.ID(name), Policy: "p", Target: "p", Resource: name,
					Mode: foreshock.Auto, From: now.Allocated, To: amounts(float64(foreshock.DimIOPS), to), Expires: time.Now().Add(time.Hour),
				}
				if err := d.executor.Submit(a); err != nil { // an earlier one is still open
					if held, _ := d.ledger.Open("p", name); held.State == foreshock.Parked {
						_ = d.executor.Settle(context.Background(), held.Action.ID, "test", false, "")
					}
				}
				for {
					if c, _, known := d.ledger.Action(a.ID); !known || c.State.Terminal() {
						break
					}
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	working.Wait()
}

// drain waits until no action is open.
func (d *daemon) drain() error {
	deadline := time.After(time.Minute)
	for {
		open := 0
		for _, c := range d.ledger.Actions() {
			if !c.State.Terminal() {
				open++
			}
		}
		if open == 0 {
			return nil
		}
		select {
		case <-d.changed:
		case <-deadline:
			return fmt.Errorf("%d actions are still open after a minute", open)
		}
	}
}

func setMood(provider, volume string, m acttest.Mood) error {
	r, err := http.NewRequest(http.MethodPut, provider+"/mood?of="+volume+"&is="+string(m), http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// judge is a provider in a process of its own.
type judge struct {
	address, ledger string
}

func startJudge(t *testing.T) *judge {
	t.Helper()
	j := &judge{ledger: filepath.Join(t.TempDir(), "ledger")}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ACTTEST_ROLE=provider", "ACTTEST_LEDGER="+j.ledger)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	j.address = strings.TrimSpace(line)
	return j
}

// entries reads the judge's ledger.
func (j *judge) entries(t *testing.T) []acttest.Entry {
	t.Helper()
	data, err := os.ReadFile(j.ledger)
	if err != nil {
		t.Fatal(err)
	}
	var list []acttest.Entry
	for line := range bytes.Lines(data) {
		var e acttest.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// daemon starts a daemon. It is killed with the context.
func (j *judge) daemon(ctx context.Context, dir, point, do string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "ACTTEST_ROLE=daemon", "ACTTEST_DIR="+dir, "ACTTEST_PROVIDER="+j.address, "ACTTEST_POINT="+point, "ACTTEST_DO="+do)
	said := &bytes.Buffer{}
	cmd.Stderr = said
	return cmd, said
}

// counts are what a campaign comes to.
type counts struct {
	mu                                                    sync.Mutex
	points, intents, duplicates, lost, wrong, unannounced int
	done, failed, refused, parked                         int
}

// check compares a journal with the judge's ledger.
func (c *counts) check(t *testing.T, dir string, entries []acttest.Entry) {
	t.Helper()
	journal, err := embedded.OpenJournal(dir, embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = journal.Close() }()
	intent, called, last := map[string]bool{}, map[string]bool{}, map[string]foreshock.ActionState{}
	terminals := map[string]int{}
	err = journal.Read(context.Background(), 1, func(e *foreshock.Event) error {
		id, state := e.Change.Action.ID, e.Change.State
		intent[id] = intent[id] || state == foreshock.Intent
		called[id] = called[id] || state == foreshock.Called
		last[id] = state
		if state.Terminal() && state != foreshock.Parked {
			terminals[id]++
		}
		return nil
	})
	if err != nil {
		t.Fatalf("journal: %v", err)
	}
	calls, effects := map[string]int{}, map[string]int{}
	for _, e := range entries {
		switch e.What {
		case "call":
			calls[e.Action]++
		case "effect":
			effects[e.Action]++
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fault := func(n *int, format string, args ...any) {
		*n++
		t.Errorf(format, args...)
	}
	for id, state := range last {
		if calls[id] > 1 || effects[id] > 1 {
			fault(&c.duplicates, "action %s: %d calls, %d effects", id, calls[id], effects[id])
		}
		if calls[id] > 0 && !called[id] {
			fault(&c.unannounced, "action %s was called, and the journal does not say so", id)
		}
		if terminals[id] > 1 {
			fault(&c.wrong, "action %s ended %d times", id, terminals[id])
		}
		if !intent[id] {
			continue
		}
		c.intents++
		switch state {
		case foreshock.Done:
			c.done++
			if effects[id] != 1 {
				fault(&c.wrong, "action %s is done, with %d effects", id, effects[id])
			}
		case foreshock.Failed, foreshock.Refused, foreshock.Expired:
			if state == foreshock.Failed {
				c.failed++
			} else {
				c.refused++
			}
			if effects[id] != 0 {
				fault(&c.wrong, "action %s is %s, and took effect", id, state)
			}
		case foreshock.Parked:
			c.parked++
		default:
			fault(&c.lost, "action %s is left %s", id, state)
		}
	}
}

func (c *counts) log(t *testing.T) {
	t.Logf("points=%d intents=%d duplicates=%d lost=%d wrong=%d unannounced=%d done=%d failed=%d refused=%d parked=%d",
		c.points, c.intents, c.duplicates, c.lost, c.wrong, c.unannounced, c.done, c.failed, c.refused, c.parked)
}

// The daemon dies at each boundary, in each mood of the provider, and is started again.
func TestCrashAtEachBoundary(t *testing.T) {
	moods := acttest.Moods
	if testing.Short() {
		moods = []acttest.Mood{acttest.Fine, acttest.TimingOut}
	}
	j := startJudge(t)
	type crash struct {
		dir, volume, point string
		mood               acttest.Mood
	}
	var cases []crash
	for _, mood := range moods {
		for _, point := range act.FailPoints {
			cases = append(cases, crash{t.TempDir(), volumeName(len(cases)), point, mood})
		}
	}
	var c counts
	slots := make(chan struct{}, 16) // they mostly wait for what is unknown to settle
	var working sync.WaitGroup
	for _, one := range cases {
		slots <- struct{}{}
		working.Go(func() {
			defer func() { <-slots }()
			if err := setMood(j.address, one.volume, one.mood); err != nil {
				t.Error(err)
				return
			}
			for i, point := range []string{one.point, ""} {
				cmd, said := j.daemon(t.Context(), one.dir, point, "one "+one.volume+" "+one.volume+"-"+one.point)
				err := cmd.Run()
				switch code := cmd.ProcessState.ExitCode(); {
				case i == 0 && code == exitDied:
					c.mu.Lock()
					c.points++
					c.mu.Unlock()
				case code != exitWell:
					t.Errorf("%s, %s, start %d: %v: %s", one.mood, one.point, i+1, err, said)
				}
			}
		})
	}
	working.Wait()
	byVolume := map[string][]acttest.Entry{}
	for _, e := range j.entries(t) {
		byVolume[e.Resource] = append(byVolume[e.Resource], e)
	}
	for _, one := range cases {
		c.check(t, one.dir, byVolume[one.volume])
	}
	c.log(t)
	if least := len(cases) / 2; c.points < least || c.intents < len(cases)*9/10 {
		t.Errorf("only %d crashes and %d intents in %d cases", c.points, c.intents, len(cases))
	}
}

// The daemon is killed at random moments while it acts on many volumes at once. CRASH_N says how often.
func TestCrashAtRandom(t *testing.T) {
	kills := 40
	if testing.Short() {
		kills = 10
	}
	if text := os.Getenv("CRASH_N"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("CRASH_N=%s: %v", text, err)
		}
		kills = n
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	j, dir := startJudge(t), t.TempDir()
	var c counts
	for range kills {
		cmd, said := j.daemon(t.Context(), dir, "", "load")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		if line == "ready\n" {
			life := time.Duration(rng.IntN(200_000)) * time.Microsecond
			if rng.IntN(5) == 0 {
				life += 700 * time.Millisecond // long enough for what is unknown to be concluded
			}
			time.Sleep(life)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if line != "ready\n" {
			t.Fatalf("the daemon does not start after %d kills: %s", c.points, said)
		}
		c.points++
	}
	cmd, said := j.daemon(t.Context(), dir, "", "drain")
	if err := cmd.Run(); err != nil {
		t.Fatalf("drain: %v: %s", err, said)
	}
	c.check(t, dir, j.entries(t))
	c.log(t)
	if c.intents < 2*kills {
		t.Errorf("only %d intents in %d kills", c.intents, kills)
	}
}

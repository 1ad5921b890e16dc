package http

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/limits"
)

// system is the planning system of examples/planner as a process of its own.
type system struct {
	binary, pools, state, tokenFile string
	address                         string
	cmd                             *exec.Cmd
}

func build(t *testing.T) *system {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command, which builds the planning system, is not in PATH; install Go")
	}
	dir := t.TempDir()
	s := &system{
		binary: filepath.Join(dir, "planner"), pools: filepath.Join(dir, "pools.yaml"), state: filepath.Join(dir, "grants.json"),
		tokenFile: filepath.Join(dir, "token"), address: "127.0.0.1:0",
	}
	out, err := exec.CommandContext(t.Context(), goTool, "build", "-o", s.binary, "../../examples/planner").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	write(t, s.tokenFile, "correct-horse\n")
	write(t, s.pools, `
hold: 10m
pools:
  - {name: array, dimension: iops, total: 10000, in_use: 2000, draws: [{workload: "db/*"}]}
  - {name: link, dimension: throughput, total: 1000, draws: [{workload: "**"}]}
`)
	return s
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start runs it; from the second time on at the same address.
func (s *system) start(t *testing.T) {
	t.Helper()
	s.cmd = exec.CommandContext(t.Context(), s.binary, "-listen", s.address, "-pools", s.pools, "-state", s.state, "-token-file", s.tokenFile)
	s.cmd.Stderr = t.Output()
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("it did not say where it listens: %v", err)
	}
	s.address = strings.TrimPrefix(strings.TrimSpace(line), "http://")
}

func (s *system) stop(t *testing.T, how syscall.Signal) error {
	t.Helper()
	if err := s.cmd.Process.Signal(how); err != nil {
		t.Fatal(err)
	}
	return s.cmd.Wait()
}

func (s *system) client(t *testing.T, name string) *Planner {
	t.Helper()
	cfg := Defaults()
	cfg.URL, cfg.Client, cfg.TokenFile, cfg.Timeout = "http://"+s.address, name, s.tokenFile, 30*time.Second
	p, err := New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func iops(x float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimIOPS, x)
	return a
}

func request(id string, from, to float64) capacity.Request {
	return capacity.Request{
		ID: id, Workload: foreshock.ID("db/" + id), Target: "production", Resource: "vol-" + id, From: iops(from), To: iops(to), For: 5 * time.Minute,
	}
}

func TestPlanningSystem(t *testing.T) {
	s := build(t)
	s.start(t)
	ctx := t.Context()
	one, other := s.client(t, "one"), s.client(t, "other")
	reserve := func(p capacity.Planner, r capacity.Request, want float64, why string) {
		t.Helper()
		now := time.Now()
		g, err := p.Reserve(ctx, now, r)
		if err != nil || g.ID != r.ID || g.Granted != iops(want) || !g.Expires.After(now) || !strings.Contains(g.Reason, why) || why == "" && g.Reason != "" {
			t.Errorf("%s: %+v, %v; want %g", r.ID, g, err, want)
		}
	}
	check := func(want error, errs ...error) {
		t.Helper()
		for i, err := range errs {
			if !errors.Is(err, want) {
				t.Errorf("%d: %v, want %v", i, err, want)
			}
		}
	}

	reserve(one, request("a", 1000, 6000), 6000, "")
	reserve(one, request("a", 1000, 6000), 6000, "") // the same
	reserve(other, request("a", 0, 4000), 3000, "pool array can grant 3000 IOPS more")
	reserve(other, request("b", 500, 900), 500, "0 IOPS more")
	check(nil, one.Commit(ctx, noon, "a"), one.Commit(ctx, noon, "a"))
	check(capacity.ErrNotHeld, other.Commit(ctx, noon, "b"), other.Commit(ctx, noon, "never"))
	check(nil, other.Release(ctx, noon, "a"), other.Release(ctx, noon, "never"))
	reserve(other, request("b", 500, 900), 900, "")

	// It ends without warning. What it granted stands.
	_ = s.stop(t, syscall.SIGKILL)
	if g, err := one.Reserve(ctx, noon, request("c", 0, 1)); err == nil || !g.Granted.Empty() {
		t.Errorf("a planning system that is away granted %+v", g)
	}
	s.start(t)
	check(nil, one.Commit(ctx, noon, "a"), other.Commit(ctx, noon, "b"))
	reserve(one, request("c", 0, 9000), 2600, "array")

	// One client starts anew, and its journal knows only of "a"; the other's grants stay.
	held := []capacity.Held{
		{Request: request("a", 1000, 6000), Grant: capacity.Grant{ID: "a", Granted: iops(6000)}, Committed: true},
		{Request: request("late", 0, 100), Grant: capacity.Grant{ID: "late", Granted: iops(100), Expires: noon.Add(-1)}},
		{Request: request("open", 0, 100), Grant: capacity.Grant{ID: "open", Granted: iops(100), Expires: noon.Add(time.Minute)}},
	}
	check(nil, one.Restore(ctx, noon, held), one.Commit(ctx, noon, "a"), one.Commit(ctx, noon, "open"), other.Commit(ctx, noon, "b"))
	check(capacity.ErrNotHeld, one.Commit(ctx, noon, "c"), one.Commit(ctx, noon, "late"))
	reserve(other, request("d", 0, 9000), 2500, "array") // 8000 less 5000, 100 and 400

	// A request that does not say how much there is now has no answer.
	if _, err := one.Reserve(ctx, noon, capacity.Request{ID: "x", Workload: "db/x", To: iops(1)}); status(err) != 422 {
		t.Error(err)
	}

	write(t, s.tokenFile, "another\n")
	_, err := one.Reserve(ctx, noon, request("e", 0, 1))
	if status(err) != 401 || strings.Contains(err.Error(), "another") || strings.Contains(err.Error(), "correct-horse") {
		t.Error(err)
	}
	if err := s.stop(t, syscall.SIGTERM); err != nil {
		t.Errorf("it did not end as it should: %v", err)
	}
}

// With a planning system that is away in the chain nothing grows, and nothing stays reserved elsewhere.
func TestAwayInAChain(t *testing.T) {
	cfg := Defaults()
	cfg.URL, cfg.Client, cfg.Tries = "http://"+freePort(t), "one", 1
	away, err := New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := limits.New(limits.Config{Hold: time.Hour, Pools: []limits.Pool{
		{Name: "p", Dimension: "iops", Total: 100, Draws: []limits.Draw{{Workload: "**"}}},
	}}, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	for _, all := range []capacity.Planner{capacity.All(pool, away), capacity.All(away, pool)} {
		g, err := all.Reserve(t.Context(), noon, request("a", 0, 10))
		if err == nil || !g.Granted.Empty() {
			t.Errorf("%+v, %v", g, err)
		}
		if u := pool.Usage(noon)[0]; u.Granted != 0 {
			t.Errorf("%g stays reserved", u.Granted)
		}
	}
}

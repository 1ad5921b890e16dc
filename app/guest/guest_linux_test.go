package guest_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// program is a test binary that runs in the guest.
type program struct {
	folder string   // of its package below the module's
	run    string   // which tests; "" is all
	passes []string // tests that must not be skipped there: they are what the guest is for
}

var programs = []program{
	{folder: "act/cgroup"},
	{folder: "ingest/host", run: "ThisMachine", passes: []string{"TestThisMachine", "TestThisMachinesCgroups"}},
	{folder: "ingest/ebpf", run: "^Test(Run|Cgroup|AgainstDiskstats)$", passes: []string{"TestRun", "TestCgroup", "TestAgainstDiskstats"}},
	{folder: "app/guest", run: "^TestInside", passes: []string{
		"TestInsideLimits", "TestInsideRules", "TestInsideTargetKit", "TestInsideRefused", "TestInsideWithoutController", "TestInsideSource", "TestInsideClosedLoop", "TestInsideGroup",
	}},
}

// TestGuest boots the guest and judges what its programs said.
func TestGuest(t *testing.T) {
	if os.Getenv("GUEST") == "" {
		t.Skip("it boots a machine in software and takes minutes; run it with: make guest")
	}
	m := newMachine(t)
	for _, p := range programs {
		m.add(t, p)
	}
	console := m.boot(t)
	for _, line := range strings.Split(console, "\n") {
		if fault, is := strings.CutPrefix(line, "@@ fault: "); is {
			t.Errorf("the guest is not as it should be: %s", fault)
		} else if kernel, is := strings.CutPrefix(line, "@@ kernel "); is {
			t.Logf("kernel %s", kernel)
		}
	}
	for _, p := range programs {
		t.Run(p.folder, func(t *testing.T) { judge(t, console, p) })
	}
}

var verdict = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): (\w+) `)

// judge looks at what a program said on the console.
func judge(t *testing.T, console string, p program) {
	_, said, began := strings.Cut(console, "@@ begin "+p.folder+"\n")
	said, rest, ended := strings.Cut(said, "@@ end "+p.folder+" ")
	if !began || !ended {
		t.Fatalf("it did not run to its end; the console's last words:\n%s", tail(console, 6000))
	}
	t.Log("\n" + said)
	if code, _, _ := strings.Cut(rest, "\n"); code != "0" {
		t.Errorf("it ended with code %s", code)
	}
	var passed []string
	for _, v := range verdict.FindAllStringSubmatch(said, -1) {
		switch {
		case v[1] == "PASS":
			passed = append(passed, v[2])
		case v[1] == "FAIL":
			t.Errorf("%s failed", v[2])
		}
	}
	if len(passed) == 0 {
		t.Error("no test passed")
	}
	for _, name := range p.passes {
		if !slices.Contains(passed, name) {
			t.Errorf("%s did not pass", name)
		}
	}
}

func tail(s string, most int) string { return s[max(0, len(s)-most):] }

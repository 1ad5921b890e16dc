package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var built struct {
	once   sync.Once
	folder string
	err    error
}

func TestMain(m *testing.M) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		leave(1)
	}()
	leave(m.Run())
}

// left is what the tests changed on this machine and have not taken back yet, in its order.
var left struct {
	mu   sync.Mutex // guards list
	list []*debt
}

type debt struct {
	name string
	back func() error
	once sync.Once
}

// undo takes a change of this machine back after the test, and also when the tests are interrupted.
func undo(t testing.TB, name string, back func() error) {
	c := &debt{name: name, back: back}
	left.mu.Lock()
	left.list = append(left.list, c)
	left.mu.Unlock()
	t.Cleanup(func() {
		if err := c.undo(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
}

// undo tries for a while: a control group is busy for a moment after its last process has ended, and so is a device.
func (c *debt) undo() (err error) {
	c.once.Do(func() {
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if err = c.back(); err == nil {
				return
			}
		}
	})
	return err
}

// leave ends the tests, with this machine as they found it.
func leave(code int) {
	left.mu.Lock()
	for _, c := range slices.Backward(left.list) {
		if err := c.undo(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", c.name, err)
		}
	}
	left.mu.Unlock()
	if built.folder != "" {
		_ = os.RemoveAll(built.folder)
	}
	os.Exit(code)
}

// binary builds the program, once. FORESHOCK_BINARY names one to test in its place, for example a release.
func binary(t testing.TB) string {
	t.Helper()
	if ready := os.Getenv("FORESHOCK_BINARY"); ready != "" {
		return ready
	}
	built.once.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "foreshock-e2e-"); built.err != nil {
			return
		}
		args := []string{"build", "-o", filepath.Join(built.folder, "foreshock")}
		cgo := "CGO_ENABLED=0"
		if raced {
			args, cgo = append(args, "-race"), "CGO_ENABLED=1"
		}
		cmd := exec.Command("go", append(args, "../../cmd/foreshock")...)
		cmd.Env = append(os.Environ(), cgo)
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build the program: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.folder, "foreshock")
}

// output gathers what a process writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// process is a child of the test. It is killed when the test ends.
type process struct {
	t     testing.TB
	name  string
	cmd   *exec.Cmd
	out   *output       // standard output and error
	ended chan struct{} // closed at its end
	err   error         // valid then
	says  func() string // what the process says of itself where it is waited for in vain; nil: nothing
}

func spawn(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, name: filepath.Base(cmd.Path), cmd: cmd, out: new(output), ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	undo(t, "kill "+p.name, func() error {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", p.name, tail(p.out.String(), 6000))
		}
		return nil
	})
	return p
}

func tail(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return "…" + s[len(s)-most:]
}

// alive says whether the process runs.
func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill ends the process with SIGKILL and waits for its end.
func (p *process) kill() {
	if p.alive() {
		_ = p.cmd.Process.Kill()
	}
	<-p.ended
}

// installed gives the path of a server that the tests need, or skips the test.
func installed(t testing.TB, program, debian string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed; apt-get install %s", program, debian)
	}
	return path
}

// server starts a server and waits until it listens at the address.
func server(t testing.TB, address, program string, args ...string) *process {
	t.Helper()
	p := spawn(t, exec.Command(program, args...))
	p.until("listens at "+address, func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		_ = c.Close()
		return true
	})
	return p
}

// until waits for a condition while the process runs.
func (p *process) until(what string, ok func() bool) {
	p.t.Helper()
	held := waitFor(func() bool {
		if !p.alive() {
			p.t.Fatalf("%s ended before it %s: %v\n%s", p.name, what, p.err, tail(p.out.String(), 4000))
		}
		return ok()
	})
	if held {
		return
	}
	account := ""
	if p.says != nil {
		account = p.says()
	}
	p.t.Fatalf("not within %s: %s %s\n%s", wait, p.name, what, account)
}

// wait bounds whatever is waited for: far more than it takes on a machine that is slow, and busy with something else.
const wait = 10 * time.Minute

// waitFor polls until ok says true; it says false when that did not come.
func waitFor(ok func() bool) bool {
	for deadline := time.Now().Add(wait); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// program is a running foreshock.
type program struct {
	*process
	url string
}

var lookAt = regexp.MustCompile(`look at\s+(http://\S+)`)

// start runs "foreshock run" with the arguments on a free port and waits until it listens.
func start(t testing.TB, args ...string) *program {
	t.Helper()
	cmd := exec.Command(binary(t), append([]string{"run"}, args...)...)
	cmd.Dir = t.TempDir()
	cmd.Env = environment(cmd.Dir)
	return startCommand(t, cmd)
}

func startCommand(t testing.TB, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{process: spawn(t, cmd)}
	p.says = p.account
	p.until("says where to look", func() bool {
		found := lookAt.FindStringSubmatch(p.out.String())
		if found != nil {
			p.url = found[1]
		}
		return found != nil
	})
	return p
}

// environment is that of the tests, without what would change the program's doings.
func environment(home string) []string {
	list := []string{"HOME=" + home, "GORACE=halt_on_error=1"}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "FORESHOCK_") && !strings.HasPrefix(v, "HOME=") {
			list = append(list, v)
		}
	}
	return list
}

// stop asks the program to end, and checks that it does as it promises: within ten seconds, with exit code 0.
func (p *program) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	limit := 10 * time.Second
	if raced {
		limit *= 3
	}
	select {
	case <-p.ended:
	case <-time.After(limit):
		p.t.Fatalf("the program did not end within %s of SIGTERM\n%s", limit, tail(p.out.String(), 4000))
	}
	if p.err != nil {
		p.t.Fatalf("the program ended with %v after SIGTERM\n%s", p.err, tail(p.out.String(), 4000))
	}
}

// result is what a command came to.
type result struct {
	stdout, stderr string
	code           int
}

// command runs a command of the program to its end.
func command(t testing.TB, args ...string) result {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = environment(cmd.Dir)
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{out.String(), said.String(), cmd.ProcessState.ExitCode()}
}

// write makes a file of the test.
func write(t testing.TB, file, text string) string {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// freePort gives a port of the loopback interface on which nothing listens, with room 10,000 above it, where a Redis cluster
// listens too.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if port < 55000 {
			return port
		}
	}
	t.Fatal("no free port below 55000")
	return 0
}

func freeAddress(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", freePort(t))
}

func readAll(t testing.TB, r io.Reader) string {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

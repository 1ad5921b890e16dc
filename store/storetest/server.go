package storetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Server is a real server that a test runs on the loopback interface.
type Server struct {
	path  string
	args  []string
	ready func() error

	mu  sync.Mutex
	cmd *exec.Cmd
	out *bytes.Buffer
}

// NewServer describes a server. Its test is skipped where the program is missing; hint says how to get it.
// Ready answers nil when the server serves.
func NewServer(t *testing.T, program, hint string, ready func() error, args ...string) *Server {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed: %s", program, hint)
	}
	s := &Server{path: path, args: args, ready: ready}
	t.Cleanup(s.Stop)
	return s
}

// Start runs the server and waits until it serves.
func (s *Server) Start(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = new(bytes.Buffer)
	s.cmd = exec.Command(s.path, s.args...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = s.ready(); err == nil {
			return
		}
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	t.Fatalf("%s does not serve: %v\n%s", s.path, err, s.out)
}

// Stop kills the server, if it runs, and waits for its end.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Pid is the process that serves.
func (s *Server) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cmd.Process.Pid
}

// Port gives a port of the loopback interface on which nothing listens. It is below those that are handed out to
// clients, and leaves room 10,000 above it, where a redis cluster listens too.
func Port(t *testing.T) int {
	t.Helper()
	for range 200 {
		port := 12000 + rand.IntN(10000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// Dial answers nil when something listens at the address.
func Dial(address string) error {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	return c.Close()
}

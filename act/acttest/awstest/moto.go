package awstest

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Server is moto's: a handler that passes calls on to it.
type Server struct {
	http.Handler
	URL string
}

// Moto starts moto's server on a free port until the test ends. Where it is not installed, the test is skipped.
func Moto(t testing.TB) *Server {
	t.Helper()
	program, err := exec.LookPath("moto_server")
	if err != nil {
		cache, _ := os.UserCacheDir()
		if program, err = exec.LookPath(filepath.Join(cache, "foreshock", "moto", "bin", "moto_server")); err != nil {
			t.Skip("moto_server is not installed: make deps, or pip install 'moto[server]==5.2.1'")
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", fmt.Sprint(port))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the program may be a script that starts another one
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	u := &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		answer, err := http.Get(u.String() + "/moto-api/data.json")
		if err == nil {
			_ = answer.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("moto_server does not answer: %v", err)
		}
	}
	return &Server{httputil.NewSingleHostReverseProxy(u), u.String()}
}

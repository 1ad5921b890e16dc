// Package kubetest starts a real API server with etcd, for tests: on free ports of this machine, with RBAC, without controllers.
package kubetest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// The tokens of two users: one who may do everything, and "foreshock", who may do what RBAC says.
const (
	Admin = "admin-token"
	Least = "least-token"
)

// Server is a running API server.
type Server struct {
	URL string
	dir string

	processes []process // in the order in which they were started
}

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Start starts a server, for one test. The test is skipped where the programs are not installed.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := start(installed(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

// Shared starts the server of a test binary, once; Main stops it.
func Shared(t testing.TB) *Server {
	t.Helper()
	programs := installed(t)
	shared.once.Do(func() { shared.server, shared.err = start(programs) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// Main runs the tests of a package, and stops the server after them.
func Main(m *testing.M) {
	code := m.Run()
	if shared.server != nil {
		shared.server.stop()
	}
	os.Exit(code)
}

func installed(t testing.TB) (programs map[string]string) {
	t.Helper()
	programs, missing := find()
	if missing != "" {
		t.Skipf("there is no %s; run scripts/deps.sh kubernetes, which builds it", missing)
	}
	return programs
}

// find looks for the programs where scripts/deps.sh puts them, else in the path.
func find() (programs map[string]string, missing string) {
	cache, _ := os.UserCacheDir()
	programs = map[string]string{}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		found, _ := filepath.Glob(filepath.Join(cache, "foreshock", "kubernetes", "*", name))
		if len(found) == 0 {
			if p, err := exec.LookPath(name); err == nil {
				found = []string{p}
			}
		}
		if len(found) == 0 {
			return nil, name
		}
		programs[name] = found[len(found)-1]
	}
	return programs, ""
}

func start(programs map[string]string) (*Server, error) {
	dir, err := os.MkdirTemp("", "foreshock-kube-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if err := s.run(programs); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *Server) run(programs map[string]string) error {
	client, peer, secure, err := freePorts()
	if err != nil {
		return err
	}
	key, tokens := filepath.Join(s.dir, "sa.key"), filepath.Join(s.dir, "tokens.csv")
	users := Admin + `,admin,1,"system:masters"` + "\n" + Least + ",foreshock,2\n"
	if err := errors.Join(writeKey(key), os.WriteFile(tokens, []byte(users), 0o600)); err != nil {
		return err
	}
	etcd := "http://" + client
	if err := s.launch(
		programs["etcd"], "--data-dir", filepath.Join(s.dir, "etcd"), "--unsafe-no-fsync", "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer, "--initial-cluster", "default=http://"+peer,
	); err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(secure)
	s.URL = "https://" + secure
	if err := s.launch(
		programs["kube-apiserver"], "--etcd-servers", etcd, "--cert-dir", filepath.Join(s.dir, "certs"), "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
		"--secure-port="+port, "--service-account-issuer="+s.URL, "--service-account-key-file="+key, "--service-account-signing-key-file="+key,
		"--service-cluster-ip-range=10.0.0.0/24", "--token-auth-file="+tokens, "--authorization-mode=RBAC", "--allow-privileged=true",
		"--disable-admission-plugins=ServiceAccount,TaintNodesByCondition", "--endpoint-reconciler-type=none",
	); err != nil {
		return err
	}
	return s.ready(time.Minute)
}

// freePorts gives three addresses of this machine on which nobody listens.
func freePorts() (a, b, c string, err error) {
	var addresses [3]string
	for i := range addresses {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
		if err != nil {
			return "", "", "", err
		}
		defer l.Close()
		addresses[i] = l.Addr().String()
	}
	return addresses[0], addresses[1], addresses[2], nil
}

func writeKey(file string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return os.WriteFile(file, pem.EncodeToMemory(block), 0o600)
}

// process is a program, which ends when its pipe is closed: also when the test is killed.
type process struct {
	cmd  *exec.Cmd
	pipe io.Closer
}

// untilClosed runs a program until the standard input ends.
const untilClosed = `"$0" "$@" </dev/null & program=$!; cat >/dev/null; kill -9 $program; wait $program`

// launch starts a program, which writes its log into the server's folder.
func (s *Server) launch(program string, args ...string) error {
	log, err := os.Create(filepath.Join(s.dir, filepath.Base(program)+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.CommandContext(context.Background(), "sh", append([]string{"-c", untilClosed, program}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.processes = append(s.processes, process{cmd, pipe})
	return nil
}

// Client is one that trusts the server's own certificate.
func (s *Server) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // it is on this machine, made for one test
}

// ready waits until the server is and its roles are there.
func (s *Server) ready(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := s.Client()
	defer client.CloseIdleConnections()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+Admin)
		answer, err := client.Do(r)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the API server is not ready after %s; its log ends with:\n%s", patience, s.log("kube-apiserver"))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// log gives the end of a program's log.
func (s *Server) log(program string) string {
	f, err := os.Open(filepath.Join(s.dir, program+".log"))
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > 4000 {
		_, _ = f.Seek(-4000, io.SeekEnd)
	}
	text, _ := io.ReadAll(f)
	return string(text)
}

// stop ends the processes, the last one first, and removes their data.
func (s *Server) stop() {
	for i := len(s.processes) - 1; i >= 0; i-- {
		_ = s.processes[i].pipe.Close()
		_ = s.processes[i].cmd.Wait()
	}
	_ = os.RemoveAll(s.dir)
}

// Kubeconfig writes a file by which a user reaches the server, at its own address or, where url is not "", at that one.
func (s *Server) Kubeconfig(t testing.TB, url, token string) string {
	t.Helper()
	if url == "" {
		url = s.URL
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: user, user: {token: %s}}]
contexts: [{name: test, context: {cluster: test, user: user}}]
current-context: test
`, url, token)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

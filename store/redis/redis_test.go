package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/certs"
	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/storetest"
)

func TestMain(m *testing.M) {
	logTo(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

const hint = "apt-get install redis-server"

// server is a redis-server with its ways in.
type server struct {
	*storetest.Server
	address, tls, socket string
	certificate          storetest.Certificate
}

// serve starts a redis-server; the settings are lines of its configuration file.
func serve(t *testing.T, settings ...string) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis") // a socket's path is bounded, and that of t.TempDir may be too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	port, tlsPort := storetest.Port(t), storetest.Port(t)
	s := &server{
		address: fmt.Sprintf("127.0.0.1:%d", port), tls: fmt.Sprintf("127.0.0.1:%d", tlsPort),
		socket: filepath.Join(dir, "s"), certificate: storetest.NewCertificate(t),
	}
	lines := append([]string{
		"bind 127.0.0.1", fmt.Sprintf("port %d", port), fmt.Sprintf("tls-port %d", tlsPort),
		"tls-cert-file " + s.certificate.CertFile, "tls-key-file " + s.certificate.KeyFile,
		"tls-ca-cert-file " + s.certificate.CertFile, "tls-auth-clients yes",
		`save ""`, "appendonly no", "dir " + dir, "unixsocket " + s.socket,
	}, settings...)
	file := filepath.Join(dir, "redis.conf")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Server = storetest.NewServer(t, "redis-server", hint, func() error { return storetest.Dial(s.address) }, file)
	s.Start(t)
	return s
}

var prefixes atomic.Int64

// empty makes stores that do not see one another's profiles.
func empty(c Config) func(*testing.T) store.Profiles {
	return func(t *testing.T) store.Profiles {
		c := c
		c.Prefix = fmt.Sprintf("%s%d:", c.Prefix, prefixes.Add(1))
		return open(t, c)
	}
}

func open(t *testing.T, c Config) *Profiles {
	t.Helper()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func with(change func(*Config)) Config {
	c := Defaults()
	change(&c)
	return c
}

func TestSingle(t *testing.T) {
	s := serve(t)
	storetest.Run(t, empty(with(func(c *Config) { c.Addresses = []string{s.address}; c.DB = 3 })))
}

func TestUnixSocket(t *testing.T) {
	s := serve(t)
	storetest.Run(t, empty(with(func(c *Config) { c.Addresses = []string{"unix:" + s.socket} })))
}

func TestTLS(t *testing.T) {
	s := serve(t)
	good := certs.Client{CAFile: s.certificate.CertFile, CertFile: s.certificate.CertFile, KeyFile: s.certificate.KeyFile}
	storetest.Run(t, empty(with(func(c *Config) { c.Addresses = []string{s.tls}; c.TLS = &good })))
	f := func(change func(*certs.Client), want string) {
		t.Helper()
		bad := good
		change(&bad)
		p := open(t, with(func(c *Config) { c.Addresses = []string{s.tls}; c.TLS = &bad }))
		defer p.Close()
		if _, err := p.Get(t.Context(), []foreshock.ID{"a"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	f(func(b *certs.Client) { b.CAFile = storetest.NewCertificate(t).CertFile }, "certificate")
	f(func(b *certs.Client) { b.ServerName = "redis.example" }, "certificate")
	f(func(b *certs.Client) { b.CertFile, b.KeyFile = "", "" }, "certificate required")
}

func TestACL(t *testing.T) {
	s := serve(t,
		"user default off",
		"user app on >secret ~foreshock:prof:* +@read +@write +@connection -@dangerous +scan",
		"user narrow on >secret ~foreshock:other:* +@read +@write +@connection")
	file := filepath.Join(t.TempDir(), "password")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("secret\n")
	app := with(func(c *Config) { c.Addresses = []string{s.address}; c.Username = "app"; c.PasswordFile = file })
	storetest.Run(t, empty(app))

	f := func(change func(*Config), want string) {
		t.Helper()
		c := app
		change(&c)
		p := open(t, c)
		defer p.Close()
		err := p.Put(t.Context(), storetest.Entries(3, 10, 1))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	f(func(c *Config) { c.Username = "narrow" }, "NOPERM")
	f(func(c *Config) { c.PasswordFile, c.Password = "", "wrong" }, "WRONGPASS")
	f(func(c *Config) { c.Username, c.PasswordFile = "", "" }, "NOAUTH")

	// A new password is read when a connection is made.
	write("old")
	p := open(t, app)
	defer p.Close()
	if err := p.Put(t.Context(), storetest.Entries(1, 10, 1)); err == nil {
		t.Error("a wrong password was taken")
	}
	write("secret")
	if err := p.Put(t.Context(), storetest.Entries(1, 10, 1)); err != nil {
		t.Error(err)
	}
}

func TestCluster(t *testing.T) {
	var addresses []string
	var nodes []*server
	for range 3 {
		s := serve(t, "cluster-enabled yes", "cluster-node-timeout 2000", "cluster-require-full-coverage no")
		nodes, addresses = append(nodes, s), append(addresses, s.address)
	}
	join(t, addresses)
	one := with(func(c *Config) { c.Addresses = addresses[:1]; c.Cluster = true })
	storetest.Run(t, empty(with(func(c *Config) { c.Addresses = addresses })))
	storetest.Run(t, empty(one))

	// Each node has a share of the profiles.
	p := open(t, one)
	defer p.Close()
	entries := storetest.Entries(300, 100, 1)
	if err := p.Put(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		node := redis.NewClient(&redis.Options{Addr: address})
		defer node.Close()
		if n, err := node.DBSize(t.Context()).Result(); err != nil || n < 50 {
			t.Errorf("%s holds %d keys, %v", address, n, err)
		}
	}
	// Without one of the nodes the calls end, and say so.
	nodes[2].Stop()
	if _, err := p.Get(t.Context(), ids(entries)); err == nil {
		t.Error("no error from a cluster that lacks a node")
	}
	nodes[2].Start(t)
	eventually(t, func() error { return p.Put(t.Context(), entries) })
	storetest.Has(t, p, entries)
}

// join makes a cluster of nodes.
func join(t *testing.T, addresses []string) {
	t.Helper()
	const slots = 16384
	clients := make([]*redis.Client, len(addresses))
	for i, address := range addresses {
		clients[i] = redis.NewClient(&redis.Options{Addr: address})
		defer clients[i].Close()
		from, to := i*slots/len(addresses), (i+1)*slots/len(addresses)-1
		_, port, _ := strings.Cut(addresses[0], ":")
		for _, err := range []error{
			clients[i].ClusterAddSlotsRange(t.Context(), from, to).Err(),
			clients[i].Do(t.Context(), "cluster", "set-config-epoch", i+1).Err(),
			clients[i].ClusterMeet(t.Context(), "127.0.0.1", port).Err(),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, func() error {
		for _, c := range clients {
			info, err := c.ClusterInfo(t.Context()).Result()
			switch {
			case err != nil:
				return err
			case !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_slots_ok:16384"):
				return errors.New(info)
			}
		}
		return nil
	})
}

func TestSentinel(t *testing.T) {
	master := serve(t)
	_, port, _ := strings.Cut(master.address, ":")
	dir := t.TempDir()
	sentinelPort := storetest.Port(t)
	address := fmt.Sprintf("127.0.0.1:%d", sentinelPort)
	file := filepath.Join(dir, "sentinel.conf")
	conf := fmt.Sprintf("bind 127.0.0.1\nport %d\ndir %s\nsentinel monitor mymaster 127.0.0.1 %s 1\n", sentinelPort, dir, port)
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := storetest.NewServer(t, "redis-server", hint, func() error { return storetest.Dial(address) }, file, "--sentinel")
	sentinel.Start(t)
	storetest.Run(t, empty(with(func(c *Config) { c.Addresses = []string{address}; c.Master = "mymaster" })))
}

// While no server answers, calls end within their bound, and after it is back they work again.
func TestServerAway(t *testing.T) {
	s := serve(t)
	c := with(func(c *Config) { c.Addresses = []string{s.address}; c.Timeout = 500 * time.Millisecond })
	p := open(t, c)
	defer p.Close()
	entries := storetest.Entries(1000, 100, 1)
	if err := p.Put(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	fails := func(what string) {
		t.Helper()
		_, err := p.Get(t.Context(), ids(entries))
		for call, err := range map[string]error{
			"get": err, "put": p.Put(t.Context(), entries), "delete": p.Delete(t.Context(), []foreshock.ID{"another"}), // it may be carried out later
			"range": p.Range(t.Context(), func(store.Entry) error { return nil }),
		} {
			if err == nil {
				t.Errorf("%s: %s gave no error", what, call)
			}
		}
		began := time.Now()
		_, _ = p.Get(t.Context(), ids(entries))
		if took, bound := time.Since(began), patience*c.Timeout; took > bound+20*time.Second {
			t.Errorf("%s: get took %s, the bound is %s", what, took, bound)
		}
	}
	s.Stop()
	fails("stopped")
	s.Start(t)
	eventually(t, func() error { return p.Put(t.Context(), entries) })
	storetest.Has(t, p, entries)

	if err := syscall.Kill(s.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	fails("hanging")
	if err := syscall.Kill(s.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { return p.Put(t.Context(), entries) })
	storetest.Has(t, p, entries)
}

func TestTTL(t *testing.T) {
	s := serve(t)
	p := open(t, with(func(c *Config) { c.Addresses = []string{s.address}; c.TTL = time.Hour }))
	defer p.Close()
	if err := p.Put(t.Context(), []store.Entry{{ID: "a", Value: []byte("1")}}); err != nil {
		t.Fatal(err)
	}
	if ttl, err := p.client.TTL(t.Context(), p.key("a")).Result(); err != nil || ttl <= 59*time.Minute || ttl > time.Hour {
		t.Errorf("time to live is %s, %v", ttl, err)
	}
}

// A value above the server's bound, for which it closes the connection, is named, and the rest of its batch is stored. One that is as large and
// allowed is stored, and a server that is away is not called too small.
func TestTooLarge(t *testing.T) {
	s, roomy := serve(t, "proto-max-bulk-len 1mb"), serve(t)
	entries := storetest.Entries(5, 1000, 1)
	entries[1].Value = make([]byte, leastBound+1)
	fits := slices.Delete(slices.Clone(entries), 1, 2)
	for _, server := range []*server{s, roomy} {
		p := open(t, with(func(c *Config) { c.Addresses = []string{server.address} }))
		defer p.Close()
		err := p.Put(t.Context(), entries)
		if server == roomy {
			if err != nil {
				t.Error(err)
			}
			storetest.Has(t, p, entries)
			continue
		}
		if !errors.Is(err, store.ErrTooLarge) || !strings.Contains(err.Error(), `"host-01/disk/00001" with its 1048577 bytes is too large for the store: raise the server's proto-max-bulk-len`) {
			t.Errorf("error is %v", err)
		}
		storetest.Has(t, p, fits)
		storetest.Lacks(t, p, entries[1].ID)
		s.Stop()
		if err := p.Put(t.Context(), entries[1:2]); err == nil || errors.Is(err, store.ErrTooLarge) {
			t.Errorf("of a server that is away: %v", err)
		}
	}
}

// Another program's keys, and those of another prefix, are not profiles.
func TestPrefix(t *testing.T) {
	s := serve(t)
	a := open(t, with(func(c *Config) { c.Addresses = []string{s.address}; c.Prefix = "a*[x]" }))
	b := open(t, with(func(c *Config) { c.Addresses = []string{s.address}; c.Prefix = "abx" }))
	defer a.Close()
	defer b.Close()
	for p, id := range map[*Profiles]foreshock.ID{a: "one", b: "other"} {
		if err := p.Put(t.Context(), []store.Entry{{ID: id, Value: []byte("1")}}); err != nil {
			t.Fatal(err)
		}
	}
	var got []foreshock.ID
	err := a.Range(t.Context(), func(e store.Entry) error {
		got = append(got, e.ID)
		return nil
	})
	if err != nil || len(got) != 1 || got[0] != "one" {
		t.Errorf("range gives %v, %v", got, err)
	}
}

func TestSettings(t *testing.T) {
	f := func(change func(*Config), want string) {
		t.Helper()
		_, err := New(with(change))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	f(func(c *Config) { c.Addresses = nil }, "addresses is empty")
	f(func(c *Config) { c.Addresses = []string{"localhost"} }, `addresses[0] is "localhost"`)
	f(func(c *Config) { c.Addresses = []string{"unix:/a", "unix:/b"} }, "unix socket")
	f(func(c *Config) { c.Master, c.Cluster = "m", true }, "exclude")
	f(func(c *Config) { c.DB, c.Cluster = 1, true }, "database 0")
	f(func(c *Config) { c.Password, c.PasswordFile = "a", os.Args[0] }, "exclude")
	f(func(c *Config) { c.PasswordFile = "/nowhere" }, "/nowhere")
	f(func(c *Config) { c.TTL = time.Millisecond }, "ttl is 1ms")
	f(func(c *Config) { c.Timeout = 0 }, "timeout is 0s")
	f(func(c *Config) { c.TLS = &certs.Client{CAFile: "/nowhere"} }, "tls.ca_file")
	f(func(c *Config) { c.TLS = &certs.Client{CertFile: "/nowhere"} }, "go together")
}

func ids(entries []store.Entry) []foreshock.ID {
	list := make([]foreshock.ID, len(entries))
	for i, e := range entries {
		list[i] = e.ID
	}
	return list
}

// eventually tries until it works.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

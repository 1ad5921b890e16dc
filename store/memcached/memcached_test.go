package memcached

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/certs"
	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/storetest"
)

// serve starts a memcached.
func serve(t *testing.T, flags ...string) (*storetest.Server, string) {
	t.Helper()
	port := storetest.Port(t)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	args := append([]string{"-l", "127.0.0.1", "-p", fmt.Sprint(port), "-U", "0", "-u", "root", "-m", "256"}, flags...)
	s := storetest.NewServer(t, "memcached", "apt-get install memcached", func() error { return storetest.Dial(address) }, args...)
	s.Start(t)
	return s, address
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

// with has a longer time to wait than the default: what is tested here is not how fast a busy machine is.
func with(change func(*Config)) Config {
	c := Defaults()
	c.Timeout = 10 * time.Second
	change(&c)
	return c
}

func TestSingle(t *testing.T) {
	_, address := serve(t)
	storetest.Run(t, empty(with(func(c *Config) { c.Addresses = []string{address} })))
}

func TestSeveral(t *testing.T) {
	_, a := serve(t)
	_, b := serve(t)
	c := with(func(c *Config) { c.Addresses = []string{a, b} })
	storetest.Run(t, empty(c))
	share := map[string]int{}
	for _, e := range storetest.Entries(1000, 1, 1) {
		s, err := serversOf(c.Addresses).PickServer(string(e.ID))
		if err != nil {
			t.Fatal(err)
		}
		share[s.String()]++
		one, _ := serversOf([]string{a, b, "c:1"}).PickServer(string(e.ID))
		if one.String() != s.String() && one.String() != "c:1" {
			t.Fatalf("%s moves from %s to %s when another server joins", e.ID, s, one)
		}
	}
	if share[a] < 400 || share[b] < 400 {
		t.Errorf("shares are %v", share)
	}
}

func TestUnixSocket(t *testing.T) {
	socket := filepath.Join("/tmp", fmt.Sprintf("foreshock-test-%d", storetest.Port(t)))
	s := storetest.NewServer(t, "memcached", "apt-get install memcached", func() error {
		c, err := net.Dial("unix", socket)
		if err != nil {
			return err
		}
		return c.Close()
	}, "-s", socket, "-u", "root")
	s.Start(t)
	t.Cleanup(func() { _ = syscall.Unlink(socket) })
	storetest.Run(t, empty(with(func(c *Config) { c.Addresses = []string{"unix:" + socket} })))
}

func TestTLS(t *testing.T) {
	certificate := storetest.NewCertificate(t)
	_, address := serve(t, "-Z", "-o", "ssl_chain_cert="+certificate.CertFile+",ssl_key="+certificate.KeyFile)
	good := certs.Client{CAFile: certificate.CertFile}
	storetest.Run(t, empty(with(func(c *Config) { c.Addresses = []string{address}; c.TLS = &good })))
	bad := certs.Client{CAFile: storetest.NewCertificate(t).CertFile}
	p := open(t, with(func(c *Config) { c.Addresses = []string{address}; c.TLS = &bad }))
	if _, err := p.Get(t.Context(), []foreshock.ID{"a"}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("another authority's certificate: %v", err)
	}
}

// What is too large by the settings, or for the server though the settings say otherwise, is named, and the rest is stored.
func TestTooLarge(t *testing.T) {
	_, roomy := serve(t)
	_, narrow := serve(t, "-I", "512k")
	for _, address := range []string{roomy, narrow} {
		p := open(t, with(func(c *Config) { c.Addresses = []string{address} }))
		defer p.Close()
		fits := storetest.Entries(20, 1000, 1)
		large := store.Entry{ID: "a\x1fb", Value: make([]byte, p.cfg.MaxValue)}
		if address == roomy {
			long := foreshock.ID(strings.Repeat("x", maxKey-len(p.cfg.Prefix)))
			fits = append(fits, store.Entry{ID: long, Value: large.Value})
			large.Value = make([]byte, p.cfg.MaxValue+1)
		}
		err := p.Put(t.Context(), append([]store.Entry{large}, fits...))
		want := fmt.Sprintf(`"a\x1fb" with its %d bytes is too large for the store: the server's -I and max_value_bytes, 1048064, bound it`, len(large.Value))
		if !errors.Is(err, store.ErrTooLarge) || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v", err)
		}
		storetest.Has(t, p, fits)
		storetest.Lacks(t, p, large.ID)
	}
}

func TestKey(t *testing.T) {
	p := open(t, Defaults())
	seen := map[string]foreshock.ID{}
	f := func(id foreshock.ID, want string) {
		t.Helper()
		key := p.key(id)
		if want != "" && key != want || len(key) > maxKey || !plain(key) {
			t.Errorf("key of %q is %q, want %q", id, key, want)
		}
		if other, twice := seen[key]; twice {
			t.Errorf("%q and %q have the key %q", id, other, key)
		}
		seen[key] = id
	}
	const first = "foreshock:prof:"
	f("disk/vda", first+"disk/vda")
	f("a b", first+"#c8687a08aa5d6ed2044328fa6a697ab8")
	f("#c8687a08aa5d6ed2044328fa6a697ab8", "")
	f("диск", "")
	f(foreshock.ID(strings.Repeat("x", maxKey-len(first))), first+strings.Repeat("x", maxKey-len(first)))
	f(foreshock.ID(strings.Repeat("x", maxKey-len(first)+1)), "")
	f(foreshock.ID(strings.Repeat("x", 512)), "")
}

func TestExpiration(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	f := func(ttl time.Duration, want int32) {
		t.Helper()
		if got := expiration(ttl, now); got != want {
			t.Errorf("%s is written %d, want %d", ttl, got, want)
		}
	}
	f(0, 0)
	f(time.Second, 1)
	f(30*24*time.Hour, 2592000)
	f(30*24*time.Hour+time.Second, 1_802_592_001)
	f(100*365*24*time.Hour, 1<<31-1)

	_, address := serve(t)
	p := open(t, with(func(c *Config) { c.Addresses = []string{address}; c.TTL = 90 * 24 * time.Hour }))
	defer p.Close()
	entries := storetest.Entries(1, 10, 1)
	if err := p.Put(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	storetest.Has(t, p, entries)
}

// While no server answers, calls end with the first timeout, and after it is back they work again.
func TestServerAway(t *testing.T) {
	s, address := serve(t)
	p := open(t, with(func(c *Config) { c.Addresses = []string{address}; c.Timeout = 300 * time.Millisecond }))
	defer p.Close()
	entries := storetest.Entries(2000, 100, 1)
	eventually(t, func() error { return p.Put(t.Context(), entries) })
	fails := func(what string) {
		t.Helper()
		began := time.Now()
		_, err := p.Get(t.Context(), ids(entries))
		for call, err := range map[string]error{
			"get": err, "put": p.Put(t.Context(), entries), "delete": p.Delete(t.Context(), []foreshock.ID{"another"}), // it may be carried out later
		} {
			if err == nil {
				t.Errorf("%s: %s gave no error", what, call)
			}
		}
		if took := time.Since(began); took > time.Minute { // 2000 timeouts of each call would be ten
			t.Errorf("%s: the calls took %s", what, took)
		}
	}
	s.Stop()
	fails("stopped")
	s.Start(t)
	eventually(t, func() error { return p.Put(t.Context(), entries) })
	storetest.Has(t, p, entries)

	// Connections that the server has closed since are no error.
	s.Stop()
	s.Start(t)
	storetest.Lacks(t, p, ids(entries)...)

	eventually(t, func() error { return p.Put(t.Context(), entries) })
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

func TestCannotList(t *testing.T) {
	if err := open(t, Defaults()).Range(t.Context(), nil); !errors.Is(err, store.ErrCannotList) {
		t.Error(err)
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
	f(func(c *Config) { c.Addresses = []string{"a:1", "b"} }, `addresses[1] is "b"`)
	f(func(c *Config) { c.Prefix = "a b" }, "prefix")
	f(func(c *Config) { c.TTL = time.Millisecond }, "ttl is 1ms")
	f(func(c *Config) { c.Timeout = time.Hour }, "timeout is 1h")
	f(func(c *Config) { c.MaxValue = 0 }, "max_value_bytes")
	f(func(c *Config) { c.TLS = &certs.Client{CAFile: "/nowhere"} }, "tls.ca_file")
	if _, err := (servers{}).PickServer("a"); !errors.Is(err, memcache.ErrNoServers) {
		t.Error(err)
	}
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

package memcached

import (
	"context"
	"crypto/tls"
	"net"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/cespare/xxhash/v2"
)

// servers says which server holds a key: the one whose name gives the highest hash with it, so that a server more or less moves
// only its own share. Names are resolved when a connection is made, not before.
type servers []server

type server struct{ network, address string }

// Network is "tcp" or "unix".
func (s *server) Network() string { return s.network }
func (s *server) String() string  { return s.address }

func serversOf(addresses []string) servers {
	list := make(servers, len(addresses))
	for i, a := range addresses {
		list[i] = server{"tcp", a}
		if path, unix := strings.CutPrefix(a, "unix:"); unix {
			list[i] = server{"unix", path}
		}
	}
	return list
}

// PickServer gives the server of a key.
func (l servers) PickServer(key string) (net.Addr, error) {
	var best *server
	var highest uint64
	for i := range l {
		if h := xxhash.Sum64String(l[i].address + " " + key); best == nil || h > highest {
			best, highest = &l[i], h
		}
	}
	if best == nil {
		return nil, memcache.ErrNoServers
	}
	return best, nil
}

// Each calls f for each server.
func (l servers) Each(f func(net.Addr) error) error {
	for i := range l {
		if err := f(&l[i]); err != nil {
			return err
		}
	}
	return nil
}

// dialTLS makes connections with TLS; the server's name is that of its address, unless the settings name another.
func dialTLS(cfg *tls.Config) func(context.Context, string, string) (net.Conn, error) {
	dialer := &tls.Dialer{Config: cfg}
	return dialer.DialContext
}

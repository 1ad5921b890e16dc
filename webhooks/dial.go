package webhooks

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/foreshock-io/foreshock/certs"
)

// ErrForbidden says that nothing was sent because the address is not one to send to.
var ErrForbidden = errors.New("is not an address of a service")

// metadata are addresses of metadata services, which hand out credentials, that are not link-local.
var metadata = map[netip.Addr]string{
	netip.MustParseAddr("fd00:ec2::254"):   "AWS",
	netip.MustParseAddr("168.63.129.16"):   "Azure",
	netip.MustParseAddr("fd20:ce::254"):    "Google",
	netip.MustParseAddr("100.100.100.200"): "Alibaba",
	netip.MustParseAddr("192.0.0.192"):     "Oracle",
}

// guard is asked with the address that is really dialled, after names are resolved, so that no name can resolve to another one later.
type guard struct {
	loopback bool // the configuration names this machine; else no name may lead to it
}

func (g guard) allow(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s %w", address, ErrForbidden)
	}
	if ip := unwrap(at.Addr()); g.forbidden(ip) {
		return fmt.Errorf("%s %w: link-local, metadata or special; nothing was sent", ip, ErrForbidden)
	}
	return nil
}

func (g guard) forbidden(ip netip.Addr) bool {
	_, special := metadata[ip]
	return special || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || ip.IsLoopback() && !g.loopback
}

// unwrap gives the IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64 (RFC 6052) and 6to4 (RFC 3056).
func unwrap(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if ip.Is4() || ip == netip.IPv6Loopback() || ip == netip.IPv6Unspecified() {
		return ip
	}
	b := ip.As16()
	last := netip.AddrFrom4([4]byte(b[12:16]))
	switch {
	case netip.MustParsePrefix("::/96").Contains(ip), netip.MustParsePrefix("64:ff9b::/96").Contains(ip):
		return last
	case netip.MustParsePrefix("2002::/16").Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return ip
}

// Transport keeps no connections: a try is then never sent twice by the transport itself. It uses no proxy, which would hide the address. Certificates of
// caFile (PEM) are trusted instead of the system's, where it is stated.
func Transport(caFile string, timeout time.Duration, onThisMachine bool) (*http.Transport, error) {
	authorities, err := certs.Authorities(caFile)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		DialContext: Dial(timeout, onThisMachine), DisableKeepAlives: true, TLSHandshakeTimeout: timeout,
		MaxResponseHeaderBytes: 64 << 10, TLSClientConfig: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12},
	}, nil
}

// Dial makes connections to any address of a service, and to this machine where that is meant.
func Dial(timeout time.Duration, onThisMachine bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: timeout, Control: guard{onThisMachine}.allow}).DialContext
}

// Address checks where the calls go, and says whether that is this machine.
func Address(raw string) (base string, onThisMachine bool, err error) {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return "", false, errors.New("url is missing; write for example https://hooks.example.com/foreshock")
	case err != nil || u.Hostname() == "": // err would repeat a password in it
		return "", false, errors.New("url is not an address; write for example https://hooks.example.com/foreshock")
	case u.User != nil:
		return "", false, errors.New("url must not hold a user or password; calls are signed instead, see secret_file")
	case u.RawQuery != "" || u.Fragment != "":
		return "", false, errors.New("url must end with its path: without ? and #")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return "", false, fmt.Errorf("url must begin with https:// (http:// is for this machine only), not %s://", u.Scheme)
	}
	return strings.TrimSuffix(u.String(), "/"), loopback(u.Hostname()), nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

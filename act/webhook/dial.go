package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
)

// errForbidden says that nothing was sent because the address is not one to send to.
var errForbidden = errors.New("is not an address of a service")

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
		return fmt.Errorf("%s %w", address, errForbidden)
	}
	if ip := unwrap(at.Addr()); g.forbidden(ip) {
		return fmt.Errorf("%s %w: link-local, metadata or special; nothing was sent", ip, errForbidden)
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

// newTransport keeps no connections: a try is then never sent twice by the transport itself. It uses no proxy, which would hide the address.
func newTransport(cfg Config, onThisMachine bool) (*http.Transport, error) {
	dialer := &net.Dialer{Timeout: cfg.Timeout, Control: guard{onThisMachine}.allow}
	t := &http.Transport{
		DialContext: dialer.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: cfg.Timeout,
		MaxResponseHeaderBytes: 64 << 10, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if cfg.CAFile == "" {
		return t, nil
	}
	data, err := os.ReadFile(cfg.CAFile)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM form", cfg.CAFile)
	}
	return t, nil
}

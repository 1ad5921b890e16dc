package http

import (
	"fmt"
	"net/netip"
	"syscall"
)

// refuseLinkLocal is asked with the address that is about to be dialled, after names are resolved. Behind link-local addresses are the
// metadata services of clouds, which hand out credentials.
func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := to.Addr().Unmap()
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || metadata[ip.WithZone("")] {
		return fmt.Errorf("%s is not called: no planning system has a link-local, multicast or metadata address", ip)
	}
	return nil
}

// metadata are the addresses of metadata services that are not link-local.
var metadata = map[netip.Addr]bool{
	netip.MustParseAddr("fd00:ec2::254"):   true, // AWS
	netip.MustParseAddr("100.100.100.200"): true, // Alibaba Cloud
	netip.MustParseAddr("192.0.0.192"):     true, // Oracle Cloud
	netip.MustParseAddr("168.63.129.16"):   true, // Azure
}

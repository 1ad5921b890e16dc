// Package libvirttest starts a libvirt daemon of its own for tests, with domains that run in QEMU's software emulation, and a relay before it that
// counts changes and lets them go wrong. It takes no privileges.
package libvirttest

// Package guest holds the tests that take a kernel of their own: a machine is booted in QEMU with cgroup version 2 and disks that may be
// limited, and in it run the tests of the packages that speak to the kernel, tests that are only for there, and the program itself. The
// package has no code besides its tests.
package guest

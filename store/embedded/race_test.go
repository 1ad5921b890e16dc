//go:build race

package embedded

// thin leaves out cases where the race detector makes them dear: what they try has one goroutine.
const thin = 8

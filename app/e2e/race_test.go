//go:build race

package e2e_test

// raced says whether the tests, and so the binary too, run with the race detector.
const raced = true

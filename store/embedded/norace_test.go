//go:build !race

package embedded

// thin is how many cases become one: none is left out.
const thin = 1

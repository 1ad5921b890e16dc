package host

import "math"

// grown is how much a counter of 64 bits grew, and false when it began again.
func grown(now, last uint64) (uint64, bool) {
	if now < last {
		return 0, false
	}
	return now - last, true
}

// grown32 is the same for a counter of 32 bits. One that fell from the uppermost quarter to the lowest has wrapped;
// any other fall is a new beginning.
func grown32(now, last uint64) (uint64, bool) {
	const quarter = 1 << 30
	if last <= math.MaxUint32 && last >= 3*quarter && now < quarter {
		return now + 1<<32 - last, true
	}
	return grown(now, last)
}

// counter is one counter's last reading.
type counter struct {
	last  uint64
	known bool
}

// grow takes a reading and gives the growth since the last, if both belong to one count.
func (c *counter) grow(now uint64) (uint64, bool) {
	delta, ok := grown(now, c.last)
	ok = ok && c.known
	c.last, c.known = now, true
	return delta, ok
}

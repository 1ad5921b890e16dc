package host

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
)

// device is a block device's number.
type device struct{ major, minor uint32 }

// ioCounters are a control group's requests and bytes, read and written, over its devices.
type ioCounters struct{ ops, bytes uint64 }

// parseIOStat adds up io.stat of a version 2 control group over the devices that count:
//
//	8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0
//
// Discards are left out, as for disks. Some kernels write the numbers of idle devices in front, on the same line.
func parseIOStat(data []byte, counts func(device) bool) (total ioCounters, err error) {
	for line := range bytes.Lines(data) {
		use := false
		for word := range bytes.FieldsSeq(line) {
			if d, ok := parseDevice(word); ok {
				use = counts(d)
				continue
			}
			key, value, ok := bytes.Cut(word, []byte{'='})
			if !ok {
				return ioCounters{}, fmt.Errorf("io.stat: %q is neither a device nor key=value", clip(word))
			}
			if !use {
				continue
			}
			switch string(key) {
			case "rbytes", "wbytes":
				err = addNumber(&total.bytes, value)
			case "rios", "wios":
				err = addNumber(&total.ops, value)
			}
			if err != nil {
				return ioCounters{}, fmt.Errorf("io.stat: %s: %w", key, err)
			}
		}
	}
	return total, nil
}

// parseBlkio adds up reads and writes in blkio.throttle.io_serviced or io_service_bytes of a version 1
// control group over the devices that count:
//
//	8:0 Read 1000
//	8:0 Write 200
//	8:0 Total 1200
//	Total 1200
//
// Sync and Async are the same requests told apart differently.
func parseBlkio(data []byte, counts func(device) bool) (total uint64, err error) {
	for line := range bytes.Lines(data) {
		var words [3][]byte
		n := 0
		for word := range bytes.FieldsSeq(line) {
			if n == len(words) {
				return 0, fmt.Errorf("blkio: more than three words in %q", clip(line))
			}
			words[n] = word
			n++
		}
		if n < 3 { // the sum over all devices, or an empty line
			continue
		}
		d, ok := parseDevice(words[0])
		if !ok {
			return 0, fmt.Errorf("blkio: %q is no device number", clip(words[0]))
		}
		if kind := string(words[1]); (kind != "Read" && kind != "Write") || !counts(d) {
			continue
		}
		if err := addNumber(&total, words[2]); err != nil {
			return 0, fmt.Errorf("blkio: %s: %w", clip(words[1]), err)
		}
	}
	return total, nil
}

// parsePressure gives the total of "some" of a pressure file, in microseconds.
func parsePressure(data []byte) (uint64, error) {
	for line := range bytes.Lines(data) {
		rest, ok := bytes.CutPrefix(line, []byte("some "))
		if !ok {
			continue
		}
		for word := range bytes.FieldsSeq(rest) {
			if value, ok := bytes.CutPrefix(word, []byte("total=")); ok {
				var total uint64
				err := addNumber(&total, value)
				return total, err
			}
		}
	}
	return 0, fmt.Errorf("pressure: no total of \"some\"")
}

// limit is how much a control group may do on one device; 0 where nothing limits it.
type limit struct{ iops, bytes uint64 }

// lower keeps the lower of what limits a device: requests are counted over both directions, and which of the two a load
// will use is not known, so the lower limit is the one that is met first.
func lower(have *uint64, limit uint64) {
	if limit > 0 && (*have == 0 || limit < *have) {
		*have = limit
	}
}

// parseIOMax reads io.max of a version 2 control group into limits:
//
//	8:16 rbps=2097152 wbps=max riops=max wiops=120
func parseIOMax(data []byte, limits map[device]limit) error {
	for line := range bytes.Lines(data) {
		var d device
		var found limit
		named := false
		for word := range bytes.FieldsSeq(line) {
			if !named {
				if d, named = parseDevice(word); !named {
					return fmt.Errorf("io.max: %q is no device number", clip(word))
				}
				continue
			}
			key, value, ok := bytes.Cut(word, []byte{'='})
			if !ok {
				return fmt.Errorf("io.max: %q is not key=value", clip(word))
			}
			if string(value) == "max" {
				continue
			}
			var amount uint64
			if err := addNumber(&amount, value); err != nil {
				return fmt.Errorf("io.max: %s: %w", clip(key), err)
			}
			switch string(key) {
			case "rbps", "wbps":
				lower(&found.bytes, amount)
			case "riops", "wiops":
				lower(&found.iops, amount)
			}
		}
		if found != (limit{}) {
			limits[d] = found
		}
	}
	return nil
}

// parseThrottle reads one of blkio.throttle.*_device of a version 1 control group ("8:16 1000") and hands on what it finds.
func parseThrottle(data []byte, found func(device, uint64)) error {
	for line := range bytes.Lines(data) {
		number, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte{' '})
		if len(number) == 0 {
			continue
		}
		d, isDevice := parseDevice(number)
		if !ok || !isDevice {
			return fmt.Errorf("blkio.throttle: %q is not a device number and an amount", clip(line))
		}
		var amount uint64
		if err := addNumber(&amount, bytes.TrimSpace(value)); err != nil {
			return fmt.Errorf("blkio.throttle: %w", err)
		}
		found(d, amount)
	}
	return nil
}

// parseDevice reads a device number such as 8:16.
func parseDevice(word []byte) (device, bool) {
	a, b, ok := bytes.Cut(word, []byte{':'})
	if !ok {
		return device{}, false
	}
	major, okA := parseNumber(a)
	minor, okB := parseNumber(b)
	if !okA || !okB || major > math.MaxUint32 || minor > math.MaxUint32 {
		return device{}, false
	}
	return device{uint32(major), uint32(minor)}, true
}

// parseNumber reads a decimal number of at most 64 bits.
func parseNumber(digits []byte) (n uint64, ok bool) {
	if len(digits) == 0 {
		return 0, false
	}
	for _, c := range digits {
		high, low := bits.Mul64(n, 10)
		digit := uint64(c - '0')
		sum, carry := bits.Add64(low, digit, 0)
		if digit > 9 || high != 0 || carry != 0 {
			return 0, false
		}
		n = sum
	}
	return n, true
}

func addNumber(to *uint64, digits []byte) error {
	n, ok := parseNumber(digits)
	if !ok {
		return fmt.Errorf("%q is no number of 64 bits", clip(digits))
	}
	*to += n // a sum beyond 64 bits wraps, and is then seen as a counter that began again
	return nil
}

// clip keeps what is quoted in an error short.
func clip(b []byte) []byte { return b[:min(len(b), 40)] }

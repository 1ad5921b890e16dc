package cgroup

import (
	"fmt"
	"regexp"
	"strings"
)

// onPath begins a device that is named by a file on it.
const onPath = "path:"

var majorMinor = regexp.MustCompile(`^[0-9]{1,4}:[0-9]{1,7}$`)

// checkDevice refuses what names no device.
func checkDevice(device string) error {
	file, byPath := strings.CutPrefix(device, onPath)
	switch {
	case byPath && strings.HasPrefix(file, "/"):
	case strings.HasPrefix(device, "/dev/"):
	case majorMinor.MatchString(device):
	default:
		return fmt.Errorf("the device %q is none; write for example /dev/vda, 254:0, or path:/var/lib/mysql for the disk that it lies on", device)
	}
	return nil
}

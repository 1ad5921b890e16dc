package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// wholeDisk gives the major and minor number of the disk that a device is, or is a partition of: limits work on whole disks only.
func wholeDisk(device string) (string, error) {
	number, err := numberOf(device)
	if err != nil {
		return "", err
	}
	place, err := filepath.EvalSymlinks("/sys/dev/block/" + number)
	if err != nil {
		return "", fmt.Errorf("device %s (%s) is no block device of this machine; name the disk itself: /dev/…", device, number)
	}
	if !exists(filepath.Join(place, "partition")) {
		return number, nil
	}
	whole, err := os.ReadFile(filepath.Join(filepath.Dir(place), "dev"))
	if err != nil {
		return "", fmt.Errorf("disk of the partition %s: %w", number, err)
	}
	return strings.TrimSpace(string(whole)), nil
}

func numberOf(device string) (string, error) {
	if majorMinor.MatchString(device) {
		return device, nil
	}
	file, byPath := strings.CutPrefix(device, onPath)
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("device: %w", kind(err))
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", fmt.Errorf("device %s: its number cannot be read", device)
	}
	number := stat.Rdev
	if byPath {
		number = stat.Dev
	} else if info.Mode()&os.ModeDevice == 0 || info.Mode()&os.ModeCharDevice != 0 {
		return "", fmt.Errorf("%s is no block device; write path:%s for the disk that it lies on", device, device)
	}
	return fmt.Sprintf("%d:%d", unix.Major(number), unix.Minor(number)), nil
}

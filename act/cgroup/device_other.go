//go:build !linux

package cgroup

import "errors"

func wholeDisk(string) (string, error) {
	return "", errors.New("control groups exist on Linux only")
}

//go:build !linux

package host

import "testing"

func diskOf(*testing.T, string) (string, bool) { return "", false }

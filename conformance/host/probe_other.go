//go:build !linux

package host

import (
	"errors"
	"runtime"
)

// systemProbes find that this is not Linux. What else the checks need of Linux
// they need nowhere else.
var systemProbes = map[Need]probe{
	Linux:  func() (string, error) { return "", errors.New("this is " + runtime.GOOS) },
	Ptrace: func() (string, error) { return "", errors.New("this is " + runtime.GOOS) },
}

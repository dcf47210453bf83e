//go:build !linux

package host

import (
	"errors"
	"runtime"
)

// systemProbes find that this is not Linux. On other systems no check needs
// what else it needs on Linux.
var systemProbes = map[Need]probe{
	Linux:  func() (string, error) { return "", errors.New("this is " + runtime.GOOS) },
	Ptrace: func() (string, error) { return "", errors.New("this is " + runtime.GOOS) },
}

//go:build !linux

package host

import (
	"errors"
	"runtime"
)

// systemProbes find nothing of what the checks need of Linux alone.
var systemProbes = map[Need]probe{
	Linux:  func() (string, error) { return "", errors.New("this is " + runtime.GOOS) },
	Proc:   func() (string, error) { return "", errors.New("this is " + runtime.GOOS) },
	Ptrace: func() (string, error) { return "", errors.New("this is " + runtime.GOOS) },
}

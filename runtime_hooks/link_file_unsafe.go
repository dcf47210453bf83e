//go:build linux && !net2_portable

package runtimehooks

import (
	"os"
	_ "unsafe" // for go:linkname
)

// Package os gives this to net.
//
//go:linkname newUnixFile net.newUnixFile
func newUnixFile(fd int, name string) *os.File

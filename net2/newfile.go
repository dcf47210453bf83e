//go:build linux && !net2_portable

package net2

import (
	"os"

	"go.parity/poll"
)

// newFile makes a file of the socket s, which is in non-blocking mode.
func newFile(s int, name string) (*os.File, error) { return poll.NewFile(s, name), nil }

//go:build linux && !net2_portable

package poll

import (
	"os"

	"go.parity/runtime_hooks"
)

// NewFile returns a file for the socket sysfd, which must be in non-blocking mode.
// The Fd method of the file puts the socket into blocking mode.
func NewFile(sysfd int, name string) *os.File { return runtimehooks.NewUnixFile(sysfd, name) }

//go:build linux && !net2_portable

package poll

import (
	"os"

	"go.parity/runtime_hooks"
)

// NewFile makes a file of the socket sysfd, which is in non-blocking mode. Its
// Fd method leaves that mode.
func NewFile(sysfd int, name string) *os.File { return runtimehooks.NewUnixFile(sysfd, name) }

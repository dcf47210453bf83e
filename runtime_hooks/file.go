//go:build linux && !net2_portable

package runtimehooks

import "os"

// NewUnixFile makes an os.File of a socket in non-blocking mode, as net's File methods
// do. The Fd method of this file puts the socket into blocking mode, on which old programs
// depend; that of a file from os.NewFile does not.
//
// std: net.newUnixFile
func NewUnixFile(fd int, name string) *os.File { return newUnixFile(fd, name) }

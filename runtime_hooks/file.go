//go:build linux && !net2_portable

package runtimehooks

import "os"

// NewUnixFile makes an os.File of a socket in non-blocking mode, as net's File
// methods do: unlike one from os.NewFile, its Fd method puts the socket into
// blocking mode, on which old programs depend.
//
// std: net.newUnixFile
func NewUnixFile(fd int, name string) *os.File { return newUnixFile(fd, name) }

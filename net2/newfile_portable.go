//go:build linux && net2_portable

package net2

import (
	"errors"
	"net"
	"os"
)

// newFile makes a file of the socket s, which is in non-blocking mode.
//
// Users expect that the Fd method of a connection's file leaves non-blocking mode, and only
// net can make such a file. Two of its methods do so without touching the options of the
// socket: File of a listener and, for datagrams, File of a packet connection. Neither asks
// whether the socket really listens. The name of the file is then net's, which says "tcp"
// where ours says "tcp4".
//
// deviation: portable-file-name
func newFile(s int, name string) (*os.File, error) {
	f := os.NewFile(uintptr(s), name)
	defer f.Close()
	l, notListener := net.FileListener(f)
	if notListener == nil {
		defer l.Close()
		if ul, ok := l.(*net.UnixListener); ok {
			ul.SetUnlinkOnClose(false)
		}
		return fileOf(l)
	}
	c, err := net.FilePacketConn(f)
	if err != nil {
		return nil, errors.Unwrap(failedCall(notListener, err))
	}
	defer c.Close()
	return fileOf(c)
}

// failedCall returns the one of two errors that names a system call. The other one says
// that the socket is of another kind.
func failedCall(a, b error) error {
	if call := (*os.SyscallError)(nil); errors.As(a, &call) {
		return a
	}
	return b
}

func fileOf(c any) (*os.File, error) {
	f, err := c.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	return f, nil
}

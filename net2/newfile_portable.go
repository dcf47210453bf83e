//go:build linux && net2_portable

package net2

import (
	"errors"
	"net"
	"os"
)

// newFile makes a file of the socket s, which is in non-blocking mode.
//
// Only net makes files whose Fd method leaves non-blocking mode, as users
// expect of a connection's. It has a way to make one of a socket without
// touching its options: a listener's File method, or, for datagrams, a packet
// connection's. Neither asks whether the socket really listens. The name of the
// file is net's then, which says "tcp" where ours says "tcp4".
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

// failedCall returns the one of two errors that tells of a system call. The other
// says that the socket is not of the kind.
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

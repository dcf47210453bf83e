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
	if l, err := net.FileListener(f); err == nil {
		defer l.Close()
		if ul, ok := l.(*net.UnixListener); ok {
			ul.SetUnlinkOnClose(false)
		}
		return fileOf(l)
	}
	c, err := net.FilePacketConn(f)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer c.Close()
	return fileOf(c)
}

func fileOf(c any) (*os.File, error) {
	f, err := c.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	return f, nil
}

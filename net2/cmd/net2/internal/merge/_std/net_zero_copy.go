package net

import (
	poll "net/internal"
	"syscall"
)

// Package os asks the SyscallConn of what it copies from or to for these.

// SpliceToFile moves up to remain bytes from the connection to a file.
func (c *rawConn) SpliceToFile(dst syscall.RawConn, remain int64) (written int64, handled bool, err error) {
	if !c.ok() || !c.fd.pfd.IsStream {
		return 0, false, nil
	}
	return poll.SpliceToFile(dst, &c.fd.pfd, remain)
}

// SendFile sends the rest of a file over the connection.
func (c *rawConn) SendFile(src uintptr) (written int64, handled bool, err error) {
	if !c.ok() || !c.fd.pfd.IsStream {
		return 0, false, nil
	}
	switch c.fd.net {
	case "tcp", "tcp4", "tcp6", "unix":
		return poll.SendFile(&c.fd.pfd, int(src), 0)
	}
	return 0, false, nil
}

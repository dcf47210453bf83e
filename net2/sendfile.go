//go:build linux

package net2

import (
	"io"
	"syscall"

	"go.parity/poll"
)

// sendFile sends the file r, or the part of it that an [io.LimitedReader] lets through,
// with sendfile(2). If handled is false, it has sent nothing and the caller must copy.
//
// A file is a reader with a descriptor: an *os.File, or the type that the WriteTo method
// of *os.File passes in its place.
//
// std: net.sendFile
func sendFile(c *netFD, r io.Reader) (written int64, err error, handled bool) {
	var remain int64 // 0 means the whole file
	lr, ok := r.(*io.LimitedReader)
	if ok {
		if remain, r = lr.N, lr.R; remain <= 0 {
			return 0, nil, true
		}
	}
	f, ok := r.(syscall.Conn)
	if !ok {
		return 0, nil, false
	}
	sc, err := f.SyscallConn()
	if err != nil {
		return 0, nil, false
	}
	var werr error
	err = sc.Read(func(src uintptr) bool {
		written, handled, werr = poll.SendFile(&c.pfd, int(src), remain)
		return true
	})
	if err == nil {
		err = werr
	}
	if lr != nil {
		lr.N = remain - written
	}
	return written, wrapSyscallError("sendfile", err), handled
}

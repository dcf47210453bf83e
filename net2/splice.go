//go:build linux

package net2

import (
	"io"
	"math"

	"go.parity/poll"
)

// spliceFrom sends what the stream connection r receives, or the part of it that an
// [io.LimitedReader] lets through, with splice(2). If handled is false, it has sent
// nothing and the caller must copy.
//
// std: net.spliceFrom
func spliceFrom(c *netFD, r io.Reader) (written int64, err error, handled bool) {
	remain := int64(math.MaxInt64)
	lr, ok := r.(*io.LimitedReader)
	if ok {
		if remain, r = lr.N, lr.R; remain <= 0 {
			return 0, nil, true
		}
	}
	var src *netFD
	switch v := r.(type) {
	case *TCPConn:
		src = v.fd
	case tcpConnWithoutWriteTo:
		src = v.fd
	case *UnixConn:
		if v.fd.net == "unix" {
			src = v.fd
		}
	}
	if src == nil {
		return 0, nil, false
	}
	written, handled, err = poll.Splice(&c.pfd, &src.pfd, remain)
	if lr != nil {
		lr.N -= written
	}
	return written, wrapSyscallError("splice", err), handled
}

// spliceTo writes to the Unix stream connection w what c receives, with splice(2). If
// handled is false, it has written nothing and the caller must copy.
//
// std: net.spliceTo
func spliceTo(w io.Writer, c *netFD) (written int64, err error, handled bool) {
	uc, ok := w.(*UnixConn)
	if !ok || uc.fd.net != "unix" {
		return 0, nil, false
	}
	written, handled, err = poll.Splice(&uc.fd.pfd, &c.pfd, math.MaxInt64)
	return written, wrapSyscallError("splice", err), handled
}

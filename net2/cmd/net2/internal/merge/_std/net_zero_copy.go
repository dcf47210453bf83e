package net

import (
	stdpoll "internal/poll"
	poll "net/internal"
)

// When package os copies, it asks the SyscallConn of the source and of the
// destination for these two methods.

// PollFD returns the FD that stands for the connection in internal/poll.
func (c *rawConn) PollFD() *stdpoll.FD {
	if !c.ok() {
		return nil
	}
	return stdpoll.OfConn(fileCopier{c.fd}, c.fd.pfd.Sysfd, c.fd.pfd.IsStream)
}

// Network returns the connection's network.
func (c *rawConn) Network() stdpoll.String { return stdpoll.String(c.fd.net) }

// A fileCopier is a connection that copies from and to files.
type fileCopier struct{ fd *netFD }

func (c fileCopier) SpliceTo(dst *stdpoll.FD, remain int64) (written int64, handled bool, err error) {
	return poll.SpliceToFile(dst, &c.fd.pfd, remain)
}

func (c fileCopier) SendFile(src uintptr, size int64) (written int64, handled bool, err error) {
	return poll.SendFile(&c.fd.pfd, int(src), size)
}

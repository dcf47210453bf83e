//go:build linux

package poll

import (
	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// ReadWhole is ReadFrom for datagrams. It returns the length of the datagram, which may be
// more than p has room for; see MSG_TRUNC in recv(2).
func (fd *FD) ReadWhole(p []byte, sa *socket.Sockaddr) (n int, err error) {
	err = fd.readShared(func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Recvfrom(sysfd, p, unix.MSG_TRUNC, sa)
		return errno
	})
	return n, err
}

// ReadMessages waits for a message and receives it, and up to n in all that are there, into
// m; see recvmmsg(2). It returns how many messages it received.
func (fd *FD) ReadMessages(m *socket.Messages, n int) (received int, err error) {
	err = fd.readShared(func(sysfd int) (errno socket.Errno) {
		received, errno = socket.Recvmmsg(sysfd, m, n)
		return errno
	})
	return received, err
}

// WriteMessages sends the first n messages of m, in order; see sendmmsg(2). It waits until it
// can send the first, and returns how many it sent. An error is that of the first one. If
// it sent fewer than n, whoever calls it again from there learns why.
func (fd *FD) WriteMessages(m *socket.Messages, n int) (sent int, err error) {
	err = fd.writeShared(func(sysfd int) (errno socket.Errno) {
		sent, errno = socket.Sendmmsg(sysfd, m, n)
		return errno
	})
	return sent, err
}

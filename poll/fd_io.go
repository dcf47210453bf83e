//go:build linux

package poll

import (
	"io"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// maxRW is the most that one system call moves on a stream: 1 GiB, so that
// larger reads stay aligned.
const maxRW = 1 << 30

// prepareRead is what a reader calls before it looks; it holds the read lock. It forgets an
// old notification, and so ends what the reader knew.
func (fd *FD) prepareRead() error {
	fd.drained.empty = false
	return fd.pd.prepareRead()
}

// readIO calls op under the read lock, and again each time the descriptor becomes
// readable, until op returns something other than EAGAIN. After EINTR it calls op
// again at once. If that may spare a wait, it lets other goroutines run and calls
// op again.
func (fd *FD) readIO(op func(sysfd int) socket.Errno) error {
	return fd.readLoop(op, true)
}

// readLoop is readIO. If mayYield is false, it calls op again only when the poller
// says that the descriptor is readable.
func (fd *FD) readLoop(op func(sysfd int) socket.Errno, mayYield bool) error {
	if err := fd.readLock(); err != nil {
		return err
	}
	defer fd.readUnlock()
	return fd.reading(op, mayYield)
}

// reading is readLoop for a caller that holds the read lock.
func (fd *FD) reading(op func(sysfd int) socket.Errno, mayYield bool) error {
	if err := fd.prepareRead(); err != nil {
		return err
	}
	yields := 0
	for {
		switch errno := op(fd.Sysfd); {
		case errno == 0:
			return nil
		case errno == unix.EINTR:
		case errno == unix.EAGAIN && mayYield && fd.pd.yield(yields):
			yields++
			// A deadline or a close that came meanwhile ends the operation as it
			// would end a wait, even if there is something to read by now.
			if err := fd.prepareRead(); err != nil {
				return err
			}
		case errno == unix.EAGAIN && fd.pd.pollable():
			if err := fd.pd.waitRead(); err != nil {
				return err
			}
		default:
			return errno
		}
	}
}

// writeIO is readIO for writing.
func (fd *FD) writeIO(op func(sysfd int) socket.Errno) error {
	if err := fd.writeLock(); err != nil {
		return err
	}
	defer fd.writeUnlock()
	return fd.writing(op)
}

// writing is writeIO for a caller that holds the write lock.
func (fd *FD) writing(op func(sysfd int) socket.Errno) error {
	if err := fd.pd.prepareWrite(); err != nil {
		return err
	}
	for {
		switch errno := op(fd.Sysfd); {
		case errno == 0:
			return nil
		case errno == unix.EINTR:
		case errno == unix.EAGAIN && fd.pd.pollable():
			if err := fd.pd.waitWrite(); err != nil {
				return err
			}
		default:
			return errno
		}
	}
}

// Read reads into p; see read(2). An empty p reads nothing and waits for
// nothing but the read lock. At the end it returns [io.EOF].
//
// std: internal/poll.(*FD).Read
func (fd *FD) Read(p []byte) (int, error) {
	if len(p) == 0 {
		if err := fd.readLock(); err != nil {
			return 0, err
		}
		fd.readUnlock()
		return 0, nil
	}
	if fd.IsStream && len(p) > maxRW {
		p = p[:maxRW]
	}
	if err := fd.readLock(); err != nil {
		return 0, err
	}
	defer fd.readUnlock()
	return fd.read(p)
}

// read is Read under the read lock: readLoop for the call that a connection makes most, which
// may wait before it looks.
func (fd *FD) read(p []byte) (int, error) {
	ready, err := fd.awaitMore()
	if err == nil && !ready {
		err = fd.prepareRead()
	}
	if err != nil {
		return 0, err
	}
	yields := 0
	for {
		n, errno := socket.Read(fd.Sysfd, p)
		switch {
		case errno == 0:
			fd.tookAll(n, len(p))
			return n, fd.eof(n)
		case errno == unix.EINTR:
		case errno == unix.EAGAIN && fd.pd.yield(yields):
			yields++
			if err := fd.prepareRead(); err != nil {
				return 0, err
			}
		case errno == unix.EAGAIN && fd.pd.pollable():
			fd.foundNothing()
			if err := fd.pd.waitRead(); err != nil {
				return 0, err
			}
		default:
			return 0, errno
		}
	}
}

// writeFlags returns the flags with which write(2) would send.
func (fd *FD) writeFlags() int {
	if !fd.IsStream && fd.ZeroReadIsEOF {
		return unix.MSG_EOR // a socket for sequenced packets
	}
	return 0
}

// Write writes all of p and waits as often as it must; see send(2). If it fails,
// it also returns how many bytes it wrote before.
//
// std: internal/poll.(*FD).Write
func (fd *FD) Write(p []byte) (int, error) {
	w := sending{p: p}
	err := fd.writeIO(func(sysfd int) socket.Errno { return fd.writeSome(sysfd, &w) })
	return w.result(err)
}

// A sending is a Write under way.
type sending struct {
	p     []byte
	n     int          // bytes of p that are written
	whole socket.Errno // the errno of the call that wrote the last of them
}

// writeSome writes until all is written or a call fails.
func (fd *FD) writeSome(sysfd int, w *sending) socket.Errno {
	for {
		chunk := w.p[w.n:]
		if fd.IsStream && len(chunk) > maxRW {
			chunk = chunk[:maxRW]
		}
		n, errno := socket.Write(sysfd, chunk, fd.writeFlags())
		w.n += n
		switch {
		case w.n == len(w.p) && errno != unix.EINTR:
			w.whole = errno // a write of an empty packet does not wait for room
			return 0
		case errno != 0 || n == 0:
			return errno
		}
	}
}

// result returns what Write returns if the last call ended with err.
func (w *sending) result(err error) (int, error) {
	switch {
	case err != nil:
	case w.whole != 0:
		err = w.whole
	case w.n < len(w.p):
		err = io.ErrUnexpectedEOF
	}
	return w.n, err
}

// Accept takes a connection from the listening descriptor and writes its peer's
// address to sa; see accept(2). It skips a connection that its peer aborted while
// the connection waited in the queue.
//
// std: internal/poll.(*FD).Accept
func (fd *FD) Accept(sa *socket.Sockaddr) (int, error) {
	s := -1
	err := fd.readIO(func(sysfd int) (errno socket.Errno) {
		for {
			if s, errno = socket.Accept4(sysfd, sa); errno != unix.ECONNABORTED {
				return errno
			}
		}
	})
	return s, err
}

// ReadFrom receives into p and writes the sender's address to sa; see
// recvfrom(2).
//
// std: internal/poll.(*FD).ReadFrom
func (fd *FD) ReadFrom(p []byte, sa *socket.Sockaddr) (int, error) {
	n := 0
	err := fd.readShared(func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Recvfrom(sysfd, p, 0, sa)
		return errno
	})
	if err != nil {
		return 0, err
	}
	return n, fd.eof(n)
}

// ReadMsg receives into p, and control messages into oob, and writes the
// sender's address to sa; see recvmsg(2). If the system call fails, n is -1, as in
// internal/poll.
//
// std: internal/poll.(*FD).ReadMsg
func (fd *FD) ReadMsg(p, oob []byte, flags int, sa *socket.Sockaddr) (n, oobn, recvflags int, err error) {
	err = fd.readShared(func(sysfd int) (errno socket.Errno) {
		n, oobn, recvflags, errno = socket.Recvmsg(sysfd, p, oob, flags, sa)
		return errno
	})
	if err == nil {
		err = fd.eof(n)
	}
	return n, oobn, recvflags, err
}

// WriteTo sends p to sa; see sendto(2).
//
// std: internal/poll.(*FD).WriteTo
func (fd *FD) WriteTo(p []byte, sa *socket.Sockaddr) (int, error) {
	err := fd.writeShared(func(sysfd int) socket.Errno { return socket.Sendto(sysfd, p, 0, sa) })
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteMsg sends p and the control messages oob to sa, or to the peer if sa is nil;
// see sendmsg(2).
//
// std: internal/poll.(*FD).WriteMsg
func (fd *FD) WriteMsg(p, oob []byte, sa *socket.Sockaddr) (n, oobn int, err error) {
	err = fd.writeShared(func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Sendmsg(sysfd, p, oob, 0, sa)
		return errno
	})
	if err != nil {
		return n, 0, err
	}
	return n, len(oob), nil
}

// WaitWrite parks until the descriptor is writable: a connect that was under way
// has succeeded or failed. Nobody else uses the descriptor yet.
//
// std: internal/poll.(*FD).WaitWrite
func (fd *FD) WaitWrite() error { return fd.pd.waitWrite() }
